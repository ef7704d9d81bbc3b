"""Base of all declarations: strict frozen models, coded values, period ranges, templates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from pipelines.core.codes import list_codes

PERIOD_PATTERN = r"\d{4}(-Q[1-4])?"
_PERIOD = re.compile(PERIOD_PATTERN)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[a-z_]+(:roman)?")


T = TypeVar("T")
Many = Annotated[tuple[T, ...], Strict(False)]
"""A YAML list as a tuple; its items stay strict."""


class DeclarationModel(BaseModel):
    """Base model of all declarations: frozen, strict (a number is never accepted as text), no unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", populate_by_name=True)


def _check_period_range(value: str) -> str:
    start, dots, end = value.partition("..")
    for part in (start, end):
        if part and not _PERIOD.fullmatch(part):
            raise ValueError(f"{part!r} is not a period; write 2024-Q3 or 2024")
    if not start:
        raise ValueError("a range begins with a period, as in 2022-Q4..2024-Q4 or 2025-Q1..")
    if end and len(start) != len(end):
        raise ValueError("both ends of a range are quarters, or both are years")
    if end and end < start:
        raise ValueError("the range ends before it begins")
    return value if dots else f"{start}..{start}"


PeriodRange = Annotated[
    str,
    AfterValidator(_check_period_range),
    Field(
        pattern=rf"^{PERIOD_PATTERN}(\.\.({PERIOD_PATTERN})?)?$", description="2022-Q4..2024-Q4, 2025-Q1.., 2020..2022"
    ),
]
"""A range of periods, including both ends; an open end is omitted."""


def is_within(period: str, valid: str | None) -> bool:
    """Return True if a period (`2024-Q3` or `2024`) is in a range; a year is, if any of its quarters is.

    None means no limit.
    """
    if valid is None:
        return True
    start, _, end = valid.partition("..")
    if len(period) == 4:
        return period >= start[:4] and (not end or period <= end[:4])
    low = start if len(start) > 4 else f"{start}-Q1"
    high = "" if not end else end if len(end) > 4 else f"{end}-Q4"
    return period >= low and (not high or period <= high)


def find_placeholders(template: str) -> tuple[str, ...]:
    """Return the names of the placeholders of a template in order, without the style (`:roman`)."""
    return tuple(name.partition(":")[0] for name in _PLACEHOLDER.findall(template))


def _check_template(value: str) -> str:
    for name in _PLACEHOLDER.findall(value):
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{{{name}}} is not a placeholder; write a small-letter name such as {{sex}} or {{quarter:roman}}"
            )
    literal_words = _PLACEHOLDER.sub("", value)
    if "{" in literal_words or "}" in literal_words:
        raise ValueError(f"a curly bracket without its partner in {value!r}")
    names = find_placeholders(value)
    if len(set(names)) != len(names):
        raise ValueError(f"a placeholder appears twice in {value!r}")
    if not value.strip():
        raise ValueError("a template holds at least one word or placeholder")
    return value


Template = Annotated[
    str, AfterValidator(_check_template), Field(description="words with {placeholders}; never a regular expression")
]
"""Literal words with `{placeholders}`: matched as a whole after folding (`folding.py`), and also used for writing."""


@dataclass(frozen=True, slots=True)
class Coded:
    """Annotation of a text type whose values are the codes of a code list: `Annotated[str, Coded("sex")]`."""

    list_name: str

    def check_code(self, value: str) -> str:
        """Return the value if it is a code of the list; else raise ValueError with the list and its codes."""
        allowed_codes = list_codes(self.list_name)
        if value not in allowed_codes:
            raise ValueError(f"{value!r} is not in the code list {self.list_name}; it has {', '.join(allowed_codes)}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self.check_code, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "enum": list(list_codes(self.list_name))}
