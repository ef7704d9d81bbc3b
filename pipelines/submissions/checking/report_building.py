"""Build the validation report of a file from what was read in it and how it was judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from pipelines.findings.finding import Finding, compute_verdict
from pipelines.ledger.acts import Block
from pipelines.model.content import ReadError
from pipelines.submissions.checking.read_task import ReadResult
from pipelines.submissions.checking.report import Report, file_hash, history_hash
from pipelines.submissions.checking.totals import compute_totals

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry
    from pipelines.reading.standardise.standardise import Reading


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A job without its bytes, and the result of reading it."""

    key: str
    submission_id: str
    filename: str
    sha256: str
    size: int
    kind: str | None
    received: datetime | None
    result: ReadResult | ReadError


def summarise_reading(file: ReadFile) -> tuple[str | None, tuple[str, ...], tuple[Finding, ...]]:
    """Return form, periods and findings of a file that was read."""
    from pipelines.findings.rules import from_read_error

    if isinstance(file.result, ReadError):
        return None, (), (from_read_error(file.result),)
    reading = file.result.reading
    if reading is None:
        return file.result.form, (), file.result.findings
    return reading.form, tuple(p.code for p in reading.periods), (*file.result.findings, *reading.findings)


def build_report(
    file: ReadFile,
    judged: Sequence[Finding],
    known_before: Sequence[str] | None,
    version: str,
    rules: tuple[str, ...],
    registry: Registry,
    language: str,
) -> Report:
    """Return the validation report of a file that was read, with the findings of the judgement.

    `known_before` are the submissions that it was compared with; None if there were none.
    """
    result = None if isinstance(file.result, ReadError) else file.result
    reading = result.reading if result is not None else None
    findings = [*summarise_reading(file)[2], *judged]
    own_hash = file_hash(file.sha256, registry.digest, version, findings)
    form = registry.forms[reading.form] if reading is not None else None
    return Report(
        filename=file.filename,
        sha256=file.sha256,
        size=file.size,
        language=language,
        verdict="unreadable" if result is None else compute_verdict(findings),
        findings=tuple(findings),
        rules_version=version,
        declaration_hash=registry.digest,
        hash=own_hash,
        history_hash=None if known_before is None else history_hash(own_hash, known_before, findings),
        history_rules=rules,
        format=result.format if result is not None else None,
        territory=registry.territory_of(form.jurisdiction).code if form is not None else None,
        form=form.id if form is not None else None,
        jurisdiction=form.jurisdiction if form is not None else None,
        instrument=form.instrument if form is not None else None,
        kind=_kind_of_return(file, reading),
        blocks=blocks_of(reading, registry) if reading is not None else (),
        totals=tuple(compute_totals(reading.observations)) if reading is not None else (),
        candidates=result.candidates if result is not None else (),
        # Only the judgement needs the sums, and they take half as much memory as the rows.
        reading=None if reading is None else replace(reading, sums=reading.sums.clear()),
    )


def _kind_of_return(file: ReadFile, reading: Reading | None) -> str | None:
    if reading is None:
        return file.kind
    if reading.nil:
        return "nil"
    return "patch" if file.kind == "patch" else reading.kind


def blocks_of(reading: Reading, registry: Registry) -> tuple[Block, ...]:
    """Return the blocks of a return: one per period that it covers, even if it has no rows for it."""
    import polars as pl

    form = registry.forms[reading.form]
    rows: dict[tuple[str, str, str, str, str], int] = {
        (form.jurisdiction, form.instrument, form.series, p.freq, p.code): 0 for p in reading.periods
    }
    by = ["jurisdiction", "instrument", "form", "freq", "period"]
    events = reading.events.with_columns(pl.lit(form.instrument).alias("instrument"))
    for frame in (reading.observations, events):
        for *key, count in frame.group_by(by).len().sort(by).iter_rows():
            block = (str(key[0]), str(key[1]), str(key[2]), str(key[3]), str(key[4]))
            rows[block] = rows.get(block, 0) + int(count)
    return tuple(Block(*key, rows=count, nil=reading.nil) for key, count in sorted(rows.items()))
