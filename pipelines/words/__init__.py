"""Figures, coverage, changes and comparisons as sentences: pure functions that all pages share.

The names that most pages need are here; they are defined in `formatting.py`, `notes.py`, `terms.py`, `citations.py`
and `language.py`.  The other modules form the sentences of one subject.
"""

from __future__ import annotations

from pipelines.words.citations import DEMONSTRATION, cite_release, cite_table, describe_path
from pipelines.words.formatting import (
    LEGEND,
    NOT_COLLECTED,
    TOO_FEW,
    UNAVAILABLE,
    WITHHELD,
    FormattedFigure,
    Row,
    add_interval,
    describe_few_state,
    format_absent,
    format_count,
    format_rate,
    format_status,
    format_value,
    is_awaited,
    is_few,
    speak_interval,
)
from pipelines.words.language import format_number, split_thousands, thousands_sign
from pipelines.words.notes import (
    ADULTS_ONLY,
    FLAGS,
    Notes,
    count_more_notes,
    describe_common_note,
    describe_flag,
    mark_notes,
)
from pipelines.words.terms import (
    RATES_OF_PERIOD,
    TRACK_WORDS,
    TRACKS,
    count_units,
    describe_coverage,
    format_day,
    format_month,
    join_words,
    period_short,
    period_words,
    stage_name,
    unit_name,
)

__all__ = [
    "ADULTS_ONLY",
    "DEMONSTRATION",
    "FLAGS",
    "LEGEND",
    "NOT_COLLECTED",
    "RATES_OF_PERIOD",
    "TOO_FEW",
    "TRACKS",
    "TRACK_WORDS",
    "UNAVAILABLE",
    "WITHHELD",
    "FormattedFigure",
    "Notes",
    "Row",
    "add_interval",
    "cite_release",
    "cite_table",
    "count_more_notes",
    "count_units",
    "describe_common_note",
    "describe_coverage",
    "describe_few_state",
    "describe_flag",
    "describe_path",
    "format_absent",
    "format_count",
    "format_day",
    "format_month",
    "format_number",
    "format_rate",
    "format_status",
    "format_value",
    "is_awaited",
    "is_few",
    "join_words",
    "mark_notes",
    "period_short",
    "period_words",
    "speak_interval",
    "split_thousands",
    "stage_name",
    "thousands_sign",
    "unit_name",
]
