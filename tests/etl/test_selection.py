"""Which documents a fetch is about: picked by a pattern, by ids or by number, or one worker's share."""

import hashlib
from pathlib import Path

import pytest
from commands import Run
from documents import make_document, make_line, read_listing, read_shards, write_bucket
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import make_listing

from etl.build import build_release
from etl.datadir import DataDir
from etl.errors import UsageError
from etl.fetch import Receipt, fetch_documents
from etl.raw import RawFolder
from etl.rawlayer import read_facts
from etl.selection import Selection, Selector, parse_shard, read_ids
from etl.sources.directory import DirectorySource

IDS = ["00001", "00013", "00523", "1", "13", "523", "100013"]  # in no order of keys
BY_KEY = ["00001", "00013", "00523", "1", "100013", "13", "523"]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    documents = {key_of(name): make_document(make_line()) for name in IDS}
    return write_bucket(tmp_path_factory.mktemp("selection"), documents | {"bin-images/13.jpg": b"picture"})


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


def key_of(bin_id: str) -> str:
    return f"metadata/{bin_id}.json"


def fetch(bucket: Path, data: DataDir, selection: Selection | None = None) -> Receipt:
    return fetch_documents(DirectorySource(bucket), data, selection=selection)


def choose_share(key: str, count: int) -> int:
    """The share of a key by the formula of the docs, counted from 1."""
    return 1 + int(hashlib.md5(key.encode()).hexdigest()[:8], 16) % count


# --- picking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), BY_KEY),
        (Selection("0*"), ["00001", "00013", "00523"]),
        (Selection("?3"), ["13"]),
        (Selection("*[13]3"), ["00013", "100013", "13"]),
        (Selection(ids=("523", "13", "523")), ["13", "523"]),
        (Selection(limit=2), ["00001", "00013"]),
        (Selection(limit=100), BY_KEY),
        (Selection("1*", limit=2), ["1", "100013"]),
        (Selection("*3", ids=("1", "13", "00523")), ["00523", "13"]),
        (Selection(ids=("523", "1", "13"), limit=2), ["1", "13"]),
        (Selection("*3", ("1", "13", "00523"), 1), ["00523"]),
    ],
    ids=str,
)
def test_what_is_picked_is_what_is_listed_and_got(
    selection: Selection, expected: list[str], bucket: Path, data: DataDir
) -> None:
    receipt = fetch(bucket, data, selection)
    keys = [key_of(name) for name in expected]
    assert [row["key"] for row in read_listing(data)] == keys
    assert sorted(read_shards(data)["key"].to_pylist()) == keys
    assert (receipt.listed, receipt.documents, receipt.elsewhere, receipt.unlisted) == (len(keys), len(keys), 0, ())


@pytest.mark.parametrize("selection", [Selection("x*"), Selection(ids=("0013",))], ids=str)
def test_picking_nothing_is_an_error_that_says_how_it_was_picked(
    selection: Selection, bucket: Path, data: DataDir
) -> None:
    with pytest.raises(UsageError, match=r"no document that is picked by .*(x\*|ids)"):
        fetch(bucket, data, selection)
    assert RawFolder(data.raw).list_files("listings") == []


@pytest.mark.parametrize(
    ("selection", "unlisted"),
    [
        (Selection(ids=("13", "0013", "7", "7")), ("0013", "7")),
        (Selection("1*", ("13", "17", "7")), ("17",)),
        (Selection(ids=("00001", "99", "523"), limit=1), ("99",)),
    ],
    ids=str,
)
def test_ids_that_the_source_does_not_hold_are_named(
    selection: Selection, unlisted: tuple[str, ...], bucket: Path, data: DataDir
) -> None:
    assert fetch(bucket, data, selection).unlisted == unlisted


def test_an_unknown_id_fails_the_command_after_the_others_were_got(
    bucket: Path, data: DataDir, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "ids.txt").write_text("13\n0013\n")
    done = run("abid-etl", "fetch", bucket, "--ids", "ids.txt")
    assert (done.returncode, done.stdout) == (3, "")
    assert "fetched 1 documents" in done.stderr
    assert "not listed 1 of the ids: 0013\n" in done.stderr
    assert read_shards(data)["key"].to_pylist() == ["metadata/13.json"]


# --- a file of ids ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"523\n00523\n", b"523\r\n00523\r\n", b"\n523\n\n\n 00523\t\n  \n", b"523\n00523", b"\xef\xbb\xbf523\n00523\n"],
    ids=["lines", "CRLF", "blanks", "no last newline", "byte order mark"],
)
def test_a_file_of_ids_has_one_a_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_bytes(content)
    assert read_ids(tmp_path / "ids.txt") == ("523", "00523")


def test_an_id_counts_once_however_often_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("523\n13\n523\n")
    assert read_ids(tmp_path / "ids.txt") == ("523", "13")


@pytest.mark.parametrize("content", [None, b"", b"\n \r\n", b"\xff\xfe1\x003\x00"])
def test_a_file_without_readable_ids_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=f"{path} .* one bin id a line"):
        read_ids(path)


# --- shares -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["0/8", "9/8", "1/0", "0/0", "a/b", "3", "3/", "/8", "/", "-1/8", "1.5/8", "3/8/2"])
def test_a_share_that_there_is_not_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match=f"--shard {text} names no share"):
        parse_shard(text)


@pytest.mark.parametrize(("text", "shard"), [("1/1", (1, 1)), ("3/8", (3, 8)), ("8/8", (8, 8)), ("12/100", (12, 100))])
def test_a_share_is_its_number_and_how_many_there_are(text: str, shard: tuple[int, int]) -> None:
    assert parse_shard(text) == shard


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8")) | st.integers(0, 999_999).map(lambda n: key_of(str(n))), unique=True
    ),
    st.integers(1, 9),
)
def test_shares_are_disjoint_and_cover_all_by_the_first_bits_of_the_md5(keys: list[str], count: int) -> None:
    listing = make_listing(*keys)
    for number in range(1, count + 1):
        share = Selector(Selection(shard=(number, count))).share(listing)
        assert share["key"].to_pylist() == [key for key in keys if choose_share(key, count) == number]


def test_a_share_of_a_limited_listing_is_of_the_first_by_key(bucket: Path, tmp_path: Path) -> None:
    got = []
    for number in (1, 2, 3):
        data = DataDir(tmp_path / str(number))
        receipt = fetch(bucket, data, Selection(limit=5, shard=(number, 3)))
        mine = [key for key in map(key_of, BY_KEY[:5]) if choose_share(key, 3) == number]
        assert [row["key"] for row in read_listing(data)] == list(map(key_of, BY_KEY[:5]))
        assert (receipt.listed, receipt.documents, receipt.elsewhere) == (5, len(mine), 5 - len(mine))
        got += mine
        if mine:
            assert read_shards(data)["key"].to_pylist() == mine
    assert sorted(got) == list(map(key_of, BY_KEY[:5]))


# --- what is said of it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selection", "facts"),
    [
        (Selection("0*", ids=("00013", "13")), {"include": "0*", "ids": 2}),
        (Selection(limit=100), {"limit": 100}),
    ],
    ids=str,
)
def test_a_release_says_how_it_was_picked_until_a_fetch_of_everything(
    selection: Selection, facts: dict[str, object], bucket: Path, data: DataDir
) -> None:
    picked = fetch(bucket, data, selection)
    assert read_facts(RawFolder(data.raw))["selection"] == facts
    manifest = build_release(data).manifest
    assert (manifest["documents"]["loaded"], manifest["selection"]) == (picked.documents, facts)
    receipt = fetch(bucket, data)
    assert (receipt.listed, receipt.held, receipt.documents) == (7, picked.documents, 7 - picked.documents)
    manifest = build_release(data).manifest
    assert (manifest["documents"]["loaded"], manifest["selection"]) == (7, None)
