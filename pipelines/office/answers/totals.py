"""Describe control totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipelines.core import codes
from pipelines.core.i18n import tell
from pipelines.findings.texts import code_words
from pipelines.office.answers.values import dimension_words

if TYPE_CHECKING:
    from pipelines.submissions.checking.control_totals import ControlTotal

_ADULTS = "Y_GE18"


def describe_control_total(total: ControlTotal, language: str) -> str:
    """Describe what a control total counts: `Indicted \N{MIDDLE DOT} Persons \N{MIDDLE DOT} Smuggling of migrants`.

    Stocks at the start and the end, totals of adults only and totals from January on are named as such.
    """
    parts = [
        *_describe_measure(total.measure, total.level, language),
        dimension_words("statistic", total.statistic, language),
        dimension_words("count_unit", total.count_unit, language),
        dimension_words("offence_group", total.offence_group, language),
        dimension_words("direction", total.direction, language),
        dimension_words("victim_status", total.victim_status, language),
        dimension_words("sex", total.sex, language),
        tell("adults only", language) if total.age == _ADULTS else dimension_words("age", total.age, language),
        dimension_words("accumulation", total.accumulation, language) if total.accumulation != "discrete" else "",
    ]
    return " \N{MIDDLE DOT} ".join(part for part in parts if part)


def describe_total(key: Mapping[str, str], language: str) -> str:
    """Describe what a total of a receipt adds: `Pending at first instance \N{MIDDLE DOT} Stock at the end`, and so on.

    `key` has `measure`, `level`, `statistic`, `count_unit` and `offence_group`.
    """
    parts = [
        *_describe_measure(key["measure"], key["level"], language),
        dimension_words("statistic", key["statistic"], language),
        dimension_words("count_unit", key["count_unit"], language),
        dimension_words("offence_group", key["offence_group"], language),
    ]
    return " \N{MIDDLE DOT} ".join(part for part in parts if part)


def _describe_measure(measure: str, level: str, language: str) -> tuple[str, str]:
    """Return the names of a measure and of its level, which is empty if the measure has one level only."""
    is_free = codes.get_code_attribute("measure", measure, "level_rule") == "free"
    return code_words("measure", measure, language), code_words("level", level, language) if is_free else ""
