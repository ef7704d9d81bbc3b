"""Compose boards of territories and periods: which returns arrived on time, how many were late, how full they were."""

from __future__ import annotations

from pipelines import words
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, attach_numbers
from pipelines.words import Row, quality, reporting
from pipelines.words.language import tell
from pipelines.words.reporting import Reporting

SHOWN = {"Q": 8, "A": 4}
"""Periods on the board, the newest."""


def judge_board(reader: Reader, freq: str) -> tuple[list[str], dict[str, list[tuple[Reporting, bool]]]]:
    """Return the newest periods, oldest first, and the state of each territory in each of them.

    The second of each pair is False if the territory does not report for this kind of period.
    """
    edition = reader.edition
    periods = edition.list_board_periods(freq, SHOWN[freq])[::-1]
    board = {}
    for code in edition.territories:
        rows = [row for row in edition.coverage.get(code, ()) if row["freq"] == freq and row["territory"] == code]
        board[code] = [
            (reporting.judge_reporting(rows, period, reader.parts) if rows else Reporting("not_due"), bool(rows))
            for period in periods
        ]
    return periods, board


def compose_board(reader: Reader, freq: str) -> FigureTable:
    """Return the board as a table of words."""
    periods, board = judge_board(reader, freq)
    table = FigureTable(
        reader,
        tell("Returns by quarter") if freq == "Q" else tell("Returns by year"),
        tell("Territory"),
        [words.period_brief(period) for period in periods],
        is_text=True,
        name=f"board-{freq.lower()}",
    )
    for code, states in board.items():
        returns = (row for row in reader.edition.coverage.get(code, ()) if row["territory"] == code)
        heading = table.name_area(code, notes=[reporting.name_returns(returns, reader.parts)])
        fields = [
            table.note_field(
                reporting.format_state(judged),
                reporting.note_state(reader.marked_name(code), period, judged, is_reporting=is_reporting),
            )
            for period, (judged, is_reporting) in zip(periods, states, strict=True)
        ]
        table.add_row(heading, fields)
    if freq == "A" and reader.edition.tables.get("cooperation"):
        table.notes.add_remark(tell("Returns on cooperation are not counted here."))
    return table


def judge_shares(reader: Reader, indicator: str) -> tuple[list[str], dict[str, list[Row | None]]]:
    """Return the newest quarters, oldest first, and the rows of a share of each territory in each of them."""
    rows = {
        (row["territory"], row["period"]): row
        for row in reader.edition.tables["quality_quarter"]
        if row["indicator"] == indicator
    }
    periods = sorted({period for _, period in rows})[-SHOWN["Q"] :]
    return periods, {code: [rows.get((code, period)) for period in periods] for code in reader.edition.territories}


def compose_shares(reader: Reader, indicator: str) -> FigureTable:
    """Return the board of a share as a table of numbers, with the reason where there is none."""
    periods, board = judge_shares(reader, indicator)
    columns = [words.period_brief(period) for period in periods]
    name = indicator.lower().replace("_", "-")
    table = FigureTable(reader, quality.SHARES[indicator], tell("Territory"), columns, name=name)
    for code, rows in board.items():
        heading = table.name_area(code)
        levels = [(row, *quality.judge_share(row)) for row in rows]
        fields = [
            (attach_numbers(quality.format_share(share), share) if share % 1 else quality.format_share(share))
            if share is not None
            else table.note_field(quality.LEVELS[level], quality.note_share(row, level))
            for row, level, share in levels
        ]
        table.add_row(heading, fields)
    return table


def list_states() -> list[tuple[str, str]]:
    """Return the states of the board with their explanations."""
    return [(words.language.upper_first(reporting.STATES[code]), reporting.LEGEND[code]) for code in reporting.STATES]
