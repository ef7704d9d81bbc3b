"""Compose the reporting board: which returns of each territory arrived on time, late, in part or not at all."""

from __future__ import annotations

from pipelines import words
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable
from pipelines.words import reporting
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
        [words.period_short(period) for period in periods],
        is_text=True,
        name=f"board-{freq.lower()}",
    )
    for code, states in board.items():
        heading = table.name_area(code)
        fields = [
            table.note_field(
                reporting.format_state(judged),
                reporting.note_state(reader.marked_name(code), period, judged, is_reporting=is_reporting),
            )
            for period, (judged, is_reporting) in zip(periods, states, strict=True)
        ]
        table.add_row(heading, fields)
    return table


def list_states() -> list[tuple[str, str]]:
    """Return the states of the board with their explanations."""
    return [(words.language.upper_first(reporting.STATES[code]), reporting.LEGEND[code]) for code in reporting.STATES]
