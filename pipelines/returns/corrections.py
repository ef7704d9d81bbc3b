"""Known errors of a source: `corrections.yml`, and laying them over what was read.

Belongs here: the shape of a correction and its guard.  Does not belong here: anything an office could mend itself;
an entry stands only where a source is known wrong, has been told, and does not mend it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from pipelines.readers.model import Scalar
from pipelines.returns.coordinates import COORDINATES, Coordinate
from pipelines.returns.declared import Declared, Many
from pipelines.returns.findings import Finding
from pipelines.returns.form import Form

if TYPE_CHECKING:
    from pipelines.returns.addressing import Addresser
    from pipelines.returns.numbered import Number


class Correction(Declared):
    """One entry. It concerns the numbers of one form and period found by `where` (a place) or `key` (coordinates)."""

    id: str
    form: str = Field(description="Form id or series.")
    period: str = Field(pattern=r"^\d{4}(-Q[1-4])?$")
    where: str | None = Field(None, description="The place in words, as `rti explain` tells it.")
    key: Coordinate | None = None
    expect: float | str = Field(description="What the file must still hold, as a number or as the text shown.")
    value: float | None = None
    set: Coordinate | None = None
    reason: str
    reporter: str
    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.where is None) == (self.key is None):
            raise ValueError("a correction has either `where` or `key`")
        if (self.value is None) == (self.set is None):
            raise ValueError("a correction has either `value` or `set`")
        return self

    def concerns(self, form: Form) -> bool:
        """Whether it is about a form, by id or series; what is wrong in its file is wrong in its workbook, too."""
        return self.form in (form.id, form.series, form.second_of)


class CorrectionFile(Declared):
    """One `corrections.yml`."""

    corrections: Many[Correction]


def apply(
    numbers: list[Number], corrections: Sequence[Correction], form: Form, addresser: Addresser
) -> tuple[list[Number], list[Finding]]:
    """The numbers with this form's corrections laid over them, and a finding for each correction.

    An applied one is an information, one whose `expect` no longer holds or whose number is gone is an error. A
    correction of a period that the return does not hold says nothing.
    """
    findings: list[Finding] = []
    out = list(numbers)
    periods = {n.period for n in numbers}
    for correction in corrections:
        if not correction.concerns(form) or correction.period not in periods:
            continue
        places = [i for i, n in enumerate(out) if _is_meant(n, correction)]
        if not places:
            what = correction.where or _words(correction.key)
            params: dict[str, Scalar] = {"id": correction.id, "what": what}
            findings.append(Finding("correction.not_found", "error", params=params))
        for place in places:
            out[place], finding = _mend(out[place], correction, addresser)
            findings.append(finding)
    return out, findings


def _is_meant(number: Number, correction: Correction) -> bool:
    if number.period != correction.period:
        return False
    if correction.where is not None:
        return str(number.where) == correction.where
    assert correction.key is not None  # the model allows one of the two
    return all(number.coordinate(name) == code for name, code in correction.key.said().items())


def _words(key: Coordinate | None) -> str:
    return ", ".join(f"{name} {code}" for name, code in (key.said() if key else {}).items())


def _mend(number: Number, correction: Correction, addresser: Addresser) -> tuple[Number, Finding]:
    seen = number.seen
    holds = number.value == correction.expect if isinstance(correction.expect, float) else seen == correction.expect
    if not holds:
        return number, Finding(
            "correction.stale", "error", number.where, {"id": correction.id}, seen, _plain(correction.expect)
        )
    if correction.value is not None:
        mended = number._replace(value=correction.value, status="A", conf="F")
        expected = _plain(correction.value)
    else:
        assert correction.set is not None  # the model allows one of the two
        said = {name: code for name in COORDINATES if (code := number.coordinate(name)) is not None}
        if "article" in said:
            said.pop("offence", None)
        address = addresser.address(said | correction.set.said())
        mended = number._replace(key=address.key or number.key)
        expected = _words(correction.set)
    mended = mended._replace(notes=(*number.notes, f"corrected: {correction.reason}"))
    params = {
        "id": correction.id,
        "reason": correction.reason,
        "reporter": correction.reporter,
        "date": correction.date,
    }
    return mended, Finding("correction.applied", "information", number.where, dict(params), seen, expected)


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
