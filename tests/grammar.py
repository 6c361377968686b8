"""The grammar of the data, for hypothesis: any document that the contract allows."""

from hypothesis import strategies as st
from rebuilding import SIDES, Document

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)  # no lone surrogates: those aren't Unicode
WHOLE = st.integers(0, 2**31 - 1)
NUMBER = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


def others(*known: str) -> st.SearchStrategy[Document]:
    """Unknown members, mostly none."""
    names = (TEXT | st.sampled_from(["Asin", "unit ", "normalizedname", "ASIN"])).filter(lambda name: name not in known)
    return st.just({}) | st.dictionaries(names, JSON, max_size=2)


MEASUREMENT = st.none() | st.builds(
    lambda more, unit, value: more | {"unit": unit, "value": value},
    others("unit", "value"),
    st.sampled_from(["IN", "pounds"]) | TEXT,
    NUMBER,
)


@st.composite
def lines(draw: st.DrawFn, *, padded: bool) -> Document:
    line = draw(others("asin", "name", "normalizedName", "quantity", *SIDES))
    line |= {"asin": draw(st.none() | TEXT), "name": draw(st.none() | TEXT), "quantity": draw(WHOLE)}
    line |= {side: draw(MEASUREMENT) for side in SIDES}
    return line | ({"normalizedName": draw(st.none() | TEXT)} if padded else {})


@st.composite
def valid_documents(draw: st.DrawFn) -> Document:
    padded = draw(st.booleans())
    document = draw(others("BIN_FCSKU_DATA", "EXPECTED_QUANTITY", "image_fname"))
    document["BIN_FCSKU_DATA"] = draw(st.dictionaries(TEXT, lines(padded=padded), max_size=3))
    document["EXPECTED_QUANTITY"] = draw(WHOLE)
    return document | ({} if padded else {"image_fname": draw(TEXT | JSON)})
