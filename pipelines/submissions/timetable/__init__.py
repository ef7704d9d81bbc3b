"""The timetable of returns: deadlines, the board of what has arrived, and the calendar file."""

from pipelines.submissions.timetable.board import Board, Cell, Punctuality, Row, State, board
from pipelines.submissions.timetable.deadlines import Deadline, deadlines, to_come, within_pairs
from pipelines.submissions.timetable.ics import ics

__all__ = [
    "Board",
    "Cell",
    "Deadline",
    "Punctuality",
    "Row",
    "State",
    "board",
    "deadlines",
    "ics",
    "to_come",
    "within_pairs",
]
