"""Show an indicator of the chosen territories in one period: a sentence to quote, a picture and a table."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.public import charts, comparison, layout, tables
from dashboards.public.frame import find_revised
from dashboards.public.pages.compared import Compared
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.front import sentences
from pipelines.front.charts import intervals
from pipelines.words import Row, figures, regions
from pipelines.words.language import tell

_ENOUGH = mark("Territories with large enough numbers to be compared: {n} of {whole}.")


def compose_sentence(compared: Compared, in_period: Mapping[str, Row], freq: str, period: str) -> str:
    """Return the sentences to quote: the figure of the region, its coverage, and how many can be compared."""
    frame, row = compared.frame, in_period.get(compared.frame.region)
    own_rows = [in_period.get(code) for code, _ in frame.territories]
    enough = sum(row is not None and row["value"] is not None and not comparison.is_few(row) for row in own_rows)
    # Counts are not compared, because territories differ in population.
    is_compared = compared.choice.kind != "count"
    name = comparison.name_with_scale(compared.name, compared.choice, freq)
    value = regions.quote_figure(row, compared.digits) if row is not None else tell(regions.NO_REGION)
    about = (frame.region, period, compared.crime_name, name, value)
    texts = [figures.describe_figure(*about, row, layout.read_vocabulary(frame))]
    if row is not None and row["value"] is not None:
        # The sentence has the number of territories.
        texts += figures.list_regional_states(row, _find_earlier(compared, row), of=compared.basis)
        texts.append(compared.coverage.list_absences(row))
    elif row is not None and regions.is_covered(row):
        texts.append(compared.coverage.describe_figure(row))
    texts.append(tell(_ENOUGH, n=enough, whole=len(own_rows)) if is_compared else "")
    return " ".join(filter(None, texts))


def _find_earlier(compared: Compared, row: Row) -> Row | None:
    """Return the earlier release that had another figure, which is known of counts."""
    return find_revised(compared.frame, row) if compared.choice.kind == "count" else None


@layout.keep_part
def show_sentence(frame: layout.Frame, compared: Compared, freq: str, period: str) -> None:
    """Show the sentences to quote."""
    in_period = comparison.select_period(compared.rows, period)
    layout.quote_sentence(compose_sentence(compared, in_period, freq, period), frame)


@layout.keep_part
def show_dots(frame: layout.Frame, compared: Compared, freq: str, period: str) -> None:
    """Show a dot with its interval for each territory, and the region as a line."""
    in_period = comparison.select_period(compared.rows, period)
    # A count of the region is the sum of those of the territories, not a level to compare them with.
    region = in_period.get(frame.region) if compared.choice.kind != "count" else None
    drawn = intervals.RegionComparison(
        compared.compose_title(freq, words.period_short(period)),
        [_make_row(compared, code, in_period.get(code)) for code in compared.areas],
        comparison.name_scale(compared.choice, freq),
        _make_row(compared, frame.region, region) if region is not None else None,
        compared.digits,
        is_share=compared.basis == "share",
    )
    picture = charts.draw_comparison(drawn, under=frame.lines_under_chart(*compared.areas))
    layout.show_panels(frame, [picture], about=comparison.name_column(compared.choice, freq), key="dots")
    layout.put_small(tell(sentences.WHY_INTERVAL))  # marked in front.sentences
    if _is_of_stages(compared):
        layout.put_small(tell(sentences.NO_FUNNEL))  # marked in front.sentences


def _is_of_stages(compared: Compared) -> bool:
    """Return True for figures of people at one stage, or of two stages that are of different people."""
    choice = compared.choice
    if choice.kind == "ratio":
        return compared.basis != "share"
    return choice.kind in ("count", "rate") and not choice.measure.startswith("victims")


def _make_row(compared: Compared, area: str, row: Row | None) -> intervals.TerritoryRow:
    name = compared.frame.marked_name(area)
    if area == compared.frame.region:
        name = figures.name_counted_area(area, row, layout.read_vocabulary(compared.frame))
    return intervals.TerritoryRow(name, compared.format_figure(row), is_few=comparison.is_few(row))


@layout.keep_part
def show_table(frame: layout.Frame, compared: Compared, freq: str, period: str) -> None:
    """Show the figures of the region and of the chosen territories."""
    in_period, notes = comparison.select_period(compared.rows, period), words.Notes()
    region = in_period.get(frame.region)
    lines = []
    if region is not None:
        heading = frame.row_heading(frame.region)
        lines.append(tables.Line(heading, (compared.build_cell(region, notes, frame.region),), is_total=True))
        covered = compared.coverage.build_cell(region, compared.name, notes)
        lines.append(tables.Line(tables.Cell(tell("Territories included")), (covered,)))
    for code in compared.areas:
        heading = frame.row_heading(code, href=f"territory?territory={code}")
        lines.append(tables.Line(heading, (compared.build_cell(in_period.get(code), notes, code),)))
    columns = [comparison.name_column(compared.choice, freq)]
    layout.show_table(
        frame, compared.compose_title(freq, words.period_short(period)), columns, lines, corner=tell("Area"),
        notes=notes, legend=True, coverage=words.join_words(map(frame.marked_name, compared.areas)),
        is_share=compared.basis == "share",
    )  # fmt: skip
