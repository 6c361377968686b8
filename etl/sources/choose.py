"""Which kind of source a user has named.

Each kind is imported when it is opened: who reads a directory doesn't wait for the S3 libraries.
"""

from pathlib import Path

from etl.errors import UsageError
from etl.sources.base import METADATA_PREFIX, Source
from etl.sources.options import S3Options


def open_source(text: str, options: S3Options | None = None) -> Source:
    """Open `s3://bucket/prefix`, a directory that holds `metadata/`, or an archive of one.

    Args:
        text: What the user named.
        options: For `s3://` only.

    Raises:
        UsageError: there is no such source; the message says what was looked for.
    """
    if text.startswith("s3://"):
        from etl.sources.s3 import S3Source  # noqa: PLC0415  boto3 and obstore take a quarter of a second

        return S3Source(text, options)
    if options not in (None, S3Options()):
        raise UsageError(
            f"options of S3 (--endpoint-url, --profile and the like) are for s3:// only: {text} isn't there"
        )
    if "://" in text:
        raise UsageError(f"{text} can't be opened: name a bucket as s3://BUCKET, a directory or an archive.")
    path = Path(text).expanduser()
    if path.is_dir():
        return _open_directory(path)
    if path.exists():
        return _open_archive(path)
    raise UsageError(
        f"{path} doesn't exist: name an s3:// bucket, a directory that holds {METADATA_PREFIX}, or an archive."
    )


def _open_directory(path: Path) -> Source:
    from etl.sources.directory import DirectorySource  # noqa: PLC0415  pyarrow

    if (path / METADATA_PREFIX).is_dir():
        return DirectorySource(path)
    if path.resolve().name == METADATA_PREFIX.rstrip("/"):
        hint = f"did you mean its parent {path.resolve().parent}?"
    elif any(path.glob("*.json")):
        hint = f"documents must lie in a folder {METADATA_PREFIX}; name the directory that it is in."
    else:
        hint = f"name the directory that {METADATA_PREFIX} is in."
    raise UsageError(f"{path} holds no {METADATA_PREFIX}: {hint}")


def _open_archive(path: Path) -> Source:
    from etl.sources.archive import ENDINGS, ArchiveSource  # noqa: PLC0415  pyarrow

    if path.name.lower().endswith(ENDINGS):
        return ArchiveSource(path)
    raise UsageError(f"{path} is no archive that can be read: pack it as one of {', '.join(ENDINGS)}.")
