"""Draws for another process: Vega-Lite comes in, SVG goes out, each a line of JSON.

Its engine takes half a second to start, and Python stands still meanwhile; so a process of its own starts it while the
release is being asked. It is run by its path, since it needs nothing of this project, and ends with its input.
"""

import json
import sys

import vl_convert

_VERSION = sys.argv[1]
_START = {"data": {"values": [{}]}, "mark": "bar"}


def main() -> None:
    """Draw until nothing comes any more."""
    vl_convert.vegalite_to_svg(_START, _VERSION)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(vl_convert.vegalite_to_svg(json.loads(line), _VERSION)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
