"""What the figures imply for a billion bins: machines, hours, dollars, bytes. Arithmetic, no measurement.

What is measured comes from the results; what is assumed stands here, to be changed. The price of an instance and the
S3 prices are those of AWS's price lists for US East (N. Virginia), Linux, on demand, in 2026
(https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/index.json). The rate of S3 is the one its user guide promises,
at "Optimizing Amazon S3 performance".
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from bench.results import Point, Result, show_number
from bench.tables import make_table

from etl.shards import SHARD_ROWS

BINS = 1_000_000_000
INSTANCE = "m7i.2xlarge"
CORES = 8  # vCPUs of it, each taken for a core of the machine that measured
MEMORY = 32 * 2**30  # bytes
INSTANCE_PRICE = 0.4032  # dollars an hour
GETS = 5_500  # requests a second and prefix
GET_PRICE = 0.0004 / 1_000  # dollars a request
LIST_PRICE = PUT_PRICE = 0.005 / 1_000
LISTED = 1_000  # keys of one LIST
STORAGE_PRICE = 0.023  # dollars a month for 10^9 bytes; S3 Standard, the first 50 TB
NETWORK = 12.5  # Gbit/s
PREFIXES = (1, 16, 64)
MACHINES = (1, 4, 16, 64)
ASSUMED = {
    "gets": GETS,
    "memory": MEMORY >> 30,
    "network": NETWORK,
    "shard_rows": SHARD_ROWS,
    "shards": math.ceil(BINS / SHARD_ROWS),
}
"""For the prose."""


def count_get_hours(documents: int, prefixes: int) -> float:
    """Hours that S3 takes to answer for all documents at the rate that it promises."""
    return documents / (GETS * prefixes) / 3_600


def count_core_hours(documents: int, microseconds: float) -> float:
    """Hours of one core, at so many microseconds a document."""
    return documents * microseconds / 1e6 / 3_600


def count_fetch_machines(prefixes: int, microseconds: float) -> int:
    """Machines whose cores keep up with what S3 gives, at so many microseconds of a core for a document."""
    return math.ceil(GETS * prefixes * microseconds / 1e6 / CORES)


def extrapolate(cost: float, growth: float, factor: float) -> float:
    """A document's cost at `factor` times the documents, where it grows by `growth` with each ten times as many.

    What falls with size is taken to stay: fixed costs have been divided by enough documents by then.
    """
    return cost * math.pow(max(growth, 1), math.log10(factor))


def pay_machines(hours: float, machines: int) -> float:
    """Dollars."""
    return hours * machines * INSTANCE_PRICE


def pay_storage(size: float) -> float:
    """Dollars a month for so many bytes."""
    return size / 1e9 * STORAGE_PRICE


@dataclass(frozen=True)
class Billion:
    """What `docs/scale.md` says."""

    results: Mapping[str, Result]

    @property
    def fetch_cost(self) -> float:
        """Microseconds of a core for a document."""
        return self.results["s3"]["fetch-cpu"].value or math.nan

    @cached_property
    def build_costs(self) -> dict[str, float]:
        """Microseconds of a core for a document at a billion, by engine: the wall time of all cores that were there."""
        parts = [self.results[name] for name in ("scale", "spark") if name in self.results]
        return {part.points[0].engine: self._extrapolate(part) for part in parts}

    @property
    def requests(self) -> str:
        """What is asked of S3."""
        counts = {
            "GET, one a document": (BINS, GET_PRICE),
            f"LIST, {LISTED:,} keys each": (BINS // LISTED, LIST_PRICE),
            f"PUT of shards, {SHARD_ROWS:,} documents each, where the raw layer is in a bucket": (
                *(math.ceil(BINS / SHARD_ROWS), PUT_PRICE),
            ),
        }
        rows = [(what, f"{count:,}", f"${count * price:,.2f}") for what, (count, price) in counts.items()]
        return make_table(("request", "count", "dollars"), "lrr", rows)

    @property
    def fetches(self) -> str:
        """How long it takes to get everything, and how many machines keep up."""
        rows = []
        for prefixes in PREFIXES:
            machines = count_fetch_machines(prefixes, self.fetch_cost)
            hours = count_get_hours(BINS, prefixes)
            rate, dollars = f"{GETS * prefixes:,}/s", f"${pay_machines(hours, machines):,.2f}"
            rows.append((str(prefixes), rate, str(machines), f"{hours:,.1f} h", dollars))
        return make_table(("prefixes", "documents", "machines", "time", "dollars for machines"), "rrrrr", rows)

    @property
    def builds(self) -> str:
        """How long a build takes, by engine and number of machines. DuckDB has one."""
        rows = []
        for engine, cost in self.build_costs.items():
            for machines in MACHINES if engine == "Spark" else MACHINES[:1]:
                hours = count_core_hours(BINS, cost) / CORES / machines
                dollars = f"${pay_machines(hours, machines):,.2f}"
                rows.append((engine, f"{cost:,.0f} µs", str(machines), f"{hours:,.1f} h", dollars))
        return make_table(("engine", "of a core a document", "machines", "time", "dollars"), "lrrrr", rows)

    @property
    def sizes(self) -> str:
        """Bytes, and what keeping them costs."""
        scale = self.results["scale"]
        rows = []
        for what, name in {
            "documents in the bucket": "source-bytes",
            "raw layer": "raw-bytes",
            "a release": "release-bytes",
        }.items():
            each = scale[name].value or math.nan
            rows.append((what, *_multiply(each), f"${pay_storage(each * BINS):,.2f}"))
        rows.append(("spilled by DuckDB while it builds, at least", *_multiply(self._spilled), ""))
        rows.append(("the listing, in memory", *_multiply(self.listing_bytes), ""))
        return make_table(("what", "bytes a document", "of a billion", "dollars a month in S3"), "lrrr", rows)

    @property
    def listing_bytes(self) -> float:
        """Of a document in the memory of a fetch."""
        return self.results["scale"]["listing-bytes"].value or math.nan

    @property
    def most_listed(self) -> str:
        """Documents whose listing fills the memory of the machine."""
        return f"{MEMORY / self.listing_bytes / 1e6:,.0f} million"

    @property
    def rates(self) -> str:
        """What each part manages on one machine and one prefix, the slowest first."""
        cores = {"fetch, on all cores": self.fetch_cost}
        cores |= {f"build with {engine}, on all cores": cost for engine, cost in self.build_costs.items()}
        rates = {"S3: GET from one prefix": float(GETS)} | {part: CORES / cost * 1e6 for part, cost in cores.items()}
        ordered = sorted(rates.items(), key=lambda rate: rate[1])
        rows = [(part, f"{rate:,.0f}/s", f"{BINS / rate / 3_600:,.1f} h") for part, rate in ordered]
        return make_table(("part", "documents", "a billion takes"), "lrr", rows)

    @property
    def assumptions(self) -> str:
        """What the machine and S3 are taken to be."""
        return make_table(
            ("assumed", "figure"),
            "lr",
            [
                (f"EC2 `{INSTANCE}`: {CORES} vCPUs, {MEMORY >> 30} GiB, on demand", f"${INSTANCE_PRICE} an hour"),
                ("its network, at most", f"{NETWORK} Gbit/s"),
                ("S3: GET", f"${GET_PRICE * 1_000:.4f} for 1,000"),
                ("S3: LIST and PUT", f"${LIST_PRICE * 1_000:.3f} for 1,000"),
                ("S3 Standard", f"${STORAGE_PRICE} for a GB and month"),
                ("S3: GET from one prefix", f"{GETS:,}/s"),
            ],
        )

    @property
    def traffic(self) -> str:
        """What comes from one prefix, as bits a second."""
        bits = GETS * (self.results["scale"]["source-bytes"].value or math.nan) * 8
        return show_number(bits / 1e9, "Gbit/s")

    @property
    def factor(self) -> str:
        """How far beyond what was measured a billion is."""
        return f"{BINS / self._last('scale').documents:,.0f}"

    @property
    def _spilled(self) -> float:
        last = self._last("scale")
        return last.spilled * 1e6 / last.documents

    def _last(self, part: str) -> Point:
        """The first engine's largest point: in the part `scale`, DuckDB's."""
        points = self.results[part].points
        return max((point for point in points if point.engine == points[0].engine), key=lambda point: point.documents)

    def _extrapolate(self, part: Result) -> float:
        last = self._last(part.part)
        growth = part.figures["growth"].ratio if "growth" in part.figures else None
        return extrapolate(last.cost * part.cores, growth or 1, BINS / last.documents)


def _multiply(each: float) -> tuple[str, str]:
    return f"{each:,.0f}", show_number(round(each * BINS / 1e9), "GB")
