"""Listing in ranges: whatever the keys are, each comes once. The big bucket is a program that does what S3 documents:
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html"""

import itertools
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from typing import get_args
from urllib.parse import quote

import pytest
from badnetwork import BadNetwork, Fault
from loopback import Answer, Asked, Loopback, Respond, answer_error
from reading import HASTY, PATIENT, list_all, open_s3
from seaweed import S3Server

from etl.errors import SourceError
from etl.sources.base import METADATA_PREFIX
from etl.sources.pace import Persistence

Serve = Callable[[Respond], Loopback]

NUMBERED = [f"metadata/{number}{zeros}.json" for number in range(10, 100) for zeros in ("", *range(100, 136))]
AT_THE_CUTS = [f"metadata/{cut}" for cut in ("00", "10", "11", "50", "99")]
ASIDE = [
    "metadata/!",
    "metadata/-1.json",
    "metadata/.json",
    "metadata/0",
    "metadata/9:",
    "metadata/a",
    "metadata/é.json",
]
ODD = ["metadata/11//1.json", "metadata/12\t.json", "metadata/\x01", "metadata/zz\n", "metadata/\U0001f600.json"]
ODD_PAGES = [f"metadata/x\t{number}" for number in range(1200)]  # after all cuts, so that they are of one range
BIG = [*NUMBERED, *AT_THE_CUTS, *ASIDE]
assert len(BIG) > 3000


def answer_listing(keys: Iterable[str], sizes: Mapping[str, int] | None = None) -> Respond:
    """A bucket that holds `keys`, of one byte each unless `sizes` says otherwise."""
    in_order = sorted(key.encode() for key in keys)

    def respond(asked: Asked) -> Answer:
        after = asked.query.get("continuation-token") or asked.query.get("start-after", "")
        after_it = in_order[bisect_right(in_order, after.encode()) :]
        found = [key.decode() for key in after_it if key.startswith(asked.query["prefix"].encode())]
        write = quote if "encoding-type" in asked.query else escape
        token = f"<NextContinuationToken>{write(found[999])}</NextContinuationToken>" if found[1000:] else ""
        contents = "".join(
            f"<Contents><Key>{write(key)}</Key><LastModified>2017-07-14T02:40:00.000Z</LastModified>"
            f'<ETag>"e"</ETag><Size>{(sizes or {}).get(key, 1)}</Size></Contents>'
            for key in found[:1000]
        )
        encoding = "<EncodingType>url</EncodingType>" if write is quote else ""
        return Answer(
            body=f"<ListBucketResult><Name>b</Name><KeyCount>{len(found[:1000])}</KeyCount><MaxKeys>1000</MaxKeys>"
            f"<IsTruncated>{str(bool(token)).lower()}</IsTruncated>{encoding}{token}{contents}</ListBucketResult>".encode()
        )

    return respond


def escape(key: str) -> str:
    return "".join(f"&#{ord(character)};" if character in "<&\t\n\x01" else character for character in key)


def list_keys(url: str, uri: str = "s3://b", *, persistence: Persistence = PATIENT) -> list[str]:
    return sorted(list_all(open_s3(url, uri, persistence=persistence))["key"].to_pylist())


@pytest.mark.parametrize("keys", [BIG, [*BIG, *ODD], [*BIG, *ODD_PAGES]])
def test_a_bucket_of_many_pages_is_listed_whole(keys: list[str], serve: Serve) -> None:
    """With odd keys, boto3 reads the pages that they are on."""
    server = serve(answer_listing(keys))
    assert list_keys(server.url) == sorted(keys)
    assert {asked.method for asked in server.asked} == {"GET"}


def test_a_prefix_is_listed_whole_and_alone(serve: Serve) -> None:
    below = [f"a b/ü/{key}" for key in BIG]
    server = serve(answer_listing([*below, *BIG, "a b/ü/metadata", "a b/ü/metadata0", "a b/ü2/metadata/1.json"]))
    assert list_keys(server.url, "s3://b/a b/ü") == sorted(BIG)


def test_pages_of_plain_keys_are_not_read_twice(serve: Serve) -> None:
    """boto3 has the last word on the end of a bucket, and no other."""
    server = serve(answer_listing(BIG))
    list_keys(server.url)
    after = [asked.query["start-after"] for asked in server.asked if "encoding-type" in asked.query]
    assert after == [max(BIG)]


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001])
def test_a_page_that_is_just_full_is_not_taken_for_the_last(count: int, serve: Serve) -> None:
    keys = [f"metadata/{number:05}.json" for number in range(count)]
    assert list_keys(serve(answer_listing(keys)).url) == keys


def test_a_small_bucket_takes_hardly_more_requests_than_one_page_after_the_other(serve: Serve) -> None:
    """Four full pages and a last one; each range may end with a page that the next one has begun with."""
    server = serve(answer_listing(BIG))
    list_keys(server.url)
    assert len(server.asked) < 2 * len(BIG) / 1000 + 10


def test_a_big_bucket_is_listed_by_sixteen_at_once(serve: Serve) -> None:
    keys = [f"metadata/{number:05}.json" for number in range(100_000)]
    server = serve(answer_listing(keys))
    assert list_keys(server.url) == keys
    assert len(server.asked) < len(keys) / 1000 + 50
    assert len({asked.query.get("start-after") for asked in server.asked}) >= 16


def test_several_ranges_are_listed_at_once(serve: Serve) -> None:
    """The server answers no range before another was asked for."""
    respond = answer_listing(NUMBERED)
    ranges: set[str] = set()
    are_two = threading.Event()

    def respond_to_two(asked: Asked) -> Answer | None:
        if "start-after" in asked.query:
            ranges.add(asked.query["start-after"])
            if len(ranges) > 1:
                are_two.set()
            are_two.wait(60)
        return respond(asked)

    once = Persistence(attempts=1)
    assert list_keys(serve(respond_to_two).url, persistence=once) == sorted(NUMBERED)


def test_a_server_that_wants_to_be_left_alone_is(serve: Serve) -> None:
    """Only boto3 tells for how long, so the first refusal isn't heeded yet."""
    answers = iter([answer_error(503, "SlowDown"), answer_error(503, "SlowDown", {"Retry-After": "1"})])
    respond, times = answer_listing(NUMBERED[:10]), []

    def refuse_twice(asked: Asked) -> Answer | None:
        times.append(time.monotonic())
        return next(answers, None) or respond(asked)

    assert list_keys(serve(refuse_twice).url) == NUMBERED[:10]
    assert times[2] - times[1] >= 1


def test_folder_markers_are_left_out_and_empty_objects_are_not(serve: Serve) -> None:
    objects = ["metadata/1.json", "metadata/2", "metadata/folder/3.json", "metadata/v1.0"]
    markers = ["metadata/", "metadata/2/", "metadata/folder/", "metadata/v1.0/"]
    server = serve(answer_listing([*objects, *markers], dict.fromkeys([*objects, *markers], 0)))
    assert list_keys(server.url) == objects


def test_a_folder_marker_with_a_dot_is_not_taken_for_a_document(serve: Serve) -> None:
    server = serve(answer_listing(["metadata/1.json", "metadata/v1.0/"], {"metadata/v1.0/": 0}))
    assert list_keys(server.url) == ["metadata/1.json"]


def test_folder_markers_of_a_real_server_are_left_out(s3_server: S3Server, public: str) -> None:
    keys = [f"markers/metadata/{key}" for key in ("", "folder/", "empty", "empty.json", "folder/1.json")]
    s3_server.put_objects("public", dict.fromkeys(keys, b""))
    found = list_keys(s3_server.endpoint_url, f"{public}/markers")
    assert found == ["metadata/empty", "metadata/empty.json", "metadata/folder/1.json"]


def test_a_real_bucket_of_several_pages_is_listed_whole(s3_server: S3Server, public: str) -> None:
    objects = {f"pages/metadata/{number:05d}.json": b"" for number in range(0, 100_000, 90)}
    s3_server.put_objects("public", objects)
    with BadNetwork(s3_server.endpoint_url, {}) as network:
        keys = list_keys(network.endpoint_url, f"{public}/pages")
    assert [f"pages/{key}" for key in keys] == list(objects)
    assert network.requests.keys() == {"list"}


def test_a_big_bucket_is_listed_whole_over_a_bad_network(serve: Serve) -> None:
    faults: set[Fault] = set(get_args(Fault)) - {"corrupted", "denied", "skewed"}
    server = serve(answer_listing(BIG))
    with BadNetwork(server.url, dict.fromkeys(sorted(faults), 0.08), only=lambda kind, _: kind == "list") as network:
        assert list_keys(network.endpoint_url, persistence=HASTY) == sorted(BIG)
    assert network.injected.total() > 5


@pytest.mark.parametrize("forgotten", [("start-after", "continuation-token"), ("max-keys",)], ids=["where", "how many"])
def test_a_server_that_lists_the_same_again_and_again_is_named(forgotten: tuple[str, ...], serve: Serve) -> None:
    """Or one that promises more for ever, and has nothing."""
    respond = answer_listing(BIG if "max-keys" not in forgotten else [])

    def forget(asked: Asked) -> Answer | None:
        answer = respond(asked._replace(query={k: v for k, v in asked.query.items() if k not in forgotten}))
        assert answer
        return Answer(body=answer.body.replace(b"<IsTruncated>false", b"<IsTruncated>true"))

    with pytest.raises(SourceError, match="lists the same keys again and again: it doesn't keep to S3"):
        list_keys(serve(forget).url)


@pytest.mark.parametrize("fault", ["portal", "empty"])
def test_pages_of_somebody_else_are_not_taken_for_the_end(fault: Fault, serve: Serve) -> None:
    persistence = Persistence(attempts=3, first_wait=0.001)
    with (
        BadNetwork(serve(answer_listing(BIG)).url, {fault: 1.0}, only=lambda *_: True) as network,
        pytest.raises(SourceError, match=r"Given up after 3 attempts: .*is there a login page or a proxy on the way\?"),
    ):
        list_keys(network.endpoint_url, persistence=persistence)


def test_a_listing_goes_on_when_a_network_that_was_cut_is_mended(serve: Serve) -> None:
    with BadNetwork(serve(answer_listing(BIG)).url, {}) as network:
        batches = open_s3(network.endpoint_url).list_objects(METADATA_PREFIX)
        found = [next(batch for batch in batches if batch.num_rows)]
        network.cut()
        found += itertools.islice(batches, 3)
        network.mend()
        found += batches
    assert sorted(itertools.chain.from_iterable(batch["key"].to_pylist() for batch in found)) == sorted(BIG)


@pytest.mark.parametrize("respond", [answer_listing(BIG), lambda _: None])
def test_a_listing_that_is_left_early_ends(respond: Respond, serve: Serve) -> None:
    """And a silent server leaves the caller time to leave: empty batches come meanwhile."""
    for _ in open_s3(serve(respond).url).list_objects(METADATA_PREFIX):
        break
    assert not [thread.name for thread in threading.enumerate() if "run_forever" in thread.name]
