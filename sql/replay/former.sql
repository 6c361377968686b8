/*
title:  What was rejected, with the path of the line
about:  The rejects of a release, and for a line where in its document it is: the part of json_path up to the FCSKU,
        which is a JSON string and so ends at its closing quote. The release's table is the input former_rejects.
*/
select
  *,
  case
    when scope = 'line' then regexp_extract(json_path, '^(\$\.BIN_FCSKU_DATA\.)("(?:[^"\\]|\\.)*")', 0)
  end as line_path,
from former_rejects
