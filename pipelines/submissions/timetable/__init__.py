"""The timetable of returns: deadlines, the board of what has arrived, and the calendar file."""

from pipelines.submissions.timetable.board import (
    ExpectedReturn,
    OfficeRow,
    Punctuality,
    State,
    TimetableBoard,
    build_board,
)
from pipelines.submissions.timetable.deadlines import Deadline, list_deadlines, to_come, within_pairs
from pipelines.submissions.timetable.ics import export_calendar
from pipelines.submissions.timetable.quarter_plan import QuarterPlan, plan_current_quarters, plan_quarter

__all__ = [
    "Deadline",
    "ExpectedReturn",
    "OfficeRow",
    "Punctuality",
    "QuarterPlan",
    "State",
    "TimetableBoard",
    "build_board",
    "export_calendar",
    "list_deadlines",
    "plan_current_quarters",
    "plan_quarter",
    "to_come",
    "within_pairs",
]
