"""Models of `corrections.yml`: known errors of a source, each with the value that the file must still contain.

An entry is only for a source that is known to be wrong, has been informed, and has not corrected the error. Errors that
an office can correct itself are not listed.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from pipelines.declarations.base import DeclarationModel, Many
from pipelines.declarations.coordinates import Coordinate
from pipelines.declarations.form import Form


class Correction(DeclarationModel):
    """Corrects numbers of one form and period, identified by `where` (a place) or `key` (coordinates)."""

    id: str
    form: str = Field(description="Form id or series.")
    period: str = Field(pattern=r"^\d{4}(-Q[1-4])?$")
    where: str | None = Field(None, description="The place in words, as `rti explain` prints it.")
    key: Coordinate | None = None
    expect: float | str = Field(description="What the file must still contain, as a number or as the text shown.")
    value: float | None = None
    set: Coordinate | None = None
    reason: str
    reporter: str
    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")

    @model_validator(mode="after")
    def _has_one_place_and_value(self) -> Self:
        if (self.where is None) == (self.key is None):
            raise ValueError("a correction has either `where` or `key`")
        if (self.value is None) == (self.set is None):
            raise ValueError("a correction has either `value` or `set`")
        return self

    def applies_to(self, form: Form) -> bool:
        """Return True if the entry names the form, its series, or the form that its workbook is derived from."""
        return self.form in (form.id, form.series, form.second_of)


class CorrectionFile(DeclarationModel):
    """One `corrections.yml`."""

    corrections: Many[Correction]
