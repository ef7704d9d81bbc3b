"""Show whether an indicator changed between an earlier period, which can be chosen, and the newest one."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.public import choices, layout, tables
from dashboards.public.pages.compared import Compared
from dashboards.public.pages.compared_trends import find_breaks
from pipelines import words
from pipelines.statistics.change import Kind
from pipelines.words import Row, changes, trends
from pipelines.words.language import tell

_SPAN = {"A": 2, "Q": 4}
"""Periods between the two at first: two years, or the same quarter of the year before."""


def show_changes(compared: Compared, freq: str, periods: Sequence[str]) -> None:
    """Show the change of the region and of each chosen territory; `periods` are oldest first."""
    choice = compared.choice
    layout.put_heading(tell("Is the change real?"))
    if choice.code.startswith(("disposition_time", "case_turnover")):
        layout.put_text(tell(trends.NO_STOCKS))  # marked there
        return
    earlier, last = list(periods[:-1]), periods[-1]
    since = choices.choose_option(
        tell("Since"), "from", tuple(reversed(earlier)), default=earlier[-min(_SPAN.get(freq, 1), len(earlier))],
        say=words.period_short, boxed=True, width=140, of=f"{choice.kind}.{choice.code}.{freq}.",
    )  # fmt: skip
    _show_table(compared.frame, compared, freq, since, last)


@layout.keep_part
def _show_table(frame: layout.Frame, compared: Compared, freq: str, since: str, last: str) -> None:
    kind = _find_kind(compared)
    at = {(row["area"], row["period"]): row for row in compared.rows if row["freq"] == freq}
    names = [words.period_short(period) for period in (since, last)]
    notes, lines, judged = words.Notes(), [], []
    for area in (frame.region, *compared.areas):
        ends = [at.get((area, period)) for period in (since, last)]
        trend = _judge_change(compared, kind, area, *ends)
        judged.append(trend)
        cells = [compared.build_cell(row, notes, area, name) for row, name in zip(ends, names, strict=True)]
        verdict, times = trends.name_verdict(trend, cells), trends.format_times(trend) or tell("not compared")
        marks = (notes.number_note(trend.note, is_unfolded=True),) if trend.note else ()
        subject = frame.area_name(area)
        cells += [
            tables.Cell(times, f"{subject}: {times}"),
            tables.Cell(verdict, f"{subject}: {verdict}", marks, kind="note"),
        ]
        href = "" if area == frame.region else f"territory?territory={area}"
        lines.append(tables.Line(frame.row_heading(area, href=href), tuple(cells), is_total=area == frame.region))
    layout.show_table(
        frame,
        compared.compose_title(freq, tell("{first} and {last}", first=names[0], last=names[1])),
        [*names, trends.name_ratio(*names), tell("Clear change?")],
        lines,
        corner=tell("Area"),
        notes=notes,
        coverage=words.join_words(map(frame.marked_name, (frame.region, *compared.areas))),
    )
    layout.put_small(" ".join(filter(None, (tell(trends.READ), trends.count_tested(judged)))))  # marked there


def _find_kind(compared: Compared) -> Kind | None:
    """Return how the indicator is tested; None for counts."""
    if compared.basis == "count":
        return "rate" if compared.choice.kind == "rate" else None
    return "part" if compared.basis == "share" else "ratio"


def _judge_change(
    compared: Compared, kind: Kind | None, area: str, first: Row | None, last: Row | None
) -> trends.Trend:
    inside: list[Row] = []
    if first is not None and last is not None:
        # The earlier count of a ratio with a time lag is of an earlier period.
        start = str(first.get("denominator_period") or first["period"])
        all_breaks = find_breaks(compared, area, [first])
        inside = [row for row in all_breaks if changes.is_between(row, start, str(last["period"]))]
    return trends.judge_trend(first, last, inside) if kind is None else trends.judge_figures(kind, first, last, inside)
