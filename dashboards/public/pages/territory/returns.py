"""Show the returns that a release uses of one territory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.public import layout, queries, tables
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.words.language import Texts, many, tell

Row = Mapping[str, Any]
_KINDS: Mapping[str, str] = Texts({"full": mark("whole return"), "patch": mark("corrections only")})
_NEWEST = 10
"""Number of returns shown on the page; older ones are collapsed."""


@layout.keep_part
def show_returns(frame: layout.Frame, area: str) -> None:
    """Show the returns that the release uses, the newest first."""
    layout.put_heading(tell("Data received"))
    rows = queries.read_rows(frame.path, "submissions", area)
    if not rows:
        layout.put_text(tell("This release uses no data from this territory."))
        return
    title = tell("Returns accepted for this release, newest first")
    newest, older = rows[:_NEWEST], rows[_NEWEST:]
    name = frame.marked_name(area)
    layout.show_table(
        frame, title, *build_submission_table(frame, newest), corner=tell("Received"), text=True, coverage=name
    )
    if older:
        with layout.open_fold(many("{n} older return", "{n} older returns", len(older))):
            title = tell("Older returns accepted for this release")
            layout.show_table(
                frame, title, *build_submission_table(frame, older), corner=tell("Received"), text=True, coverage=name
            )


def build_submission_table(frame: layout.Frame, returns: Sequence[Row]) -> tuple[list[str], list[tables.Line]]:
    """Return headings and lines of a table of returns. File names are left out because they belong to the office."""
    instruments = queries.read_labels(frame.path, "instrument")
    received_by_id = {row["submission_id"]: _format_day(row["received_at"]) for row in returns}
    headings = [tell("From"), tell("About"), tell("Periods"), tell("Kind"), tell("Accepted"), tell("Replaces")]
    lines = []
    for row in returns:
        replaced = row["corrects_submission_id"]
        lines.append(
            tables.Line(
                tables.Cell(_format_day(row["received_at"])),
                (
                    tables.Cell(frame.area_name(row["jurisdiction"] or row["territory"])),
                    tables.Cell(instruments.get(row["instrument"], row["instrument"] or "")),
                    tables.Cell(_name_periods(row)),
                    tables.Cell(tell("nil return") if row["is_nil"] else _KINDS.get(row["kind"], row["kind"] or "")),
                    tables.Cell(_format_day(row["accepted_at"])),
                    tables.Cell(received_by_id.get(replaced, tell("an earlier return")) if replaced else ""),
                ),
            )
        )
    return headings, lines


def _name_periods(row: Row) -> str:
    first, last = row["first_period"], row["last_period"]
    if not first:
        return ""
    if first == last:
        return words.period_short(first)
    return tell("{first} to {last}", first=words.period_short(first), last=words.period_short(last))


def _format_day(value: Any) -> str:
    return str(value)[:10] if value else ""
