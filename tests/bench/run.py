"""Measure, keep what was found, and write the pages about it anew.

`make bench` takes minutes, `make bench-full` hours. Every stage is run as a user would, a whole process, and its peers
on the same data right after it: machines are noisy, so a figure is compared with a peer of the same run, never with a
number from another day. Nothing here is asserted.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.page import write_pages
from bench.peers import measure_peers
from bench.pipeline import measure_pipeline
from bench.reports import measure_reports
from bench.results import QUICK, RESULTS, Result
from bench.s3 import forget_settings, measure_s3
from bench.scale import measure_scale, measure_spark
from bench.sizes import FULL, Place, Sizes
from bench.sizes import QUICK as QUICK_SIZES

PARTS: dict[str, Callable[[Place, Sizes], Result]] = {
    "s3": measure_s3,
    "pipeline": measure_pipeline,
    "peers": measure_peers,
    "reports": measure_reports,
    "scale": measure_scale,
    "spark": measure_spark,
}


def main() -> None:
    """Measure the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="at the size of the real bucket, and ten times that")
    parser.add_argument("--only", choices=PARTS, help="measure this part alone")
    parser.add_argument("--folder", type=Path, help="keep buckets and raw layers here, and use them again")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that what was started is stopped, too
    forget_settings()
    with tempfile.TemporaryDirectory(prefix="abid-bench-") as scratch:
        place = Place((options.folder or Path(scratch)).resolve())
        for part in [options.only] if options.only else PARTS:
            print(f"{part} ...", file=sys.stderr, flush=True)
            result = PARTS[part](place, FULL if options.full else QUICK_SIZES)
            result.save(RESULTS if options.full else QUICK)
            write_pages()


if __name__ == "__main__":
    main()
