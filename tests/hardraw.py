"""A raw layer with everything in it that a build can meet, small enough to be built often.

Documents with planted faults, bins of every partition, bins from a million on, keys that are no bin's, pictures, two
workers' files, so that half of the documents are held twice, one in two versions, and one not in the listed version.
"""

import hashlib
import shutil
from pathlib import Path

from documents import encode, make_document, make_line

from etl.datadir import DataDir
from etl.fetch import fetch_documents
from etl.selection import Selection
from etl.sources.directory import DirectorySource
from etl.synthetic import synthesize

BINS = 1_500
FILES_OF_LARGE = {
    "part-0": ["600000", "999999"],
    "part-1": ["1000000", "1499999"],
    "part-2": ["1500000", "1500001"],
    "part-23": ["12345678"],
}
"""The bins of the last partition, which has a file for half a million of them from a million on."""
LARGE = [bin_id for bins in FILES_OF_LARGE.values() for bin_id in bins]


def make_raw_layer(root: Path) -> DataDir:
    """Fetch such a bucket twice; the second worker, who gets the first of two shares, has the latest listing."""
    bucket, data, second = root / "bucket", DataDir(root / "data"), DataDir(root / "second")
    synthesize(bucket, bins=BINS, seed=3, dirty=0.05)
    (bucket / "bin-images").mkdir()
    for name in ("00001.jpg", "1500000.jpg", "no bin.jpg"):
        (bucket / "bin-images" / name).write_bytes(name.encode())
    for number, bin_id in enumerate(["100000", "200001", "399999", "599999", *LARGE]):
        document = make_document(make_line("B0SHARED00", number), make_line(f"B{number:09d}", name=None))
        (bucket / "metadata" / f"{bin_id}.json").write_bytes(encode(document))
    (bucket / "metadata" / "no bin.json").write_bytes(b"{}")
    fetch_documents(DirectorySource(bucket), data)
    first, other = (find_document_of(share) for share in (0, 1))
    (bucket / first).write_bytes(encode(make_document(make_line("B0CHANGED0", 7))))
    (bucket / other).write_bytes(b"a version that nobody gets")
    fetch_documents(DirectorySource(bucket), second, selection=Selection(shard=(1, 2)))
    shutil.copytree(second.raw, data.raw, dirs_exist_ok=True)
    return data


def find_document_of(share: int) -> str:
    """The first document that belongs to one of two shares."""
    keys = (f"metadata/{number:05d}.json" for number in range(1, BINS))
    return next(key for key in keys if int(hashlib.md5(key.encode()).hexdigest()[:8], 16) % 2 == share)
