"""What `abid-etl` says at the end of its work."""

from pathlib import Path
from typing import TYPE_CHECKING

from cli.text import format_bytes
from etl.errors import SourceError

if TYPE_CHECKING:
    from etl.fetch import Receipt
    from etl.release import Release
    from etl.status import Status
    from etl.synthetic import Synthesis

_SHOWN = 5


def describe_receipt(receipt: "Receipt", seconds: float) -> str:
    """What a fetch did."""
    done = (
        f"fetched {receipt.documents:,} documents ({format_bytes(receipt.size)}) in {seconds:.1f} s, "
        f"{receipt.documents / seconds:,.0f}/s: {receipt.listed:,} listed, {receipt.held:,} held already"
        if receipt.documents
        else f"fetched nothing new: {receipt.listed:,} listed, {receipt.held:,} held already"
    )
    return "\n".join([done, *_list_missing(receipt.not_fetched)])


def require_complete(receipt: "Receipt") -> None:
    """Raise a SourceError when a listed document could not be fetched."""
    if receipt.not_fetched:
        raise SourceError(
            f"{len(receipt.not_fetched):,} listed documents could not be fetched from {receipt.source}: "
            "run the same command again, or go on without them: `abid-etl build --allow-missing`, same --data-dir"
        )


def describe_release(release: "Release", before: str | None, seconds: float) -> str:
    """What a build published; `before` is the id of the release that was current."""
    manifest = release.manifest
    documents, lines = manifest["documents"], manifest["lines"]
    done = "is current already" if release.id == before else f"published in {seconds:.1f} s"
    synthetic = " (synthetic)" if manifest["synthetic"] else ""
    text = [
        f"release {release.id} {done}: {documents['loaded']:,} bins, {lines['loaded']:,} lines{synthetic}",
        f"  documents: {_equation(documents, 'listed')}",
        f"  lines: {_equation(lines, 'seen')}",
    ]
    text += [f"  rejected as {reason}: {count:,}" for reason, count in manifest["rejects_by_reason"].items()]
    if manifest["rejects_by_reason"]:
        text.append("  `abid-report rejects`, with the same --data-dir, shows each with its place in the document")
    return "\n".join(text)


def describe_synthesis(made: "Synthesis", directory: Path) -> str:
    """What the generator made."""
    planted = f", {made.planted:,} of them bad: see {directory / 'planted.jsonl'}" if made.planted else ""
    return f"made {made.documents:,} documents ({format_bytes(made.bytes)}) in {made.seconds:.1f} s{planted}"


def describe_status(status: "Status") -> str:
    """Where a data directory stands."""
    images = "not listed" if status.images_listed is None else f"{status.images_listed:,} listed"
    lines = [
        f"source     {status.source}{' (synthetic)' if status.synthetic else ''}, listed {status.listed_at} UTC",
        f"documents  {status.fetched:,} of {status.listed:,} fetched ({format_bytes(status.fetched_bytes)})",
        *_list_missing(status.missing),
        f"pictures   {images}",
        f"current    {status.current or 'no release yet: `abid-etl build` makes one'}",
    ]
    for manifest in status.releases:
        counts = manifest["documents"]
        lines.append(
            f"release    {manifest['release']}, published {manifest['published_at']} UTC: {counts['loaded']:,} bins, "
            f"{counts['rejected']:,} documents rejected{', synthetic' if manifest['synthetic'] else ''}"
        )
    return "\n".join(lines)


def _list_missing(missing: list[tuple[str, str]]) -> list[str]:
    if not missing:
        return []
    more = [f"  and {len(missing) - _SHOWN:,} more"] if len(missing) > _SHOWN else []
    return [f"missing    {len(missing):,} documents:", *(f"  {key}: {error}" for key, error in missing[:_SHOWN]), *more]


def _equation(counts: dict[str, int], whole: str) -> str:
    parts = [f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items() if name != whole]
    return f"{counts[whole]:,} {whole} = {' + '.join(parts)}"
