"""Reading a real bucket over a bad network: what arrives is right, what doesn't is named, and what is hopeless ends."""

import itertools
import random
import re
from dataclasses import replace
from typing import get_args

import pyarrow as pa
import pytest
from badnetwork import BadNetwork, Fault, Kind
from reading import HASTY, PATIENT, add_and_take, list_all, make_listing, open_s3, read_bodies, take_rest
from seaweed import S3Server

from etl.errors import SourceError
from etl.sources.pace import Persistence

OBJECTS = {f"metadata/{number:05d}.json": random.Random(number).randbytes(1500) for number in range(100)}
BAD = "metadata/00007.json"
URI = "s3://faults"
PASSING: set[Fault] = set(get_args(Fault)) - {"denied", "skewed"}
SILENT: set[Fault] = {"hang", "stall"}


@pytest.fixture(scope="module")
def upstream(s3_server: S3Server) -> str:
    s3_server.create_bucket("faults", OBJECTS, public=True)
    return s3_server.endpoint_url


@pytest.fixture(scope="module")
def listing(upstream: str) -> pa.Table:
    return list_all(open_s3(upstream, URI))


def is_bad(_: Kind, path: str) -> bool:
    return path.endswith(BAD)


@pytest.mark.parametrize("fault", sorted(PASSING - SILENT))
def test_every_object_arrives_though_a_third_of_all_answers_is_bad(
    fault: Fault, upstream: str, listing: pa.Table
) -> None:
    with BadNetwork(upstream, {fault: 0.33}) as network, open_s3(network.endpoint_url, URI).open_reader() as reader:
        bodies = add_and_take(reader, listing)
        tallies = reader.tallies()
    assert {key: body.content for key, body in bodies.items()} == OBJECTS
    assert not any(body.error or body.changed for body in bodies.values())
    assert sum(body.attempts for body in bodies.values()) == network.requests["get"]
    assert tallies["retries"] == network.injected.total() == network.requests["get"] - len(OBJECTS) > 30
    assert tallies.get("slow-downs", 0) == network.injected["503"] + network.injected["429"]


@pytest.mark.parametrize("fault", sorted(SILENT))
def test_every_object_arrives_though_a_third_of_all_answers_does_not_come(
    fault: Fault, upstream: str, listing: pa.Table
) -> None:
    with BadNetwork(upstream, {fault: 0.33}, seed=7) as network:
        source = open_s3(network.endpoint_url, URI, persistence=HASTY, concurrency=8)
        bodies = read_bodies(source, listing.slice(0, 40))
    assert {(key, body.content) for key, body in bodies.items()} == set(list(OBJECTS.items())[:40])
    assert sum(body.attempts for body in bodies.values()) >= 40 + network.injected.total() > 60


def test_every_object_is_listed_and_arrives_though_all_goes_wrong_at_once(upstream: str) -> None:
    """Nothing but an object says what its bytes should be, so they are corrupted on objects only."""
    anything = dict.fromkeys(sorted(PASSING - {"corrupted"}), 0.05)
    with (
        BadNetwork(upstream, {"corrupted": 0.05}) as inner,
        BadNetwork(inner.endpoint_url, anything, only=lambda _, __: True) as network,
    ):
        source = open_s3(network.endpoint_url, URI, persistence=HASTY)
        bodies = read_bodies(source, list_all(source))
    assert {key: body.content for key, body in bodies.items()} == OBJECTS
    assert network.injected.keys() == anything.keys()
    assert inner.injected.keys() == {"corrupted"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("500", r"the server answered 500 \(InternalError\)"),
        ("503", r"the server asks to slow down \(SlowDown\)"),
        ("reset", "the answer broke off: .*reset by peer"),
        ("stall", "no answer in time"),
        ("truncated", "the answer broke off: .*"),
        ("short", "750 bytes came, 1500 were listed"),
        ("corrupted", "the checksum of what came isn't the one that was promised"),
        ("portal", "the answer isn't the object store's: is there a login page or a proxy on the way?"),
        ("empty", "the answer isn't the object store's: is there a login page or a proxy on the way?"),
    ],
)
def test_an_object_that_never_arrives_is_named_and_no_other_is_missing(
    fault: Fault, error: str, upstream: str, listing: pa.Table
) -> None:
    persistence = replace(HASTY if fault in SILENT else PATIENT, attempts=3)
    with BadNetwork(upstream, {fault: 1.0}, only=is_bad) as network:
        source = open_s3(network.endpoint_url, URI, persistence=persistence, concurrency=8)
        bodies = read_bodies(source, listing)
    bad = bodies.pop(BAD)
    assert re.fullmatch(error.replace("way?", r"way\?"), bad.error)
    assert (bad.attempts, bad.content) == (3, b"")
    if fault not in SILENT:  # a request that is given up may not even have been sent
        assert network.injected == {fault: 3}
    assert {key: body.content for key, body in bodies.items()} == {key: OBJECTS[key] for key in OBJECTS if key != BAD}


def test_an_object_that_alone_is_denied_is_lost_at_once(upstream: str, listing: pa.Table) -> None:
    is_other = pa.compute.not_equal(listing["key"], BAD)
    with (
        BadNetwork(upstream, {"denied": 1.0}, only=is_bad) as network,
        open_s3(network.endpoint_url, URI).open_reader() as reader,
    ):
        reader.add(listing.filter(is_other))
        assert reader.take(60)
        bodies = add_and_take(reader, listing.filter(pa.compute.invert(is_other)))
    assert {key for key, body in bodies.items() if body.error} == {BAD}
    assert "denies access (AccessDenied)" in bodies[BAD].error
    assert network.injected == {"denied": 2}


@pytest.mark.parametrize(
    ("fault", "message"),
    [("denied", r"denies access \(AccessDenied\)"), ("skewed", "refuses the time of this machine")],
)
def test_what_concerns_every_object_ends_the_reading(
    fault: Fault, message: str, upstream: str, listing: pa.Table
) -> None:
    with BadNetwork(upstream, {fault: 1.0}) as network, pytest.raises(SourceError, match=message):
        read_bodies(open_s3(network.endpoint_url, URI), listing)
    assert network.requests["get"] <= 2 * len(OBJECTS)


def test_many_objects_in_a_row_that_never_arrive_end_the_reading(upstream: str, listing: pa.Table) -> None:
    persistence = Persistence(attempts=2, first_wait=0.001, lost_in_a_row=10)
    with (
        BadNetwork(upstream, {"500": 1.0}) as network,
        pytest.raises(
            SourceError, match=r"10 objects in a row can't be had, the last was metadata/.*\(InternalError\)"
        ),
    ):
        read_bodies(open_s3(network.endpoint_url, URI, persistence=persistence), listing)


def test_a_network_that_was_cut_and_mended_costs_no_object(upstream: str, listing: pa.Table) -> None:
    with (
        BadNetwork(upstream, {}) as network,
        open_s3(network.endpoint_url, URI, persistence=PATIENT).open_reader() as reader,
    ):
        reader.add(listing.slice(0, 50))
        assert reader.take(60)
        network.cut()
        reader.add(listing.slice(50))
        while reader.tallies().get("retries", 0) < 200:
            reader.take(0.01)
        network.mend()
        bodies = add_and_take(reader, make_listing())
    assert bodies.keys() >= set(listing["key"].slice(50).to_pylist())
    assert not any(body.error for body in bodies.values())
    assert {body.attempts for body in bodies.values()} <= {1, 2, 3}  # that nobody answered counts for no object


def test_a_network_that_is_cut_for_too_long_ends_the_reading(upstream: str, listing: pa.Table) -> None:
    persistence = Persistence(first_wait=0.01, outage=0.2)
    with (
        BadNetwork(upstream, {}) as network,
        open_s3(network.endpoint_url, URI, persistence=persistence).open_reader() as reader,
    ):
        reader.add(listing.slice(0, 50))
        assert reader.take(60)
        network.cut()
        reader.add(listing.slice(50))
        with pytest.raises(SourceError, match=r"Nothing has come for \d+ s, so it was given up: ."):
            take_rest(reader)


def test_a_server_that_wants_to_be_left_alone_is(upstream: str, listing: pa.Table) -> None:
    """Only boto3 tells for how long, so the first refusal isn't heeded yet."""
    refusals = itertools.count()
    with (
        BadNetwork(
            upstream, {"503": 1.0}, only=lambda kind, path: is_bad(kind, path) and next(refusals) < 2, retry_after=1
        ) as network,
        open_s3(network.endpoint_url, URI, concurrency=1).open_reader() as reader,
    ):
        bodies = add_and_take(reader, listing)
    assert not any(body.error for body in bodies.values())
    refused = [number for number, request in enumerate(network.log) if request.fault]
    assert len(refused) == 2
    last = refused[-1]
    assert last < len(network.log) - 10
    assert network.log[last + 1].time - network.log[last].time >= 1
