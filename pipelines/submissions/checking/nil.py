"""Write, parse and read nil documents: nil returns that are declared without a file of the office."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry
    from pipelines.submissions.checking.read_task import ReadResult

FORMAT = "nil"
_TITLE = "Nil return: nothing to count"


@dataclass(frozen=True, slots=True)
class NilReturn:
    """A declared form and the periods in which it had nothing to count."""

    form: str
    periods: tuple[str, ...]
    comment: str | None = None


def write_nil_document(nil: NilReturn) -> bytes:
    """Return the document as bytes; the same nil return gives the same bytes."""
    content = {"document": _TITLE, "form": nil.form, "periods": sorted(nil.periods), "comment": nil.comment}
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def parse_nil_document(data: bytes) -> NilReturn | None:
    """Return the nil return in a document, or None for bytes that are not exactly such a document.

    A document is parsed in this process and stored unchanged, so a file with any other content is treated as a normal
    upload.
    """
    if not data.startswith(b"{") or len(data) > 65_536:
        return None
    try:
        content: Any = json.loads(data)
        nil_return = NilReturn(str(content["form"]), tuple(str(p) for p in content["periods"]), content["comment"])
        return nil_return if nil_return.periods and write_nil_document(nil_return) == data else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def read_nil_return(declared: NilReturn, registry: Registry) -> ReadResult:
    """Read a nil document in this process, which is safe because it has only codes and a comment."""
    from pipelines.declarations.base import is_within
    from pipelines.findings.finding import Finding
    from pipelines.model.content import Where
    from pipelines.model.long_tables import CASE_EVENT, DECLARED_SUM, OBSERVATION, empty_table
    from pipelines.model.periods import Period
    from pipelines.reading.privacy.scan import in_text
    from pipelines.reading.standardise.standardise import Reading
    from pipelines.submissions.checking.read_task import ReadResult

    form = registry.forms.get(declared.form)
    try:
        periods = [Period.from_code(p) for p in declared.periods]
    except ValueError:
        periods = []
    if form is None or not periods or any(p.freq != form.freq or not is_within(p.code, form.valid) for p in periods):
        finding = Finding("return.not_recognised", "error", params={"nearest": declared.form})
        return ReadResult(FORMAT, None, (), (finding,), None)
    if persons := tuple(in_text(declared.comment or "", Where(keyword="comment"))):
        return ReadResult(FORMAT, form.id, (form.id,), persons, None)
    reading = Reading(
        observations=empty_table(OBSERVATION),
        events=empty_table(CASE_EVENT),
        findings=[],
        bindings=[],
        periods=periods,
        form=declared.form,
        series=form.series,
        nil=True,
        kind="full",
        sums=empty_table(DECLARED_SUM),
    )
    return ReadResult(FORMAT, declared.form, (declared.form,), (), reading)
