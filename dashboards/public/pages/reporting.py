"""Show who has reported: the coverage of a figure of the region, and the board of territories and periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from dashboards.public import charts, layout, queries, tables
from pipelines import words
from pipelines.front.charts import board as boards
from pipelines.front.charts import from_rows
from pipelines.words import Row, regions, reporting
from pipelines.words.coverage import (
    DEFAULT_MEASURE,
    STAGE_RETURNS,
    VICTIM_RETURNS,
    RegionCoverage,
    group_by_area,
    name_figure,
)
from pipelines.words.language import tell, upper_first
from pipelines.words.reporting import Reporting

_SHOWN = {"Q": 8, "A": 4}
"""Periods on the board, the newest."""


@dataclass(frozen=True)
class Coverage:
    """Which territories are in the region's figures of a page, and why the others are not."""

    frame: layout.Frame = field(compare=False)
    instruments: tuple[str, ...]
    crime: str
    unit: str

    @cached_property
    def _region(self) -> RegionCoverage:
        labels = queries.read_labels(self.frame.path, "instrument")
        names = {**labels, **{code: self.frame.marked_name(code) for code in self.frame.areas}}
        rows = queries.read_rows(self.frame.path, "coverage", self.instruments)
        territories = [(code, self.frame.marked_name(code)) for code, _ in self.frame.territories]
        return RegionCoverage(group_by_area(rows), names, territories)

    def list_absences(self, row: Row) -> str:
        """Name the territories that are not in a figure of the region, and why; empty text if all are in it."""
        if regions.count_reporters(row) == len(self.frame.territories):
            return ""
        return self._region.describe_absences(row, self.instruments, self._find_own_rows(row))

    def _find_own_rows(self, row: Row) -> Mapping[str, Row]:
        """Return the figures of the territories that are the same as a figure of the region, by territory.

        A rate, a share and a split have the status of their count; of a ratio, a version that a territory does not
        have is replaced by its recommended one.
        """
        where = (row["period"], self.crime, self.unit)
        if row.get("version") or "days" in row:
            rows = queries.read_rows(self.frame.path, "own_ratios" if row.get("version") else "own_clearance",
                                     row["metric"], *where)  # fmt: skip
            rows = tuple(sorted(rows, key=lambda member: member.get("version") != row.get("version")))
            return {member["area"]: member for member in reversed(rows)}
        measure = str(row.get("measure") or DEFAULT_MEASURE)
        rows = queries.read_rows(self.frame.path, "own_cells", measure, *where)
        for dimension in ("sentence_type", "sentence_band"):
            unnamed = queries.find_unnamed(self.frame.path, dimension, (measure,), self.crime, self.unit)
            rows += tuple(member for member in unnamed if member["period"] == row["period"])
        # A stage that a territory counts for adults only has a total of adults, and an empty row of all ages.
        is_total = bool(row.get("is_total", row.get("dimension", "_Z") == "_Z"))
        rows = tuple(member for member in rows if bool(member["is_total"]) == is_total)
        figure = {**row, "metric": None, "measure": measure, "offence_group": self.crime, "is_total": is_total}
        return {member["area"]: member for member in reversed(rows) if name_figure(member) == name_figure(figure)}

    def list_absent_parts(self, territory: str, row: Row) -> str:
        """Name the parts of a territory that are not in its figure, and why; empty text if all are in it."""
        parts = [(part, self.frame.area_name(part)) for part in self.frame.list_jurisdictions(territory)]
        return self._region.describe_absences(row, self.instruments, {}, areas=parts)

    def explain_missing_parts(self, territory: str, row: Row | None) -> str:
        """Return which parts a total without a figure lacks, and why; empty text if that is not the reason."""
        parts = self.frame.list_jurisdictions(territory)
        if not parts or row is None or row["value"] is not None or not 0 < row["n_reported"] < row["n_expected"]:
            return ""
        needed = tell("The total needs all {n} parts.", n=len(parts))
        return f"{needed} {self.list_absent_parts(territory, row)}"

    def describe_figure(self, row: Row) -> str:
        """Describe the coverage of a figure in sentences."""
        return self._region.describe_cover(row, self.list_absences(row))

    def name_territories(self, columns: Sequence[tuple[str, Row | None]]) -> str:
        """Name the territories in the region's figures of a table, for its downloads and its citation."""
        return regions.name_territories(self.frame.area_name(self.frame.region), columns, self._region.territories)

    def build_cell(self, row: Row | None, what: str, notes: words.Notes) -> tables.Cell:
        """Return '5 of 7' as a field, with a note on the territories that are not in the figure."""
        if row is None:
            absent = tell(words.NOT_COLLECTED)
            return tables.Cell(absent, f"{what}: {absent}", kind="note")
        if not regions.has_members(row):
            figure = regions.refuse_figure()
            return tables.Cell(figure.text, f"{what}: {figure.spoken}", kind="note")
        absences = self.list_absences(row)
        text = tell("{n} of {whole}", n=regions.count_reporters(row), whole=len(self.frame.territories))
        marks = [notes.number_note(regions.explain_too_few(), is_unfolded=True)] if regions.is_refused(row) else []
        if absences:
            marks.append(notes.number_note(absences, is_unfolded=row.get("value") is not None))
        spoken = tell("{count} territories", count=text)
        return tables.Cell(text, f"{what}: {spoken}", tuple(marks), kind="note")


@layout.keep_part
def show_board(frame: layout.Frame) -> None:
    """Show which returns of each territory arrived on time, late, in part or not at all, the newest period last."""
    layout.put_heading(tell("Who has reported"))
    rows = queries.read_rows(frame.path, "coverage", (*STAGE_RETURNS, *VICTIM_RETURNS))
    labels = queries.read_labels(frame.path, "instrument")
    names = {**labels, **{code: frame.area_name(code) for code in frame.areas}}
    by_territory = group_by_area(rows)
    for freq, title in (("Q", tell("Returns by quarter")), ("A", tell("Returns by year"))):
        of_freq = [row for row in rows if row["freq"] == freq]
        periods = sorted({row["period"] for row in of_freq})[-_SHOWN[freq] :]
        if not periods:
            continue
        notes = words.Notes()
        lines = [
            tables.Line(
                _head_line(frame, code, reporting.name_returns(by_territory.get(code, ()), labels), notes),
                tuple(
                    _board_cell(frame, code, period, [r for r in of_freq if r["territory"] == code], names, notes)
                    for period in periods
                ),
            )
            for code, _ in frame.territories
        ]
        if freq == "Q":
            _show_picture(frame, title, periods, of_freq, names)
        columns = [words.period_short(period) for period in periods]
        layout.show_table(frame, title, columns, lines, corner=tell("Territory"), notes=notes, notes_title="")
    layout.put_html(
        tables.render_facts([(upper_first(reporting.STATES[code]), text) for code, text in reporting.LEGEND.items()])
    )


def _head_line(frame: layout.Frame, code: str, note: str, notes: words.Notes) -> tables.Cell:
    """Return the name of a territory; `note` says which of its returns come by quarter and which by year."""
    heading = frame.row_heading(code, href=f"territory?territory={code}")
    return replace(heading, marks=(*heading.marks, notes.number_note(note))) if note else heading


def _show_picture(
    frame: layout.Frame, title: str, periods: Sequence[str], rows: Sequence[Row], names: Mapping[str, str]
) -> None:
    """Show the states of all territories as signs, the newest period last, as in the table."""
    lines = []
    for code, _ in frame.territories:
        own_rows = [row for row in rows if row["territory"] == code]
        states = [from_rows.make_state(_judge_period(own_rows, period, names)) for period in periods]
        lines.append(boards.TerritoryStates(frame.marked_name(code), states))
    drawn = boards.StateBoard(title, periods, lines, reporting.STATES)
    under = frame.lines_under_chart(*(code for code, _ in frame.territories))
    layout.show_panels(frame, [charts.draw_board(drawn, under=under)], about=title, key="board")


def _judge_period(rows: Sequence[Row], period: str, names: Mapping[str, str]) -> Reporting:
    """Return whether the returns of a territory arrived; one that never reports for such a period is not due."""
    return reporting.judge_reporting(rows, period, names) if rows else Reporting("not_due")


def _board_cell(
    frame: layout.Frame, code: str, period: str, rows: Sequence[Row], names: Mapping[str, str], notes: words.Notes
) -> tables.Cell:
    judged = _judge_period(rows, period, names)
    text, area = reporting.format_state(judged), frame.marked_name(code)
    note = reporting.note_state(area, period, judged, is_reporting=bool(rows))
    marks = (notes.number_note(note),) if note else ()
    return tables.Cell(text, f"{area}, {words.period_short(period)}: {text}", marks, kind="note")
