/*
macros: measures

Units are converted only when they are known, and only where the number can be a physical measure: above zero
and below a million. Anything else stays null here and is kept as recorded beside it. Both bounds and the factors
(the inch is 25.4 mm and the pound 0.45359237 kg by definition) are stated nowhere else.
*/

create or replace macro is_measure(value) as (value > 0 and value < 1e6);

create or replace macro to_inches(value, unit) as (
  case
    when not is_measure(value) then null
    when unit in ('IN', 'inches') then value
    when unit in ('CM', 'centimeters') then value / 2.54
    when unit in ('MM', 'millimeters') then value / 25.4
  end
);

create or replace macro to_pounds(value, unit) as (
  case
    when not is_measure(value) then null
    when unit in ('pounds', 'LB') then value
    when unit in ('ounces', 'OZ') then value / 16
    when unit in ('kilograms', 'KG') then value / 0.45359237
    when unit in ('grams', 'GR') then value / 453.59237
  end
);

create or replace macro to_centimetres(inches) as (inches * 2.54);

create or replace macro to_kilograms(pounds) as (pounds * 0.45359237);

-- Exact in sums whatever their order, unlike a double: six decimals are far below the precision of any scale.
create or replace macro to_exact(value) as (try_cast(value as decimal(24, 6)));
