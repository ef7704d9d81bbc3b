"""Writing the demonstration: files, `arrivals.csv`, `SOURCE.md`, and the golden files."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from tests.samples import plan
from tests.samples.rows import COOPERATION, Event, Row, SampleReturn
from tests.samples.truth import draw_truth

COLUMNS = (
    "file", "sha256", "received_at", "sender", "approver", "kind", "jurisdiction", "instrument", "periods", "corrects",
    "justification_reason", "justification_text",
)  # fmt: skip
GOLDEN = Row._fields
_NOT_OF_COOPERATION = (
    "period_start", "period_end", "law_article", "person_type", "victim_status", "sex", "age", "age_basis",
    "exploitation", "citizenship", "sentence_type", "sentence_band",
)  # fmt: skip
"""Columns that golden files of cooperation leave out: they follow from the period, or are `_Z` in every row."""
_NOT_OF_REQUESTS = ("law_article", "sex", "age", "sentence_type", "sentence_months")
"""Columns that golden files of records of requests leave out: no request has them."""
SOURCE = """# Demonstration data

Every file in this folder is invented. The files look as the named offices might send them, in their languages,
formats and conventions. No office made, saw or approved them, and no number in them is a real figure.

`python -m tests.samples` writes the files from one seed; regenerating them gives identical bytes. The same
program writes `tests/golden/`, which states what each file means. `arrivals.csv` lists when each file arrived,
from whom, which file it corrects, and how the office justifies any warnings. Articles of law are real (see
`pipelines/territories/*/law.csv`).

`try/` has files for each office that are not part of the demonstration, to upload and see what happens.

`questionnaire.csv` has two closed rounds of the practitioners' questionnaire: people, institutions and answers are
invented.

`measures.csv` has corrective measures against gaps, and `experts.csv` entries of the network of experts. They are
invented and written by hand; the institutions do not exist, and no entry names a person.
"""


CONFIRMED = "Demonstration: figures compared with the office's own records and confirmed"
"""Answer of an office to a warning unless its return has its own."""


def order_returns(returns: Iterable[SampleReturn]) -> list[SampleReturn]:
    """Return returns by arrival, then path, with sender, approver and the answer to warnings filled in."""
    filled = [
        replace(
            sample,
            sender=sample.sender or plan.sender_account(sample.source),
            approver=sample.approver or plan.approver_account(sample.source),
            justification_reason=sample.justification_reason or "confirmed_with_source",
            justification_text=sample.justification_text or CONFIRMED,
        )
        for sample in returns
    ]
    return sorted(filled, key=lambda sample: (sample.received_at, sample.path))


def arrivals_csv(returns: Sequence[SampleReturn]) -> str:
    """Return the text of `arrivals.csv` for returns in the order of their arrival."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for sample in returns:
        writer.writerow(
            (
                sample.path,
                hashlib.sha256(sample.data).hexdigest(),
                sample.received_at,
                sample.sender,
                sample.approver,
                sample.kind,
                sample.jurisdiction,
                sample.instrument,
                " ".join(period.code for period in sample.periods),
                sample.corrects,
                sample.justification_reason,
                sample.justification_text,
            )
        )
    return buffer.getvalue()


def golden_rows(returns: Sequence[SampleReturn]) -> list[Row]:
    """Return the final rows: the newest block of each series and period replaces older ones, patches apply to it."""
    blocks: dict[tuple[str, str, str], dict[tuple[object, ...], Row]] = {}
    for sample in returns:
        rows: dict[tuple[str, str], dict[tuple[object, ...], Row]] = defaultdict(dict)
        for row in sample.meaning:
            if row[:-2] in rows[row.freq, row.period]:
                raise ValueError(f"{sample.path} means one key twice: {row}")
            rows[row.freq, row.period][row[:-2]] = row
        for period in sample.periods:
            block = (sample.series, period.freq, period.code)
            new = rows.get((period.freq, period.code), {})
            blocks[block] = {**blocks[block], **new} if sample.kind == "patch" else new
    return sorted((row for block in blocks.values() for row in block.values()), key=lambda row: tuple(map(str, row)))


def list_golden_files(territory: str, rows: Iterable[Row]) -> list[tuple[str, set[str]]]:
    """Return the golden files of a territory with the instruments in each: cooperation has one with its own columns."""
    instruments = {row.instrument for row in rows}
    files = [(f"{territory}.csv", instruments - {"cooperation"})]
    if "cooperation" in instruments:
        files.append((f"cooperation/{territory}.csv", {"cooperation"}))
    return files


def golden_csv(rows: Iterable[Row]) -> str:
    """Return the text of a golden file."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    written = list(rows)
    is_cooperation = any(row.instrument == "cooperation" for row in written)
    absent = _NOT_OF_COOPERATION if is_cooperation else COOPERATION
    columns = [name for name in GOLDEN if name not in absent]
    writer.writerow(columns)
    for row in written:
        codes = row._asdict() | {"value": "" if row.value is None else f"{row.value:g}"}
        writer.writerow([codes[name] for name in columns])
    return buffer.getvalue()


def golden_events(returns: Sequence[SampleReturn]) -> list[Event]:
    """Return the final events of records of requests, those of the newest return of each series and period."""
    newest = {(sample.series, sample.periods): sample.events for sample in returns if sample.instrument == "requests"}
    return sorted((event for events in newest.values() for event in events), key=lambda event: tuple(map(str, event)))


def events_csv(events: Iterable[Event]) -> str:
    """Return the text of a golden file of records."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    columns = [name for name in Event._fields if name not in _NOT_OF_REQUESTS]
    writer.writerow(columns)
    for event in events:
        values = event._asdict()
        writer.writerow([values[name] for name in columns])
    return buffer.getvalue()


def make_editions(seed: int, scale: int, only: Sequence[str] | None, years: int) -> list[SampleReturn]:
    """Make `scale` editions: a further one comes from another seed, half a day later, and supersedes the last.

    Files of further editions carry `~<edition>` in their names.
    """
    editions = list(plan.make_returns(draw_truth(seed), only, years))
    for edition in range(2, scale + 1):
        for sample in plan.make_returns(draw_truth(seed + edition), only, years):
            moment = datetime.fromisoformat(sample.received_at) + timedelta(hours=12 * (edition - 1))
            path = _edition(sample.path, edition)
            editions.append(
                replace(
                    sample,
                    path=path,
                    received_at=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    corrects=_edition(sample.path, edition - 1),
                    justification_reason="source_error",
                    justification_text="Further edition for a benchmark",
                )
            )
    return editions


def _edition(path: str, edition: int) -> str:
    if edition == 1:
        return path
    file = Path(path)
    return file.with_name(f"{file.stem}~{edition}{file.suffix}").as_posix()


def write_returns(returns: Iterable[SampleReturn], folder: Path, golden: Path | None = None) -> list[SampleReturn]:
    """Write files, arrivals and, if asked, golden files; return what was written, by arrival.

    Raises ValueError if two returns have the same path.
    """
    ordered = order_returns(returns)
    if len({sample.path for sample in ordered}) != len(ordered):
        raise ValueError("two returns have the same path")
    for sample in ordered:
        target = folder / sample.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(sample.data)
    (folder / "arrivals.csv").write_text(arrivals_csv(ordered), encoding="utf-8")
    (folder / "SOURCE.md").write_text(SOURCE, encoding="utf-8")
    if golden is not None:
        golden.mkdir(parents=True, exist_ok=True)
        for territory in sorted({sample.territory for sample in ordered}):
            of_territory = [sample for sample in ordered if sample.territory == territory]
            rows = golden_rows(of_territory)
            if events := golden_events(of_territory):
                (golden / "requests").mkdir(exist_ok=True)
                (golden / "requests" / f"{territory}.csv").write_text(events_csv(events), encoding="utf-8")
            for path, instruments in list_golden_files(territory, rows):
                target = golden / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(golden_csv(row for row in rows if row.instrument in instruments), encoding="utf-8")
    return ordered
