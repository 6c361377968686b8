"""Coverage-guided fuzzing of how documents are opened, by hand: `make fuzz`.

What is right is said by the oracle of the hostile documents, and its branches, and those of Python's JSON reader, are
the coverage: DuckDB's can't be seen from here. A document that is judged otherwise ends the run and stays in a file.
"""

import sys

import atheris

sys.modules["_json"] = None  # type: ignore[assignment]  # the reader in Python, whose branches can be seen
with atheris.instrument_imports(include=["json", "oracle"]):
    import oracle

import hashlib
import random
from pathlib import Path

import duckdb
from documents import encode, make_document, make_line
from mutations import mutate
from rebuilding import Row, parse_place, rebuild, spell

from etl.models import define_macros, find_needed

STEM = "00001"
OUTCOMES = ("documents", "rejects", "observations")
SEEDS = (
    make_document(),
    make_document(make_line()),
    make_document(make_line(None, normalizedName=..., note={"a": [1]}), image_fname="1.jpg", extra=1.5),
)


class Loader:
    """The models as far as a document alone decides."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("set threads = 1")
        define_macros(self._connection)
        self._models = find_needed(*OUTCOMES)

    def load(self, body: bytes) -> oracle.Verdict:
        """What the tables say of a document."""
        self._connection.execute(
            """
            create or replace table raw_documents as
            select
              'metadata/' || $stem || '.json' as key, octet_length($body) as size, 'e' as etag,
              timestamp '2017-07-14' as last_modified, $md5 as md5, $body::blob as body
            """,
            {"stem": STEM, "body": body, "md5": hashlib.md5(body).hexdigest()},
        )
        for model in self._models:
            kind = "view" if model.kind == "view" else "table"
            self._connection.execute(f"create or replace {kind} {model.name} as {model.query}")
        bins = self._rows("from documents where reason is null")
        documents = rebuild(bins, self._rows("from observations"))
        faults = {parse_place(row["json_path"]): row["reason"] for row in self._rows("from rejects")}
        return oracle.Verdict(documents.get(STEM), faults)

    def _rows(self, query: str) -> list[Row]:
        relation = self._connection.sql(query)
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


LOADER = Loader()


def try_one(body: bytes) -> None:
    try:
        expected = oracle.judge(body)
    except RecursionError:
        return  # Python's reader gives up on a depth that DuckDB's still takes
    found = LOADER.load(body)
    if (spell(found.document), found.faults) != (spell(expected.document), expected.faults):
        raise AssertionError(f"{body!r}\nmust be {expected}\nand is {found}")


def spoil(body: bytes, most: int, seed: int) -> bytes:
    """What can still be loaded is spoiled as the hostile documents are, half of the time; all else byte by byte."""
    random_ = random.Random(seed)
    if random_.random() < 0.5:
        try:
            document = oracle.judge(body).document
        except RecursionError:
            document = None
        if document is not None:
            return mutate(document, random_)[:most]
    return bytes(atheris.Mutate(body, most))


def main() -> None:
    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    for number, document in enumerate(SEEDS):
        (corpus / f"seed-{number}").write_bytes(encode(document))
    atheris.Setup(sys.argv, try_one, custom_mutator=spoil)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
