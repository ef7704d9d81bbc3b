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
from tests.samples.rows import MadeReturn, Row
from tests.samples.truth import draw

COLUMNS = (
    "file", "sha256", "received_at", "sender", "approver", "kind", "jurisdiction", "instrument", "periods", "corrects",
    "justification_reason", "justification_text",
)  # fmt: skip
GOLDEN = Row._fields
SOURCE = """# Demonstration data

Every file in this folder is invented. The files look as the named offices might send them, in their languages,
formats and conventions. No office made, saw or approved them, and no number in them is a real figure.

`python -m tests.samples` writes the files from one seed; regenerating them gives identical bytes. The same
program writes `tests/golden/`, which states what each file means. `arrivals.csv` lists when each file arrived,
from whom, which file it corrects, and how the office justifies any warnings. Articles of law are real (see
`pipelines/territories/*/law.csv`).

`try/` has files for each office that are not part of the demonstration, to upload and see what happens.
"""


CONFIRMED = "Demonstration: figures compared with the office's own records and confirmed"
"""What an office answers to a warning unless it has something of its own to say."""


def ordered(returns: Iterable[MadeReturn]) -> list[MadeReturn]:
    """Returns by arrival, then path, with sender, approver and the answer to warnings filled in."""
    filled = [
        replace(
            one,
            sender=one.sender or plan.sender(one.source),
            approver=one.approver or plan.approver(one.source),
            justification_reason=one.justification_reason or "confirmed_with_source",
            justification_text=one.justification_text or CONFIRMED,
        )
        for one in returns
    ]
    return sorted(filled, key=lambda one: (one.received_at, one.path))


def arrivals_csv(returns: Sequence[MadeReturn]) -> str:
    """The text of `arrivals.csv` for returns in the order of their arrival."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in returns:
        writer.writerow(
            (
                one.path,
                hashlib.sha256(one.data).hexdigest(),
                one.received_at,
                one.sender,
                one.approver,
                one.kind,
                one.jurisdiction,
                one.instrument,
                " ".join(period.code for period in one.periods),
                one.corrects,
                one.justification_reason,
                one.justification_text,
            )
        )
    return out.getvalue()


def golden_rows(returns: Sequence[MadeReturn]) -> list[Row]:
    """Rows that hold in the end: the newest block of each series and period wins whole, a patch is laid over it."""
    blocks: dict[tuple[str, str, str], dict[tuple[object, ...], Row]] = {}
    for one in returns:
        rows: dict[tuple[str, str], dict[tuple[object, ...], Row]] = defaultdict(dict)
        for row in one.meaning:
            if row[:-2] in rows[row.freq, row.period]:
                raise ValueError(f"{one.path} means one key twice: {row}")
            rows[row.freq, row.period][row[:-2]] = row
        for period in one.periods:
            block = (one.series, period.freq, period.code)
            new = rows.get((period.freq, period.code), {})
            blocks[block] = {**blocks[block], **new} if one.kind == "patch" else new
    return sorted((row for block in blocks.values() for row in block.values()), key=lambda row: tuple(map(str, row)))


def golden_csv(rows: Iterable[Row]) -> str:
    """The text of a golden file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(GOLDEN)
    for row in rows:
        value = "" if row.value is None else f"{row.value:g}"
        writer.writerow((*row[:-2], value, row.obs_status))
    return out.getvalue()


def scaled(seed: int, scale: int, only: Sequence[str] | None, years: int) -> list[MadeReturn]:
    """`scale` times the returns: a further edition comes from another seed, half a day later, and supersedes the last.

    Files of further editions carry `~<edition>` in their names.
    """
    out = list(plan.made(draw(seed), only, years))
    for edition in range(2, scale + 1):
        for one in plan.made(draw(seed + edition), only, years):
            moment = datetime.fromisoformat(one.received_at) + timedelta(hours=12 * (edition - 1))
            path = _edition(one.path, edition)
            out.append(
                replace(
                    one,
                    path=path,
                    received_at=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    corrects=_edition(one.path, edition - 1),
                    justification_reason="source_error",
                    justification_text="Further edition for a benchmark",
                )
            )
    return out


def _edition(path: str, edition: int) -> str:
    if edition == 1:
        return path
    file = Path(path)
    return file.with_name(f"{file.stem}~{edition}{file.suffix}").as_posix()


def write(returns: Iterable[MadeReturn], out: Path, golden: Path | None = None) -> list[MadeReturn]:
    """Writes files, arrivals and (where asked) golden files; returns what was written, by arrival.

    Raises ValueError where two returns have one path.
    """
    inorder = ordered(returns)
    if len({one.path for one in inorder}) != len(inorder):
        raise ValueError("two returns have the same path")
    for one in inorder:
        target = out / one.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(one.data)
    (out / "arrivals.csv").write_text(arrivals_csv(inorder), encoding="utf-8")
    (out / "SOURCE.md").write_text(SOURCE, encoding="utf-8")
    if golden is not None:
        golden.mkdir(parents=True, exist_ok=True)
        for territory in sorted({one.territory for one in inorder}):
            mine = [one for one in inorder if one.territory == territory]
            (golden / f"{territory}.csv").write_text(golden_csv(golden_rows(mine)), encoding="utf-8")
    return inorder
