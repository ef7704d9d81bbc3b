"""Put values and keys into words, keeping zero, missing, not applicable and withheld distinct."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from pipelines.core import codes
from pipelines.core.i18n import tell
from pipelines.findings.texts import code_words
from pipelines.office.answers.model import FormattedValue
from pipelines.words.language import lower_first

_WITHOUT_VALUE: dict[str, Literal["missing", "not_applicable", "withheld"]] = {
    "M": "not_applicable",
    "Q": "withheld",
}
_SPOKEN = (
    "measure",
    "level",
    "statistic",
    "count_unit",
    "unit_measure",
    "offence",
    "law_article",
    "person_type",
    "victim_status",
    "sex",
    "age",
    "exploitation",
    "citizenship",
    "sentence_type",
    "sentence_band",
    "direction",
    "partner",
    "assistance",
    "legal_basis",
    "channel",
    "refusal_reason",
    "days_band",
)
"""Dimensions that are named, in this order."""
_SILENT = frozenset({"_T", "_Z", "NR", "none", ""})
"""Codes that carry no information for a reader: total, not asked, a number."""
_RULE = ("statistic", "count")
"""The events of a period, as which most figures are counted: only stocks at its start and end are named."""


@lru_cache(maxsize=8192)
def format_value(value: float | None, obs_status: str, language: str) -> FormattedValue:
    """Format a value for display. A missing one has its reason in words, a number of unusual status has its status."""
    if value is None:
        state = _WITHOUT_VALUE.get(obs_status, "missing")
        return FormattedValue(None, state, obs_status, code_words("obs_status", obs_status, language))
    number = f"{value:.0f}" if value == int(value) else f"{value:g}"
    if obs_status != "A":
        status = code_words("obs_status", obs_status, language)
        number = tell("{number} ({status})", language, number=number, status=status)
    return FormattedValue(value, "zero" if value == 0 else "number", obs_status, number)


def key_words(key: Mapping[str, Any], language: str) -> str:
    """Describe what is counted: `Convicted at first instance · Persons · Trafficking in persons · Male`."""
    return " \u00b7 ".join(part for name in _SPOKEN if (part := dimension_words(name, key.get(name), language)))


def dimension_words(name: str, code: Any, language: str) -> str:
    """Return the label of one code of one dimension, empty if it carries no information."""
    if code is None or str(code) in _SILENT or (name, code) == _RULE:
        return ""
    if name == "law_article":
        return tell("article {article}", language, article=code)
    if name == "age":
        # Next to "Trafficking, adult victims", an age by itself reads as that of the victims.
        return tell("age of those counted: {age}", language, age=lower_first(code_words(name, str(code), language)))
    if name not in codes.codelist_names():
        return str(code)
    return code_words(name, str(code), language)
