"""The round of a quarter: the acts that the program carries out on its days, and how far the round is.

The days come from the timetable of returns, the minute of the release from the release calendar. Imports `submissions`
and `publication`; the schedules are in `pipelines/defs/quarter.py`.
"""

from pipelines.refresh.quarter.acts import DueAct, carry_out_act, find_due_acts
from pipelines.refresh.quarter.progress import CorrectedRelease, QuarterProgress, QuarterStep, Wait, measure_progress
from pipelines.refresh.quarter.release_days import NextRelease, find_next_release, set_release_days

__all__ = [
    "CorrectedRelease",
    "DueAct",
    "NextRelease",
    "QuarterProgress",
    "QuarterStep",
    "Wait",
    "carry_out_act",
    "find_due_acts",
    "find_next_release",
    "measure_progress",
    "set_release_days",
]
