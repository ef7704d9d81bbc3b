"""Compare how long cases take, by case records: each territory that sends them has one figure for all their years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboards.public import charts, comparison, layout, queries, tables
from dashboards.public.comparison import Choice
from dashboards.public.pages import cards
from dashboards.public.pages.compared_pairs import list_pairs
from pipelines import words
from pipelines.words import Row, durations, trends
from pipelines.words.language import lower_first, tell


def _read_way(frame: layout.Frame, crime: str, choice: Choice) -> Row:
    """Return the declared duration that was chosen."""
    return next(row for row in queries.read_rows(frame.path, "duration_ways", crime) if row["metric"] == choice.code)


def _read_times(frame: layout.Frame, crime: str, choice: Choice) -> dict[str, dict[str, Row]]:
    """Return the figures of each area by statistic."""
    by_area: dict[str, dict[str, Row]] = {}
    for row in queries.read_rows(frame.path, "durations", _read_way(frame, crime, choice)["stage"], crime):
        by_area.setdefault(row["area"], {})[row["statistic"]] = row
    return by_area


@layout.keep_part
def show_medians(frame: layout.Frame, crime: str, choice: Choice, areas: tuple[str, ...]) -> None:
    """Show the sentences to quote: the median of each chosen territory, and which have no records."""
    by_area = _read_times(frame, crime, choice)
    medians = [(frame.marked_name(code), by_area[code].get("median")) for code in areas if code in by_area]
    without = [frame.marked_name(code) for code in areas if code not in by_area]
    name = tell(_read_way(frame, crime, choice)["name"])  # marked where declared
    crime_name = queries.read_labels(frame.path, "offence_group")[crime]
    layout.quote_sentence(durations.compose_sentence(name, crime_name, medians, without), frame)


@layout.keep_part
def show_times(frame: layout.Frame, crime: str, choice: Choice, areas: tuple[str, ...]) -> None:
    """Show the times after which 50%, 75% and 90% of the people of the chosen territories had waited."""
    by_area = _read_times(frame, crime, choice)
    with_records = [code for code in areas if code in by_area]
    name = tell(_read_way(frame, crime, choice)["name"])  # marked where declared
    crime_name = queries.read_labels(frame.path, "offence_group")[crime]
    title = f"{name}, {lower_first(crime_name)}"
    groups = [(frame.marked_name(code), by_area.get(code)) for code in areas]
    records = [(frame.marked_name(code), list(by_area[code].values())) for code in with_records]
    under = [*frame.lines_under_chart(*areas), durations.describe_records(records)]
    picture = charts.draw_durations(title, groups, under=under)
    layout.show_panels(frame, [picture], about=crime_name, key="times")
    notes = words.Notes()
    lines = [
        tables.Line(
            frame.row_heading(code, href=f"territory?territory={code}"),
            _build_cells(frame.id, frame.area_name(code), by_area.get(code), notes),
        )
        for code in areas
    ]
    columns = [tell("{title} (days)", title=title) for title in durations.QUANTILES.values()]
    layout.show_table(
        frame, title, columns, lines, corner=tell("Territory"), notes=notes, legend=True,
        coverage=durations.name_dates(records),
    )  # fmt: skip
    # Also those that were not chosen: a difference must not become clear because territories are left out.
    all_medians = {code: by_area[code].get("median") for code, _ in frame.territories if code in by_area}
    _show_pairs(frame, areas, all_medians)
    layout.put_heading(tell("Is the change real?"))
    layout.put_text(tell(trends.NO_SERIES))  # marked there
    cards.show_cards_of_figures(frame, [row for code in with_records for row in by_area[code].values()])


def _show_pairs(frame: layout.Frame, areas: Sequence[str], medians: Mapping[str, Row | None]) -> None:
    """Show which medians differ clearly; territories without case records have none."""
    layout.put_heading(tell("Is the difference real?"))
    if len(areas) < 2:
        layout.put_text(tell("Choose at least two territories."))
        return
    pairs = comparison.select_pairs(durations.compare_medians(medians), areas)
    if not pairs:
        layout.put_text(tell("No two territories have figures of this kind."))
        return
    list_pairs(frame, pairs)
    layout.put_small(tell(durations.TESTED_AS_PUBLISHED))  # marked there


def _build_cells(
    release: str, name: str, group: Mapping[str, Row] | None, notes: words.Notes
) -> tuple[tables.Cell, ...]:
    if group is None:
        return tuple(tables.value_cell(durations.format_no_records(), name) for _ in durations.QUANTILES)
    cells = []
    for statistic, title in durations.QUANTILES.items():
        row = group.get(statistic)
        reason = durations.explain_figure(row)
        cells.append(
            tables.value_cell(
                durations.format_limits(row),
                f"{name}, {title}",
                (notes.number_note(reason),) if reason else (),
                "" if row is None else tables.indicator_address(release, "duration", row),
                is_few=durations.is_shown_few(row),
            )
        )
    return tuple(cells)
