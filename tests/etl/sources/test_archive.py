import gzip
import io
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from reading import list_all, read_bodies

from etl.errors import SourceError, UsageError
from etl.sources.archive import ENDINGS, ArchiveSource

WRITTEN = datetime(2017, 7, 14, 2, 40, tzinfo=UTC)
Members = Iterable[tuple[str, bytes]]


def pack(path: Path, members: Members) -> ArchiveSource:
    if path.suffix == ".zip":
        pack_zip(path, members)
    else:
        path.write_bytes(compress(pack_tar(members), path.name))
    return ArchiveSource(path)


def pack_tar(members: Members) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name.rstrip("/"))
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            info.size, info.mtime = len(content), int(WRITTEN.timestamp())
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def pack_zip(path: Path, members: Members) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name, WRITTEN.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)


def compress(content: bytes, name: str) -> bytes:
    if name.endswith("gz"):
        return gzip.compress(content)
    return bytes(pa.compress(content, "zstd", asbytes=True)) if name.endswith("zst") else content


@pytest.mark.parametrize("ending", ENDINGS)
def test_documents_are_read_from_every_kind(
    ending: str,
    tmp_path: Path,
    bucket: dict[str, bytes],
    documents: dict[str, bytes],
    read_source: Callable[..., dict[str, bytes]],
) -> None:
    source = pack(tmp_path / f"bucket{ending}", [("metadata/", b""), ("metadata/folder/", b""), *bucket.items()])
    assert read_source(source) == documents
    assert set(read_source(source, "bin-images/")) == {"bin-images/00001.jpg"}


@pytest.mark.parametrize("folder", ["./", "/", "bucket/", "./a/b/", "metadata-of-2017/"])
def test_the_root_is_the_folder_that_holds_metadata(
    folder: str,
    tmp_path: Path,
    bucket: dict[str, bytes],
    documents: dict[str, bytes],
    read_source: Callable[..., dict[str, bytes]],
) -> None:
    members = [("README", b"not of the bucket"), *((folder + key, body) for key, body in bucket.items())]
    source = pack(tmp_path / "bucket.tar", members)
    assert read_source(source) == documents
    assert read_source(source, "bin-images/") == {"bin-images/00001.jpg": bucket["bin-images/00001.jpg"]}


def test_a_metadata_folder_further_down_does_not_count(
    tmp_path: Path, read_source: Callable[..., dict[str, bytes]]
) -> None:
    source = pack(tmp_path / "bucket.tar", [("old/metadata/1.json", b"old"), ("metadata/1.json", b"new")])
    assert read_source(source) == {"metadata/1.json": b"new"}


def test_a_listing_of_several_batches_is_whole(
    tmp_path: Path, read_source: Callable[..., dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etl.sources.archive._BATCH_ROWS", 2)
    objects = {f"metadata/{number}.json": b"%d" % number for number in range(5)}
    assert read_source(pack(tmp_path / "bucket.tar", objects.items())) == objects


def test_the_etag_of_a_tar_is_the_md5(tmp_path: Path) -> None:
    source = pack(tmp_path / "bucket.tar", [("metadata/1.json", b"abc")])
    assert list_all(source)["etag"].to_pylist() == ["900150983cd24fb0d6963f7d28e17f72"]


def test_the_etag_of_a_zip_is_crc_and_size(tmp_path: Path) -> None:
    source = pack(tmp_path / "bucket.zip", [("metadata/1.json", b"abc")])
    assert list_all(source)["etag"].to_pylist() == [f"{zlib.crc32(b'abc'):08x}-3"]


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "EST5")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("far_from_utc")
@pytest.mark.parametrize("ending", [".tar", ".zip"])
def test_last_modified_is_the_time_of_the_member_in_utc(ending: str, tmp_path: Path) -> None:
    source = pack(tmp_path / f"bucket{ending}", [("metadata/1.json", b"abc")])
    assert list_all(source)["last_modified"].to_pylist() == [WRITTEN.replace(tzinfo=None)]


def test_a_zip_without_times_is_of_1980(tmp_path: Path) -> None:
    path = tmp_path / "bucket.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("metadata/1.json")
        info.date_time = (1980, 0, 0, 0, 0, 0)  # what writers put that know no time
        archive.writestr(info, b"abc")
    assert str(list_all(ArchiveSource(path))["last_modified"][0]) == "1980-01-01 00:00:00"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("ending", [".tar", ".zip"])
def test_the_last_of_two_members_of_one_name_wins(
    ending: str, tmp_path: Path, read_source: Callable[..., dict[str, bytes]]
) -> None:
    members = [("metadata/1.json", b"old"), ("metadata/2.json", b"{}"), ("./metadata/1.json", b"newer")]
    source = pack(tmp_path / f"bucket{ending}", members)
    assert read_source(source) == {"metadata/1.json": b"newer", "metadata/2.json": b"{}"}


@pytest.mark.parametrize("ending", [".tar", ".zip"])
def test_dots_in_a_key_are_text(ending: str, tmp_path: Path, read_source: Callable[..., dict[str, bytes]]) -> None:
    members = [("metadata/../../up.json", b"1"), ("../up.json", b"2"), ("metadata/./dot.json", b"3")]
    source = pack(tmp_path / f"bucket{ending}", members)
    assert read_source(source, "") == {"metadata/../../up.json": b"1", "../up.json": b"2", "metadata/./dot.json": b"3"}


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_archive_cut_anywhere_is_refused(ending: str, tmp_path: Path, bucket: dict[str, bytes]) -> None:
    path = tmp_path / f"bucket{ending}"
    pack(path, bucket.items())
    whole = path.read_bytes()
    content = whole.rstrip(b"\0") if ending == ".tar" else whole  # what follows is the end mark, which may be cut short
    for size in [*range(0, len(content), 61), len(content) - 1]:
        path.write_bytes(whole[:size])
        with pytest.raises(SourceError, match=f"bucket{ending} is broken or incomplete .* pack it again"):
            list_all(ArchiveSource(path))


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".tar.zst"])
def test_a_tar_without_end_mark_is_refused(ending: str, tmp_path: Path, bucket: dict[str, bytes]) -> None:
    whole = pack_tar(bucket.items())
    members = len(whole.rstrip(b"\0")) // 512 * 512 + 512
    path = tmp_path / f"bucket{ending}"
    path.write_bytes(compress(whole[:members], path.name))
    with pytest.raises(SourceError, match="without an end mark"):
        list_all(ArchiveSource(path))


def test_a_garbled_header_is_not_taken_for_the_end(tmp_path: Path, bucket: dict[str, bytes]) -> None:
    path = tmp_path / "bucket.tar"
    whole = bytearray(pack_tar(bucket.items()))
    whole[whole.index(b"metadata/1.json")] ^= 1
    path.write_bytes(whole)
    with pytest.raises(SourceError, match="bad checksum"):
        list_all(ArchiveSource(path))


def test_a_wrong_checksum_of_the_compressed_stream_is_seen(tmp_path: Path, bucket: dict[str, bytes]) -> None:
    path = tmp_path / "bucket.tar.gz"
    pack(path, bucket.items())
    whole = bytearray(path.read_bytes())
    whole[-8] ^= 1  # the CRC
    path.write_bytes(whole)
    with pytest.raises(SourceError, match="broken or incomplete"):
        list_all(ArchiveSource(path))


def test_a_garbled_member_of_a_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bucket.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("metadata/1.json", b"some content")
    path.write_bytes(path.read_bytes().replace(b"some content", b"sane content"))
    source = ArchiveSource(path)
    with pytest.raises(SourceError, match="Bad CRC-32"):
        read_bodies(source, list_all(source))


@pytest.mark.parametrize("ending", [".tar.gz", ".tar.zst"])
def test_a_stream_of_several_parts_is_read_to_its_end(
    ending: str,
    tmp_path: Path,
    bucket: dict[str, bytes],
    documents: dict[str, bytes],
    read_source: Callable[..., dict[str, bytes]],
) -> None:
    path, whole = tmp_path / f"bucket{ending}", pack_tar(bucket.items())
    path.write_bytes(compress(whole[:1000], path.name) + compress(whole[1000:], path.name))
    assert read_source(ArchiveSource(path)) == documents


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.SYMTYPE])
def test_a_link_in_place_of_a_document_is_refused(kind: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bucket.tar"
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("b/metadata/1.json"))
        link = tarfile.TarInfo("b/metadata/2.json")
        link.type, link.linkname = kind, "b/metadata/1.json"
        archive.addfile(link)
    with pytest.raises(SourceError, match=r"b/metadata/2\.json is a link.*--hard-dereference"):
        list_all(ArchiveSource(path))


@pytest.mark.parametrize("ending", [".tar", ".zip"])
def test_an_archive_without_metadata_says_what_to_pack(ending: str, tmp_path: Path) -> None:
    source = pack(tmp_path / f"bucket{ending}", [("1.json", b"{}")])
    with pytest.raises(UsageError, match="holds no metadata/: pack the folder that metadata/ is in"):
        list_all(source)


def test_an_archive_of_two_buckets_names_them(tmp_path: Path) -> None:
    source = pack(tmp_path / "buckets.tar", [("a/metadata/1.json", b"{}"), ("b/metadata/1.json", b"{}")])
    with pytest.raises(UsageError, match=r"\(a/, b/\)"):
        list_all(source)


@pytest.mark.parametrize("ending", [".tar", ".zip"])
def test_bodies_come_in_the_order_of_the_archive(ending: str, tmp_path: Path) -> None:
    source = pack(tmp_path / f"bucket{ending}", [(f"metadata/{stem}.json", stem.encode()) for stem in "cab"])
    wanted = list_all(source).sort_by("key")
    assert [body.content for body in read_bodies(source, wanted).values()] == [b"c", b"a", b"b"]


@pytest.mark.parametrize("ending", [".tar", ".zip"])
def test_a_row_that_is_not_in_the_archive_is_an_error_of_its_own(ending: str, tmp_path: Path) -> None:
    first = pack(tmp_path / f"first{ending}", [("metadata/1.json", b"1"), ("metadata/2.json", b"2")])
    second = pack(tmp_path / f"second{ending}", [("metadata/2.json", b"2")])
    bodies = read_bodies(second, list_all(first))
    found = {key: (body.content, body.error) for key, body in bodies.items()}
    assert found == {"metadata/1.json": (b"", "not found"), "metadata/2.json": (b"2", "")}


@pytest.mark.parametrize("ending", [".tar", ".zip"])
def test_an_archive_that_was_replaced_is_noticed(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"bucket{ending}"
    source = pack(path, [("metadata/1.json", b"1"), ("metadata/2.json", b"2")])
    wanted = list_all(source)
    for members in ([("metadata/2.json", b"2"), ("metadata/1.json", b"1")], [("metadata/1.json", b"1")]):
        pack(path, members)
        with pytest.raises(SourceError, match="changed while it was read"):
            read_bodies(source, wanted)


@pytest.mark.parametrize("ending", [".tar", ".zip"])
def test_one_object_is_read_or_is_none(ending: str, tmp_path: Path) -> None:
    source = pack(tmp_path / f"bucket{ending}", [("b/metadata/1.json", b"{}"), ("b/abid-synthetic.json", b"{1}")])
    assert source.read_object("abid-synthetic.json") == b"{1}"
    assert source.read_object("metadata/2.json") is None


def test_the_uri_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert ArchiveSource(Path("bucket.tar")).uri == str(tmp_path / "bucket.tar")
