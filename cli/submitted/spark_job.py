"""What `spark-submit` runs: `abid-etl build --engine spark` on the cluster that it was submitted to.

`abid-etl spark-job` prints where this file is. It has a folder to itself, since Python looks for modules first in the
folder of the file that it runs.
"""

import sys

from cli.etl import main

if __name__ == "__main__":
    sys.argv[1:1] = ["build", "--engine", "spark"]
    main()
