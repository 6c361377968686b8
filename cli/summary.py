"""What `abid-etl` says at the end of its work."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.text import format_bytes, format_seconds
from etl.errors import CheckError, SourceError
from etl.manifest import list_files

if TYPE_CHECKING:
    from etl.compact import Compaction
    from etl.fetch import Receipt
    from etl.findings import Finding
    from etl.plan import Plan
    from etl.release import Release
    from etl.retention import Pruned
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
    if receipt.elsewhere:
        done += f", {receipt.elsewhere:,} left to other workers"
    return "\n".join([done, *_list_missing(receipt.not_fetched), *_list_unlisted(receipt.unlisted)])


def require_complete(receipt: "Receipt") -> None:
    """Raise a SourceError when a listed document could not be fetched."""
    if receipt.not_fetched:
        raise SourceError(
            f"{len(receipt.not_fetched):,} of the listed documents could not be fetched from {receipt.source}: "
            "run the same command again, or go on without them: `abid-etl build --allow-missing`, same --data-dir"
        )
    if receipt.unlisted:
        raise SourceError(
            f"{receipt.source} doesn't list {len(receipt.unlisted):,} of the ids that were asked for: "
            "mind that 523 and 00523 are different bins"
        )


def describe_plan(plan: "Plan") -> str:
    """What a fetch would do."""
    lines = [
        f"source     {plan.source}",
        f"listed     {plan.listed:,} documents, {format_bytes(plan.listed_bytes)}",
        f"held       {plan.held:,}",
        f"changed    {plan.changed:,}",
        f"new        {plan.new:,}",
        f"deleted    {plan.deleted:,} since the last listing",
        f"to fetch   {plan.wanted:,} documents, {format_bytes(plan.wanted_bytes)}",
    ]
    if cost := plan.cost:
        total = cost.list_requests + cost.get_requests
        lines.append(f"requests   {total:,}: {cost.list_requests:,} to list, {cost.get_requests:,} for documents")
        lines.append(f"time       {format_seconds(cost.seconds)} at best, at {cost.per_second:,.0f} documents/s")
    return "\n".join(lines)


def describe_findings(findings: "list[Finding]") -> str:
    """What a verification found, a promise a line."""
    lines = []
    for finding in findings:
        verdict = "broken" if finding.broken else "ok"
        lines.append(f"{verdict:8}{finding.promise}: {finding.checked - len(finding.broken):,} of {finding.checked:,}")
        lines += ["        " + what.replace("\n", "\n        ") for what in finding.broken[:_SHOWN]]
        if len(finding.broken) > _SHOWN:
            lines.append(f"        and {len(finding.broken) - _SHOWN:,} more")
    return "\n".join(lines)


def require_kept(findings: "list[Finding]") -> None:
    """Raise a CheckError when a promise is broken."""
    if broken := [finding for finding in findings if finding.broken]:
        remedies = "".join(f"\n  {finding.promise}: {finding.remedy}" for finding in broken)
        raise CheckError(f"{len(broken)} of {len(findings)} promises are broken:{remedies}")


def describe_compaction(done: "Compaction") -> str:
    """What a compaction did."""
    surplus = f", {done.surplus:,} documents that were held twice are held once" if done.surplus else ""
    return f"{done.before:,} shards became {done.after:,}{surplus}"


def describe_release(release: "Release", before: str | None, seconds: float) -> str:
    """What a build published; `before` is the id of the release that was current."""
    if release.id == before:
        return describe_manifest(release.manifest, "is current already")
    told = describe_manifest(release.manifest, f"published in {seconds:.1f} s")
    if spilled := release.manifest.get("spilled_bytes"):
        told += f"\n  temporary     {format_bytes(spilled)} held on the disk at most, beyond --memory"
    return told


def describe_manifest(manifest: "dict[str, Any]", done: str) -> str:
    """What a release holds; `done` says what became of it."""
    documents, lines = manifest["documents"], manifest["lines"]
    synthetic = " (synthetic)" if manifest["synthetic"] else ""
    text = [
        f"release {manifest['release']} {done}: {documents['loaded']:,} bins, {lines['loaded']:,} lines{synthetic}",
        *_list_equations(manifest["receipt"]),
    ]
    text += _describe_selection(manifest.get("selection"))
    text += [f"  rejected as {reason}: {count:,}" for reason, count in manifest["rejects_by_reason"].items()]
    if manifest["rejects_by_reason"]:
        text.append("  `abid-report rejects`, with the same --data-dir, shows each with its place in the document")
    return "\n".join(text)


def describe_pruning(done: "Pruned") -> str:
    """What was removed, and what is left."""
    sizes = [sum(file["bytes"] for file in list_files(release.manifest)) for release in done.removed]
    lines = [f"removed {len(done.removed):,} releases ({format_bytes(sum(sizes))}), {done.left:,} are left"]
    lines += [f"  {release.id}, {format_bytes(size)}" for release, size in zip(done.removed, sizes, strict=True)]
    lines += [f"  kept {release.id}, because somebody is reading it" for release in done.in_use]
    lines += [f"  kept {name}, which is damaged: `abid-etl verify --release {name}` says how" for name in done.damaged]
    return "\n".join(lines)


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
        lines += _describe_selection(manifest.get("selection"))
    return "\n".join(lines)


def _describe_selection(selection: "dict[str, Any] | None") -> list[str]:
    if not selection:
        return []
    picked = ", ".join(f"{name} {value}" for name, value in selection.items())
    return [f"  a part of what the source holds, picked by {picked}"]


def _list_missing(missing: list[tuple[str, str]]) -> list[str]:
    if not missing:
        return []
    more = [f"  and {len(missing) - _SHOWN:,} more"] if len(missing) > _SHOWN else []
    shown = [f"  {key}: {error}" for key, error in missing[:_SHOWN]]
    return [f"missing    {len(missing):,} of the documents:", *shown, *more]


def _list_unlisted(ids: tuple[str, ...]) -> list[str]:
    if not ids:
        return []
    return [f"not listed {len(ids):,} of the ids: {', '.join(ids[:_SHOWN])}{' ...' if len(ids) > _SHOWN else ''}"]


def _list_equations(receipt: list[dict[str, Any]]) -> list[str]:
    """The receipt as a table, an equation a line."""
    sides: dict[str, dict[str, list[str]]] = {}
    for row in receipt:
        terms = sides.setdefault(row["equation"], {"whole": [], "part": []})
        terms[row["side"]].append(f"{row['amount']:,} {row['term'].replace('_', ' ')}")
    return [f"  {name:14}{' + '.join(side['whole'])} = {' + '.join(side['part'])}" for name, side in sides.items()]
