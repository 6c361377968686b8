"""Pictures in a folder: all of them, each the right one, none twice, and none that isn't whole."""

import csv
import hashlib
import json
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from badnetwork import BadNetwork, Fault, Kind
from documents import encode, make_document, write_bucket
from jpegs import make_jpeg, make_jpegs, measure_jpeg
from loopback import Answer, run_loopback
from pyarrow.csv import write_csv
from reading import HASTY, make_listing, open_s3
from seaweed import S3Server
from stopping import kill_at_step, run

from etl.build import build_release
from etl.datadir import DataDir
from etl.errors import StorageError, UsageError
from etl.fetch import fetch_documents
from etl.images.copies import keep_rows, place_copy, require_copy
from etl.images.folder import is_whole, open_folder, require_places, require_room
from etl.images.gather import Gathering, gather_pictures, plan_errand
from etl.images.manifests import open_manifest
from etl.images.receipts import NAME, Receipts
from etl.images.sizes import write_sizes
from etl.images.wanted import choose_pictures, list_pictures
from etl.sources.base import Body, Entry, Source
from etl.sources.directory import DirectorySource

COUNT = 2000
LAST = "bin-images/00002.jpg"
BUCKET = "pictures"
FAULTS: dict[Fault, float] = dict.fromkeys(("500", "503", "reset", "truncated", "corrupted"), 0.01)


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    return make_jpegs(COUNT)


@pytest.fixture(scope="module")
def md5s(pictures: dict[str, bytes], s3_server: S3Server) -> dict[str, str]:
    """By file name, as the server itself lists them."""
    s3_server.create_bucket(BUCKET, pictures, public=True)
    pages = s3_server.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    found = {Path(row["Key"]).name: row["ETag"].strip('"') for page in pages for row in page["Contents"]}
    assert len(found) == COUNT
    return found


def hash_pictures(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in folder.glob("*.jpg")}


def get(source: Source, folder: Path, keys: Iterable[str]) -> Gathering:
    chosen = choose_pictures(keys)
    with open_folder(folder) as receipts:
        return gather(source, folder, list_pictures(source, chosen), chosen, receipts)


def gather(source: Source, folder: Path, listed: pa.Table, chosen: pa.Table, receipts: Receipts) -> Gathering:
    return gather_pictures(source, folder, plan_errand(folder, chosen, listed, receipts), receipts)


def list_asked(network: BadNetwork) -> list[str]:
    """The names of the pictures that were asked for."""
    return [request.path.rpartition("/")[2].partition("?")[0] for request in network.log if request.kind == "get"]


# --- transfers --------------------------------------------------------------------------------------------------------


def test_all_pictures_arrive_with_their_etags_though_one_answer_in_twenty_is_bad(
    pictures: dict[str, bytes], md5s: dict[str, str], s3_server: S3Server, tmp_path: Path
) -> None:
    with BadNetwork(s3_server.endpoint_url, FAULTS) as network:
        done = get(open_s3(network.endpoint_url, f"s3://{BUCKET}", persistence=HASTY), tmp_path, pictures)
        assert set(network.injected) == set(FAULTS)
        assert sum(network.injected.values()) > COUNT * 0.03
    assert (done.came, done.there, done.failed) == (COUNT, 0, ())
    assert done.size == sum(map(len, pictures.values()))
    assert hash_pictures(tmp_path) == md5s
    assert {path.name for path in tmp_path.iterdir()} == {*md5s, NAME}


def test_a_killed_run_goes_on_and_gets_only_what_is_missing_though_one_answer_in_twenty_is_bad(
    pictures: dict[str, bytes], md5s: dict[str, str], s3_server: S3Server, tmp_path: Path
) -> None:
    folder, manifest = tmp_path / "to", write_json(tmp_path / "m.jsonl", pictures)
    with BadNetwork(s3_server.endpoint_url, FAULTS) as network:
        words = ["images", "--manifest", manifest, "--source", f"s3://{BUCKET}", "--to", folder]
        words += ["--endpoint-url", network.endpoint_url]
        code, _ = kill_at_step(1000, folder, *words)
        assert code == -signal.SIGKILL
        there = hash_pictures(folder)
        assert 100 < len(there) < COUNT
        assert set(there.items()) <= set(md5s.items())
        network.log.clear()
        code, said = kill_at_step(0, folder, *words)
        assert code == 0, said
        assert set(list_asked(network)) == md5s.keys() - there
        assert set(network.injected) == set(FAULTS)
    assert hash_pictures(folder) == md5s
    assert {path.name for path in folder.iterdir()} == {*md5s, f"{tmp_path.name}-m.jsonl", NAME}
    assert (folder / f"{tmp_path.name}-m.jsonl").read_bytes() == manifest.read_bytes()


def test_pictures_that_the_release_lists_are_not_listed_again(s3_server: S3Server, tmp_path: Path) -> None:
    held = make_jpegs(3)
    s3_server.create_bucket("listed", {"metadata/00001.json": encode(make_document()), **held}, public=True)
    data, folder = DataDir(tmp_path / "data"), tmp_path / "to"
    fetch_documents(open_s3(s3_server.endpoint_url, "s3://listed"), data, images=True)
    build_release(data)
    manifest = write_json(tmp_path / "m.jsonl", held)
    with BadNetwork(s3_server.endpoint_url, {}) as network:
        words = ["images", "--data-dir", data.root, "--endpoint-url", network.endpoint_url]
        run(*words, "--manifest", manifest, "--to", folder)
        assert network.requests == {"get": 3}
    assert {f"bin-images/{path.name}": path.read_bytes() for path in folder.glob("*.jpg")} == held


def test_a_picture_that_is_there_but_another_is_got_again(tmp_path: Path, s3_server: S3Server) -> None:
    right, wrong = make_jpeg(1), make_jpeg(2)
    other = bytearray(right)
    other[-10] ^= 1
    s3_server.create_bucket("again", {f"bin-images/0000{n}.jpg": right for n in range(1, 5)}, public=True)
    for number, content in enumerate((right, wrong, bytes(other), right[:-9]), 1):
        (tmp_path / f"0000{number}.jpg").write_bytes(content)
    source = open_s3(s3_server.endpoint_url, "s3://again")
    done = get(source, tmp_path, [f"bin-images/0000{n}.jpg" for n in range(1, 5)])
    assert (done.there, done.came) == (1, 3)
    assert set(hash_pictures(tmp_path).values()) == {hashlib.md5(right).hexdigest()}


def is_fifth(kind: Kind, path: str) -> bool:
    return kind == "get" and "00005" in path


def test_what_can_not_be_had_whole_is_named_and_nothing_whole_is_removed(tmp_path: Path, s3_server: S3Server) -> None:
    whole = make_jpeg(1)
    bad = {"2": whole[: len(whole) // 2], "3": b"<html>" + whole, "4": b""}
    held = {f"bin-images/0000{name}.jpg": body for name, body in {"1": whole, **bad, "5": whole}.items()}
    s3_server.create_bucket("broken", held, public=True)
    (tmp_path / "00002.jpg").write_bytes(bad["2"])
    for name in ("5", "6"):
        (tmp_path / f"0000{name}.jpg").write_bytes(make_jpeg(9))
    with BadNetwork(s3_server.endpoint_url, {"denied": 1.0}, only=is_fifth) as network:
        source = open_s3(network.endpoint_url, "s3://broken")
        done = get(source, tmp_path, [f"bin-images/0000{n}.jpg" for n in range(6, 0, -1)])
    reasons = dict(done.failed)
    assert sorted(path.name for path in tmp_path.glob("*.jpg")) == ["00001.jpg", "00005.jpg", "00006.jpg"]
    assert (tmp_path / "00005.jpg").read_bytes() == (tmp_path / "00006.jpg").read_bytes() == make_jpeg(9)
    assert done.had["bin_id"].to_pylist() == ["00001"]
    assert sorted(reasons) == [f"bin-images/0000{n}.jpg" for n in range(2, 7)]
    assert {reasons[f"bin-images/0000{n}.jpg"] for n in (2, 3, 4)} == {"what the source holds is no whole JPEG"}
    assert "denies access (AccessDenied)" in reasons["bin-images/00005.jpg"]
    stays = "; the file of that name in the folder stays as it is"
    assert reasons["bin-images/00005.jpg"].endswith(stays)
    assert reasons["bin-images/00006.jpg"] == f"the source doesn't list it{stays}"


def test_a_picture_that_another_source_does_not_list_stays(tmp_path: Path) -> None:
    held = make_jpegs(2)
    full = write_bucket(tmp_path / "full", {"metadata/00001.json": b"{}", **held})
    part = write_bucket(tmp_path / "part", {"metadata/00001.json": b"{}", LAST: held[LAST]})
    folder = tmp_path / "to"
    get(DirectorySource(full), folder, held)
    done = get(DirectorySource(part), folder, held)
    assert [key for key, _ in done.failed] == ["bin-images/00001.jpg"]
    assert done.had["key"].to_pylist() == [LAST]
    assert {f"bin-images/{path.name}": path.read_bytes() for path in folder.glob("*.jpg")} == held


def test_a_folder_in_the_place_of_a_picture_is_named_and_the_others_come(tmp_path: Path) -> None:
    held = make_jpegs(3)
    source = DirectorySource(write_bucket(tmp_path / "bucket", {"metadata/00001.json": b"{}", **held}))
    (tmp_path / "to/00001.jpg").mkdir(parents=True)
    done = get(source, tmp_path / "to", held)
    assert done.came == 2
    assert done.failed == (("bin-images/00001.jpg", f"{tmp_path}/to/00001.jpg is a folder: remove or rename it"),)
    assert not list((tmp_path / "to").glob(".*.tmp"))


def test_a_directory_is_a_source_too(tmp_path: Path) -> None:
    held = make_jpegs(20)
    source = DirectorySource(write_bucket(tmp_path / "bucket", {"metadata/00001.json": b"{}", **held}))
    folder = tmp_path / "to"
    assert get(source, folder, held).came == 20
    assert {f"bin-images/{path.name}": path.read_bytes() for path in folder.glob("*.jpg")} == held
    assert get(source, folder, held).there == 20


def flip_bit(picture: bytes) -> bytes:
    """Another picture of the same size."""
    return picture[:-10] + bytes([picture[-10] ^ 1]) + picture[-9:]


def test_a_picture_that_a_directory_has_another_of_the_same_size_for_is_got_again(tmp_path: Path) -> None:
    held = make_jpegs(3)
    bucket = write_bucket(tmp_path / "bucket", {"metadata/00001.json": b"{}", **held})
    source, folder = DirectorySource(bucket), tmp_path / "to"
    assert get(source, folder, held).came == 3
    (bucket / LAST).write_bytes(flip_bit(held[LAST]))
    for came in (1, 0):
        assert get(source, folder, held).came == came
        assert (folder / "00002.jpg").read_bytes() == flip_bit(held[LAST])
    (folder / "00003.jpg").write_bytes(flip_bit((folder / "00003.jpg").read_bytes()))
    assert get(source, folder, held).came == 1


def test_a_folder_without_receipts_is_held_to_the_listing(tmp_path: Path) -> None:
    held = make_jpegs(3)
    source = DirectorySource(write_bucket(tmp_path / "bucket", {"metadata/00001.json": b"{}", **held}))
    assert get(source, tmp_path / "to", held).came == 3
    (tmp_path / "to" / NAME).unlink()
    assert get(source, tmp_path / "to", held).there == 3


def test_encrypted_pictures_whose_etags_look_like_md5s_and_are_none_are_got_once(tmp_path: Path) -> None:
    """SeaweedFS has no KMS: a server answers as S3 does where there is one."""
    held, etag = make_jpegs(3), "0" * 32
    headers = {"ETag": f'"{etag}"', "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT"}
    headers |= {"x-amz-server-side-encryption": "aws:kms"}
    listed = pa.concat_tables(make_listing(key, size=len(body), etag=etag) for key, body in held.items())
    with run_loopback(lambda asked: Answer(headers=headers, body=held[asked.path.removeprefix("/b/")])) as server:
        for came in (3, 0):
            server.asked.clear()
            with open_folder(tmp_path) as receipts:  # each with a source that knows of no encryption yet
                done = gather(open_s3(server.url), tmp_path, listed, choose_pictures(held), receipts)
            assert (done.came, done.failed, bool(server.asked)) == (came, (), came > 0)


def test_what_came_before_an_interrupt_is_whole_and_known(tmp_path: Path) -> None:
    held = make_jpegs(50)
    bucket = write_bucket(tmp_path / "bucket", {"metadata/00001.json": b"{}", **held})
    folder, manifest = tmp_path / "to", write_json(tmp_path / "m.jsonl", held)
    words = ["images", "--manifest", manifest, "--source", bucket, "--to", folder]
    code, _ = kill_at_step(60, folder, *words, number=signal.SIGINT)
    assert code == 130
    came = [path.name for path in folder.iterdir() if path.name != NAME]  # so nothing unfinished
    assert 10 < len(came) < 50
    assert all((folder / name).read_bytes() == held[f"bin-images/{name}"] for name in came)
    assert set(pq.read_table(folder / NAME)["key"].to_pylist()) >= {f"bin-images/{name}" for name in came}
    other = bucket / "bin-images" / min(came)
    other.write_bytes(flip_bit(other.read_bytes()))
    done = get(DirectorySource(bucket), folder, held)
    assert (done.came, done.there) == (50 - len(came) + 1, len(came) - 1)
    assert (folder / other.name).read_bytes() == other.read_bytes()


def test_what_is_known_is_written_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a killed run doesn't forget everything."""
    monkeypatch.setattr("etl.images.receipts._WRITTEN_AT_ONCE", 2)
    receipts = Receipts(tmp_path)
    for number in range(5):
        receipts.add(Body(Entry(f"bin-images/0000{number % 3}.jpg", 1, str(number), 0), md5=str(number)))
    rows = {row["key"]: row["md5"] for row in pq.read_table(tmp_path / NAME).to_pylist()}
    assert rows == {f"bin-images/0000{name}.jpg": md5 for name, md5 in (("0", "3"), ("1", "1"), ("2", "2"))}


def test_what_could_not_be_written_is_written_the_next_time(tmp_path: Path) -> None:
    receipts = Receipts(tmp_path)
    receipts.add(Body(Entry("bin-images/00001.jpg", 1, "e", 0), md5="m"))
    (tmp_path / NAME).mkdir()
    with pytest.raises(IsADirectoryError):
        receipts.write()
    (tmp_path / NAME).rmdir()
    receipts.write()
    assert pq.read_table(tmp_path / NAME).to_pylist() == [{"key": "bin-images/00001.jpg", "etag": "e", "md5": "m"}]


@pytest.mark.parametrize("table", [None, pa.table({"x": [1]})])
def test_receipts_that_can_not_be_read_are_named_with_the_remedy(tmp_path: Path, table: pa.Table | None) -> None:
    if table:
        pq.write_table(table, tmp_path / NAME)
    else:
        (tmp_path / NAME).write_bytes(b"PAR1")
    with (
        pytest.raises(UsageError, match=r"(?s)\.abid-images\.parquet can't be read: .*remove it"),
        open_folder(tmp_path),
    ):
        pass


def test_a_folder_has_one_writer(tmp_path: Path) -> None:
    with open_folder(tmp_path), pytest.raises(UsageError, match="another abid-etl is writing"), open_folder(tmp_path):
        pass


def test_more_than_there_is_room_for_is_not_begun(tmp_path: Path) -> None:
    require_room(tmp_path, 10, 10)
    with pytest.raises(StorageError, match=r"10 bytes free.* need 11.*--limit"):
        require_room(tmp_path, 11, 10)


def test_padding_behind_the_end_is_no_harm_but_an_end_within_is_none() -> None:
    picture = make_jpeg(1)
    assert is_whole(picture)
    assert is_whole(picture + bytes(20))
    assert not is_whole(picture[:-2])
    assert not is_whole(picture + bytes(5000))
    assert not is_whole(b"\xff\xd8")


# --- which pictures ---------------------------------------------------------------------------------------------------

HOSTILE = (
    *("bin-images/../00523.jpg", "/etc/passwd", "bin-images//etc/passwd", "bin-images/00523.jpg/../../x", "00523.jpg"),
    *("bin-images/00523.jpg\n", "bin-images/00523.jpeg", "bin-images/00523.JPG", "bin-images/train.jsonl", ""),
    *("metadata/00523.json", "bin-images/00523.jpg\x00", "bin-images/0.jpg", "BIN-IMAGES/00523.jpg", "bin-images/.jpg"),
    *("bin-images/٠٠٥٢٣.jpg", "bin-images/\ud800.jpg"),
)


@pytest.mark.parametrize("key", HOSTILE, ids=ascii)
def test_no_key_but_that_of_a_bin_s_picture_is_taken(key: str) -> None:
    with pytest.raises(UsageError, match="key"):
        choose_pictures(["bin-images/00001.jpg", key], limit=1)


def test_pictures_are_chosen_in_the_order_in_which_they_are_named_each_once() -> None:
    keys = [f"bin-images/{name}.jpg" for name in ("00523", "523", "00523", "1000000", "00001", "523")]
    chosen = choose_pictures(keys)
    assert chosen["bin_id"].to_pylist() == ["00523", "523", "1000000", "00001"]
    assert choose_pictures(keys, 2)["key"].to_pylist() == ["bin-images/00523.jpg", "bin-images/523.jpg"]


def test_places_that_must_not_be_written_to_are_refused(tmp_path: Path) -> None:
    data, manifest = DataDir(tmp_path / "data"), tmp_path / "m.parquet"
    manifest.touch()
    (tmp_path / "to").mkdir()
    (tmp_path / "folder.parquet").mkdir()
    for folder, sizes in (
        (data.raw / "x", None),
        (data.warehouse, None),
        (manifest, None),
        (tmp_path / "to", data.releases / "x.parquet"),
        (tmp_path / "to", manifest),
        (tmp_path / "to", tmp_path / f"to/{tmp_path.name}-m.parquet"),
        (tmp_path / "to", tmp_path / "to" / NAME),
        (tmp_path / "to", tmp_path / "sizes.csv"),
        (tmp_path / "to", tmp_path / "folder.parquet"),
        (tmp_path / "to", manifest / "s.parquet"),
    ):
        with pytest.raises(UsageError):
            require_places(folder, data, [manifest], sizes)
    assert require_places(tmp_path / "to", data, [manifest], tmp_path / "s.parquet") == (tmp_path / "to").resolve()


# --- manifests --------------------------------------------------------------------------------------------------------

IDS = ["00001", "00002", "00001", "3", "00002"]
KEPT = {"bin-images/00001.jpg", "bin-images/3.jpg"}
PLACES = [0, 2, 3]  # of those rows of IDS that are kept


def write_json(path: Path, keys: Iterable[str]) -> Path:
    path.write_text("".join(json.dumps({"image_key": key, "n": n}) + "\n" for n, key in enumerate(keys)))
    return path


def test_json_lines_are_kept_byte_for_byte(tmp_path: Path) -> None:
    lines = [b'{"bin_id" :  "%s", "x": "\xc3\xa9\\u00e9 %d"}\r\n' % (id_.encode(), n) for n, id_ in enumerate(IDS)]
    lines[-2:] = [lines[-2], b"\n", lines[-1].rstrip()]
    path = tmp_path / "m.jsonl"
    path.write_bytes(b"".join(lines))
    manifest = open_manifest(path)
    assert list(manifest.read_keys()) == [f"bin-images/{id_}.jpg" for id_ in IDS]
    manifest.write_copy(tmp_path / "copy", KEPT)
    assert (tmp_path / "copy").read_bytes() == b"".join([lines[0], lines[2], lines[3], b"\n"])


def test_csv_rows_are_kept_byte_for_byte_whatever_their_cells_hold(tmp_path: Path) -> None:
    header = b'\xef\xbb\xbf"name","bin_id"\r\n'
    rows = [b'"a ""%d"",\r\n\nb",%s\r\n' % (n, id_.encode()) for n, id_ in enumerate(IDS)]
    path = tmp_path / "m.csv"
    path.write_bytes(header + b"".join(rows))
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert [row["bin_id"] for row in csv.DictReader(file)] == IDS
    manifest = open_manifest(path)
    assert list(manifest.read_keys()) == [f"bin-images/{id_}.jpg" for id_ in IDS]
    manifest.write_copy(tmp_path / "copy", KEPT)
    assert (tmp_path / "copy").read_bytes() == header + b"".join(rows[place] for place in PLACES)


def test_a_parquet_copy_has_schema_and_metadata(tmp_path: Path) -> None:
    fields = [pa.field("bin_id", pa.string(), nullable=False, metadata={"a": "b"}), pa.field("l", pa.list_(pa.int8()))]
    schema = pa.schema(fields, {"abid": '{"seed": 7}'})
    table = pa.table([pa.array(IDS), pa.array([[n] for n in range(5)], pa.list_(pa.int8()))], schema=schema)
    pq.write_table(table, tmp_path / "m.parquet")
    manifest = open_manifest(tmp_path / "m.parquet")
    assert list(manifest.read_keys()) == [f"bin-images/{id_}.jpg" for id_ in IDS]
    manifest.write_copy(tmp_path / "copy", KEPT)
    copy = pq.read_table(tmp_path / "copy")
    assert copy.schema.equals(pq.read_schema(tmp_path / "m.parquet"), check_metadata=True)
    assert copy.schema.metadata == schema.metadata
    assert copy.to_pylist() == [table.to_pylist()[place] for place in PLACES]


def test_the_column_of_keys_goes_before_that_of_ids(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("bin_id,image_key\n00001,bin-images/00002.jpg\n")
    assert list(open_manifest(tmp_path / "m.csv").read_keys()) == ["bin-images/00002.jpg"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("m.jsonl", b'{"bin_id": "00001"}\n{"bin_id": 523}\n', "line 2: bin_id is 523, .* 523 and 00523 are different"),
        ("m.jsonl", b'{"bin": "00001"}\n', "line 1: no column is called image_key or bin_id"),
        ("m.jsonl", b"[1]\n", "line 1: it is no JSON object"),
        ("m.jsonl", b"{\n", "line 1: "),
        ("m.jsonl", b"[" * 100_000, "line 1: "),
        ("m.jsonl", b"\xff\n", "line 1: "),
        ("m.csv", b"bin_id\n\xff\n", "can't be read: "),
        ("m.csv", b"a,b\n1,2\n", "line 1: no column is called"),
        ("m.csv", b"a,bin_id\n1\n", "line 2: no column is called"),
        ("m.csv", b'bin_id\n"00001\n', "can't be read: "),
        ("m.parquet", b"PAR1", "m.parquet can't be read: "),
        ("m.txt", b"00001\n", "must end in .jsonl, .csv or .parquet"),
    ],
)
def test_a_file_that_is_no_manifest_is_refused_with_its_line(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=said):
        list(open_manifest(tmp_path / name).read_keys())


@pytest.mark.parametrize("name", ["m.parquet", "m.csv"])
def test_of_two_columns_of_one_name_none_is_taken(tmp_path: Path, name: str) -> None:
    table = pa.table([pa.array(["00001"]), pa.array(["00002"])], ["bin_id", "bin_id"])
    (pq.write_table if name.endswith("parquet") else write_csv)(table, tmp_path / name)
    with pytest.raises(UsageError, match=f"{name} can't be read: .*more than one column is called bin_id: rename"):
        list(open_manifest(tmp_path / name).read_keys())


def test_what_arrow_can_not_read_is_said_with_a_remedy(tmp_path: Path) -> None:
    """Packed by LZO, says the file, which PyArrow doesn't know."""
    path = tmp_path / "m.parquet"
    pq.write_table(pa.table({"bin_id": ["00001"]}), path, compression="snappy")
    snappy, lzo = (b"\x18\x06bin_id\x15" + code for code in (b"\x02", b"\x06"))
    assert path.read_bytes().count(snappy) == 1
    path.write_bytes(path.read_bytes().replace(snappy, lzo))
    for use in (lambda: list(open_manifest(path).read_keys()), lambda: open_manifest(path).write_copy(path, set())):
        with pytest.raises(UsageError, match=r"m\.parquet can't be read: .*LZO.*[^.]: mend it, or write it anew"):
            use()


def test_views_of_text_are_copied_though_arrow_can_not_filter_them(tmp_path: Path) -> None:
    table = pa.table(
        {"bin_id": pa.array(IDS, pa.string_view()), "x": pa.array([[id_] for id_ in IDS], pa.list_(pa.string_view()))}
    )
    pq.write_table(table, tmp_path / "m.parquet")
    open_manifest(tmp_path / "m.parquet").write_copy(tmp_path / "copy", KEPT)
    assert pq.read_table(tmp_path / "copy").to_pylist() == [table.to_pylist()[place] for place in PLACES]


@pytest.mark.parametrize("column", [pa.array([523]), pa.array([None], pa.string())])
def test_ids_of_a_parquet_file_are_text(tmp_path: Path, column: pa.Array) -> None:
    pq.write_table(pa.table({"bin_id": column}), tmp_path / "m.parquet")
    with pytest.raises(UsageError, match="is no text"):
        list(open_manifest(tmp_path / "m.parquet").read_keys())


def test_a_manifest_in_the_folder_itself_is_replaced_where_rows_are_lost_and_kept_beside(tmp_path: Path) -> None:
    path = write_json(tmp_path / "metadata.jsonl", ["bin-images/00001.jpg", "bin-images/00002.jpg"])
    lines = path.read_bytes().splitlines(keepends=True)
    manifest, receipts = open_manifest(path), Receipts(tmp_path)
    assert keep_rows(manifest, tmp_path, {"bin-images/00001.jpg", "bin-images/00002.jpg"}, receipts) is None
    assert [file.name for file in tmp_path.iterdir()] == ["metadata.jsonl"]
    assert keep_rows(manifest, tmp_path, {"bin-images/00002.jpg"}, receipts) == tmp_path / "metadata.jsonl.all"
    assert path.read_bytes() == lines[1]
    keep_rows(manifest, tmp_path, set(), receipts)
    assert (tmp_path / "metadata.jsonl.all").read_bytes() == b"".join(lines)


WRITERS: dict[str, Callable[[pa.Table, Path], object]] = {
    "parquet": pq.write_table,
    "csv": write_csv,
    "jsonl": lambda table, path: write_json(path, [f"bin-images/{id_}.jpg" for id_ in table["bin_id"].to_pylist()]),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_no_row_of_any_version_of_a_manifest_in_the_folder_is_lost(tmp_path: Path, kind: str) -> None:
    """A later version has rows that an earlier one hasn't, or only rows that one has."""
    path = tmp_path / f"m.{kind}"
    kept: dict[str, bytes] = {}
    for ids, name in (("12", "all"), ("567", "all.2"), ("12", "all"), ("1", "all"), ("122", "all.3"), ("56", "all.2")):
        WRITERS[kind](pa.table({"bin_id": list(ids)}), path)
        kept.setdefault(f"{path.name}.{name}", path.read_bytes())
        assert keep_rows(open_manifest(path), tmp_path, set(), Receipts(tmp_path)) == tmp_path / f"{path.name}.{name}"
        assert not list(open_manifest(path).read_keys())
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir() if file != path} == kept


def copy_to(folder: Path, manifest: Path) -> Path:
    """All rows of a manifest, as the command does."""
    with open_folder(folder) as receipts:
        require_copy(manifest, folder, receipts)
        keep_rows(open_manifest(manifest), folder, set(open_manifest(manifest).read_keys()), receipts)
    return place_copy(manifest, folder)


def test_a_copy_is_replaced_by_one_of_the_same_manifest_only(tmp_path: Path) -> None:
    folder, one, other = tmp_path / "to", tmp_path / "a/x/train.jsonl", tmp_path / "b/x/train.jsonl"
    for path in (one, other):
        path.parent.mkdir(parents=True)
    write_json(one, ["bin-images/00001.jpg"])
    write_json(other, ["bin-images/00001.jpg", "bin-images/00002.jpg"])
    copy = copy_to(folder, one)
    assert copy.read_bytes() == one.read_bytes()
    with pytest.raises(UsageError, match=f"is to be {copy}, and that is the copy of {one}: rename or remove it"):
        copy_to(folder, other)
    write_json(one, ["bin-images/00003.jpg"])
    assert copy_to(folder, one).read_bytes() == copy.read_bytes() == one.read_bytes()
    copy.unlink()
    assert copy_to(folder, other).read_bytes() == other.read_bytes()


def test_what_is_no_copy_is_not_replaced_by_one(tmp_path: Path) -> None:
    manifest, own = write_json(tmp_path / "m.jsonl", []), tmp_path / "to" / f"{tmp_path.name}-m.jsonl"
    own.parent.mkdir()
    own.write_text("mine")
    with pytest.raises(UsageError, match=f"is to be {own}, and that is no copy of a manifest"):
        copy_to(own.parent, manifest)
    assert own.read_text() == "mine"


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_sizes_are_those_that_the_pictures_were_made_with(tmp_path: Path) -> None:
    write_bucket(tmp_path, {f"{number:05d}.jpg": make_jpeg(number) for number in (1, 523, 99)})
    (tmp_path / "00007.jpg").write_bytes(b"\xff\xd8\xff\xd9")
    chosen = choose_pictures(f"bin-images/{number:05d}.jpg" for number in (523, 7, 1, 99))
    unread = write_sizes(tmp_path / "sizes.parquet", tmp_path, chosen)
    assert unread == ["bin-images/00007.jpg"]
    expected: list[dict[str, Any]] = []
    for number in (523, 7, 1, 99):
        width, height = (None, None) if number == 7 else measure_jpeg(number)
        name = f"{number:05d}"
        row = {"image_key": f"bin-images/{name}.jpg", "bin_id": name, "width_px": width, "height_px": height}
        expected.append(row)
    assert pq.read_table(tmp_path / "sizes.parquet").to_pylist() == expected
