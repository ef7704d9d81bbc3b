"""Compose whether registered requests, and the share of them executed in full, changed between two years."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.design.components import Markup
from pipelines.front.pages import changes
from pipelines.front.pages.cooperation_breakdowns import name_directions, name_lacking, select_rows
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, format_figure
from pipelines.statistics.thresholds import ENOUGH_EVENTS, is_few_part
from pipelines.words import Row, indicators, language, trends
from pipelines.words.language import tell

_REGISTERED: Final = "requests_registered"
_EXECUTED: Final = "requests_executed"
_TOTAL: Final = "_T"


FEW_NUMBERS: Final = mark("Numbers with the word “few” are below {enough}.")
FEW_SHARES: Final = mark(
    "Shares with the word “few”: fewer than {enough} requests were executed in full, or fewer than {enough} ended in "
    "another way."
)


def explain_few(*texts: str) -> str:
    """Return the note on the word "few" in a table of numbers of requests, of shares of them, or of both."""
    explained = [tell(text, enough=ENOUGH_EVENTS) for text in texts]  # marked above
    return " ".join([*explained, tell("Chance alone can change them a lot.")])


def is_few_share(row: Row | None) -> bool:
    """Return True if too few requests were executed in full, or too few ended in another way."""
    return row is not None and row["share"] is not None and is_few_part(row["executed"], row["closed"])


def compose_changes(reader: Reader, crime: str, years: Sequence[int]) -> list[FigureTable]:
    """Return whether the registered requests of each territory, and the share executed in full, changed between the
    first and the last of up to three years; nothing with one year."""
    span = changes.choose_span(sorted(map(str, years)))
    if span is None:
        return []
    of_years = [select_rows(reader, "cooperation", crime, year=int(year)) for year in span]
    registered = [
        {(row["territory"], row["direction"]): row for row in rows if _is_registered_total(row)} for rows in of_years
    ]
    of_years = [select_rows(reader, "cooperation_outcome", crime, year=int(year)) for year in span]
    executed = [
        {(row["territory"], row["direction"]): {**row, "value": row["share"]} for row in rows} for rows in of_years
    ]
    return [
        _compose_tested(
            reader,
            f"{reader.find_label('measure', _REGISTERED)}, {reader.name_crime(crime)}",
            "changes",
            span,
            registered,
            _judge_registered,
            lambda row: row is not None and words.is_few(row),
            explain_few(FEW_NUMBERS),
        ),
        _compose_tested(
            reader,
            f"{reader.find_label('measure', _EXECUTED)} (%), {reader.name_crime(crime)}",
            "executed-changes",
            span,
            executed,
            _judge_executed,
            is_few_share,
            explain_few(FEW_SHARES),
        ),
    ]


def _is_registered_total(row: Row) -> bool:
    return (row["measure"], row["statistic"], row["partner"]) == (_REGISTERED, "count", _TOTAL)


def _judge_registered(first: Row | None, last: Row | None) -> trends.Trend:
    return trends.judge_trend(first, last, (), unclear=trends.UNCLEAR_OF_REQUESTS)


def _judge_executed(first: Row | None, last: Row | None) -> trends.Trend:
    before, after = (
        None if row is None else {**row, "numerator": row["executed"], "denominator": row["closed"]}
        for row in (first, last)
    )
    return trends.judge_figures("part", before, after, (), unclear=trends.UNCLEAR_OF_REQUESTS)


def _compose_tested(
    reader: Reader,
    caption: str,
    name: str,
    span: changes.Span,
    by_year: Sequence[Mapping[tuple[str, str], Row]],
    judge: Callable[[Row | None, Row | None], trends.Trend],
    is_few: Callable[[Row | None], bool],
    few: str,
) -> FigureTable:
    """Return the changes of a figure of incoming and of outgoing requests, of each territory that has it."""
    table = changes.make_table(reader, caption, span, name, tell("Territory"))
    table.few = few
    lines = []
    for code in reader.edition.territories:
        for direction, title in name_directions().items():
            first, last = (rows.get((code, direction)) for rows in by_year)
            if first is None and last is None:
                continue
            figures = [
                words.format_status(name_lacking(reader, code, int(year)))
                if row is None
                else indicators.format_figure({**row, "state": ""})
                for row, year in zip((first, last), span, strict=True)
            ]
            heading = Markup("{}, {}").format(table.name_area(code), language.lower_first(title))
            fields = (format_figure(figures[0], is_few=is_few(first)), format_figure(figures[1], is_few=is_few(last)))
            lines.append(changes.TestedLine(heading, fields, (figures[0], figures[1]), judge(first, last)))
    return changes.add_lines(table, lines, trends.READ_REQUESTS)
