"""Draw the boards of the static pages: returns by quarter, and shares of them."""

from __future__ import annotations

from pipelines.front import pages
from pipelines.front.charts import board as boards
from pipelines.front.charts import from_rows
from pipelines.front.pages.board import judge_board, judge_shares
from pipelines.front.pictures import PictureFile, draw_once, list_notes
from pipelines.front.reader import Reader
from pipelines.words import Row, quality, reporting
from pipelines.words.language import tell


@draw_once
def draw_board(reader: Reader) -> PictureFile | None:
    """Return the reporting board of the newest quarters; None if no return of a quarter was ever due or received."""
    periods, states = judge_board(reader, "Q")
    if not periods:
        return None
    lines = [
        boards.TerritoryStates(
            reader.marked_name(code),
            [from_rows.make_state(judged) for judged, _ in judged_periods],
        )
        for code, judged_periods in states.items()
    ]
    board = boards.StateBoard(tell("Returns by quarter"), periods, lines, reporting.STATES)
    notes = list_notes(reader, reader.edition.territories)
    return PictureFile(
        pages.name_picture("board"), board.title, lambda width: boards.draw_board(board, width=width, notes=notes)
    )


def draw_shares(reader: Reader, indicator: str) -> PictureFile | None:
    """Return the board of a share of territories by quarter; None in a release without quarters."""
    periods, rows_by_area = judge_shares(reader, indicator)
    if not periods:
        return None
    lines = [
        boards.TerritoryStates(reader.marked_name(code), [_make_share(row) for row in rows])
        for code, rows in rows_by_area.items()
    ]
    board = boards.StateBoard(quality.SHARES[indicator], periods, lines, quality.LEVELS, has_numbers=True)
    notes = list_notes(reader, reader.edition.territories)
    name = pages.name_picture(f"board-{indicator}")
    return PictureFile(name, board.title, lambda width: boards.draw_board(board, width=width, notes=notes))


def _make_share(row: Row | None) -> boards.TerritoryState:
    level, share = quality.judge_share(row)
    if share is None:
        return boards.TerritoryState(level, quality.LEVELS[level])
    number = quality.format_share(share)
    return boards.TerritoryState(level, f"{number}%", number)
