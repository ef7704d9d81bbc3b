"""The timetable: what is due of whom and when, what has come, and the calendar file of it."""

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
