"""The timetable: what is due of whom and when, what has come, and the calendar file of it.

Belongs here: deadlines of the territories' calendars, the board of returns, punctuality, the calendar file (ICS).
Does not belong here: mails (`pipelines/notices/`), what the public learns of coverage (dbt's `mart_coverage`).
"""

from pipelines.timetable.board import Board, Cell, Punctuality, Row, State, board
from pipelines.timetable.deadlines import Deadline, deadlines, to_come, within_pairs
from pipelines.timetable.ics import ics

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
