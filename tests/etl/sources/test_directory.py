import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from documents import write_bucket
from reading import list_all, read_bodies

from etl.errors import SourceError
from etl.sources.directory import DirectorySource


@pytest.fixture
def source(tmp_path: Path, bucket: dict[str, bytes]) -> DirectorySource:
    return DirectorySource(write_bucket(tmp_path / "bucket", bucket))


def test_documents_are_read_as_they_are(
    source: DirectorySource, documents: dict[str, bytes], read_source: Callable[..., dict[str, bytes]]
) -> None:
    assert read_source(source) == documents


def test_a_listing_of_several_batches_is_whole(
    source: DirectorySource, read_source: Callable[..., dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etl.sources.directory._BATCH_ROWS", 2)
    write_bucket(source.root, {"metadata/2.json": b"{}", "metadata/3.json": b"{}"})
    assert len(read_source(source)) == 5


def test_a_folder_that_is_not_there_is_empty(source: DirectorySource) -> None:
    assert sum(batch.num_rows for batch in source.list_objects("no-such-folder/")) == 0


def test_keys_hold_the_folders_below(source: DirectorySource, read_source: Callable[..., dict[str, bytes]]) -> None:
    write_bucket(source.root, {"metadata/more/2.json": b"{}"})
    assert read_source(source)["metadata/more/2.json"] == b"{}"


def test_a_linked_folder_is_an_error_and_not_left_out(source: DirectorySource) -> None:
    (source.root / "metadata" / "circle").symlink_to(source.root / "metadata")
    with pytest.raises(SourceError, match="metadata/circle is neither a file nor a folder of its own"):
        list_all(source)


def test_a_linked_file_counts(
    source: DirectorySource, documents: dict[str, bytes], read_source: Callable[..., dict[str, bytes]]
) -> None:
    folder = source.root / "metadata"
    (folder / "2.json").symlink_to(folder / "1.json")
    assert read_source(source) == documents | {"metadata/2.json": documents["metadata/1.json"]}


def test_a_change_of_the_time_alone_changes_the_etag(source: DirectorySource) -> None:
    before = {row["key"]: row["etag"] for row in list_all(source).to_pylist()}
    os.utime(source.root / "metadata/1.json", ns=(1, 1))
    after = {row["key"]: row["etag"] for row in list_all(source).to_pylist()}
    assert {key for key in before if before[key] != after[key]} == {"metadata/1.json"}


def test_last_modified_is_in_utc(source: DirectorySource) -> None:
    for path in (source.root / "metadata").iterdir():
        os.utime(path, (1_500_000_000, 1_500_000_000))
    assert {str(time) for time in list_all(source)["last_modified"].to_pylist()} == {"2017-07-14 02:40:00"}


def test_a_file_that_has_gone_is_an_error_of_its_own(source: DirectorySource) -> None:
    listing = list_all(source)
    (source.root / "metadata/1.json").unlink()
    errors = {key: body.error for key, body in read_bodies(source, listing).items() if body.error}
    assert errors == {"metadata/1.json": "No such file or directory"}


def test_a_file_that_has_grown_is_an_error_that_says_how_much_came(
    source: DirectorySource, documents: dict[str, bytes]
) -> None:
    listing = list_all(source)
    with (source.root / "metadata/1.json").open("ab") as file:
        file.write(b" " * 3_000_000)
    listed = len(documents["metadata/1.json"])
    body = read_bodies(source, listing)["metadata/1.json"]
    assert (body.content, body.error) == (b"", f"{listed + 3_000_000} bytes came, {listed} were listed")


def test_one_object_is_read_or_is_none(source: DirectorySource, documents: dict[str, bytes]) -> None:
    assert source.read_object("metadata/1.json") == documents["metadata/1.json"]
    assert source.read_object("abid-synthetic.json") is None


def test_the_uri_is_absolute(source: DirectorySource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(source.root)
    assert DirectorySource(Path()).uri == str(tmp_path / "bucket")


def test_it_travels_to_another_process(source: DirectorySource) -> None:
    assert pickle.loads(pickle.dumps(source)) == source


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to cores")
def test_it_is_read_on_the_cores_that_the_process_was_given(source: DirectorySource) -> None:
    given = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(given)})
    try:
        assert source.max_processes == 1
    finally:
        os.sched_setaffinity(0, given)
