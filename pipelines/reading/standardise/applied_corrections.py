"""Apply declared corrections to the numbers that were read, and report each one as a finding."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.declarations.coordinates import COORDINATES, Coordinate
from pipelines.declarations.corrections import Correction
from pipelines.declarations.form import Form
from pipelines.findings.finding import Finding
from pipelines.model.content import Scalar
from pipelines.reading.standardise.addressing import Addresser
from pipelines.reading.standardise.numbered import Number


def apply_corrections(
    numbers: list[Number], corrections: Sequence[Correction], form: Form, addresser: Addresser
) -> tuple[list[Number], list[Finding]]:
    """Return the numbers with the form's corrections applied, and one finding per correction.

    An applied correction gives an information. A correction whose `expect` no longer holds, or whose number is missing,
    gives an error. Corrections of periods that the return does not cover are skipped.
    """
    findings: list[Finding] = []
    corrected = list(numbers)
    periods = {n.period for n in numbers}
    for correction in corrections:
        if not correction.applies_to(form) or correction.period not in periods:
            continue
        places = [i for i, n in enumerate(corrected) if _matches(n, correction)]
        if not places:
            target = correction.where or _describe_key(correction.key)
            params: dict[str, Scalar] = {"id": correction.id, "what": target}
            findings.append(Finding("correction.not_found", "error", params=params))
        for place in places:
            corrected[place], finding = _correct(corrected[place], correction, addresser)
            findings.append(finding)
    return corrected, findings


def _matches(number: Number, correction: Correction) -> bool:
    if number.period != correction.period:
        return False
    if correction.where is not None:
        return str(number.where) == correction.where
    assert correction.key is not None  # the model allows one of the two
    return all(number.get_coordinate(name) == code for name, code in correction.key.declared_codes().items())


def _describe_key(key: Coordinate | None) -> str:
    return ", ".join(f"{name} {code}" for name, code in (key.declared_codes() if key else {}).items())


def _correct(number: Number, correction: Correction, addresser: Addresser) -> tuple[Number, Finding]:
    """Return a number with a correction applied, or unchanged if its value is not the expected one."""
    shown_text = number.seen
    current = number.value if isinstance(correction.expect, float) else shown_text
    if current != correction.expect:
        return number, Finding(
            "correction.stale",
            "error",
            number.where,
            {"id": correction.id},
            shown_text,
            _format_value(correction.expect),
        )
    if correction.value is not None:
        corrected = number._replace(value=correction.value, status="A", conf="F")
        expected = _format_value(correction.value)
    else:
        assert correction.set is not None  # the model allows one of the two
        coordinates = {name: code for name in COORDINATES if (code := number.get_coordinate(name)) is not None}
        if "article" in coordinates:
            coordinates.pop("offence", None)
        address = addresser.find_address(coordinates | correction.set.declared_codes())
        corrected = number._replace(key=address.key or number.key)
        expected = _describe_key(correction.set)
    corrected = corrected._replace(notes=(*number.notes, f"corrected: {correction.reason}"))
    params = {
        "id": correction.id,
        "reason": correction.reason,
        "reporter": correction.reporter,
        "date": correction.date,
    }
    return corrected, Finding("correction.applied", "information", number.where, dict(params), shown_text, expected)


def _format_value(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
