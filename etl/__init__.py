"""The stages of the warehouse: fetch documents into a raw layer, build a release from it, read the release.

`etl` never imports `cli`: everything the command line does can be done from Python.
"""

__version__ = "0.1.0"
