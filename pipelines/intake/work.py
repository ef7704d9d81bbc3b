"""What is done with one file inside the reading process: read, recognise, standardise.

Belongs here: the work function of the pool and what it takes and gives; all of it can be pickled.
Does not belong here: judging (`expectations/`), anything that knows of a home or a ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipelines.readers.model import Content, ReadError
from pipelines.returns.findings import Finding

if TYPE_CHECKING:
    from pipelines.returns.form import Form
    from pipelines.returns.registry import Registry
    from pipelines.returns.standardise import Reading


class DeclarationsChangedError(Exception):
    """The declarations on the disk are not those that the calling process has loaded."""


@dataclass(frozen=True, slots=True)
class Task:
    """One file to read. `form` names the form where it is known; `digest` is that of the caller's registry."""

    data: bytes
    filename: str
    submission_id: str
    digest: str
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it. `reading` is None where no form fits; `findings` then say so. `candidates` are best first.

    `stale` says that the process that read has other declarations than the one that asked, and nothing was read.
    """

    format: str | None
    form: str | None
    candidates: tuple[str, ...]
    findings: tuple[Finding, ...]
    reading: Reading | None
    stale: bool = False


def take(task: Task) -> Taken:
    """Read, recognise and standardise one file. Raises ReadError where it cannot be read."""
    from pipelines.returns.registry import load

    registry = load()
    if registry.digest != task.digest:
        return Taken(None, None, (), (), None, stale=True)
    return take_with(task, registry)


def take_with(task: Task, registry: Registry) -> Taken:
    """`take` with a given registry, in the calling process."""
    from pipelines.returns.recognise import not_recognised, recognise

    if task.form is not None:
        form = registry.forms[task.form]
        content = _read(task, form)
        return _standardised(content, form, (form.id,), task, registry)
    content = _read(task, None)
    matches = recognise(content, task.filename, registry)
    if not matches:
        return Taken(content.format, None, (), (not_recognised(content, registry),), None)
    form = matches[0].form
    if _needs_own_options(form, content):
        content = _read(task, form)
    return _standardised(content, form, tuple(m.form.id for m in matches), task, registry)


def _read(task: Task, form: Form | None) -> Content:
    from pipelines.readers.read import read

    if form is None:
        return read(task.data, task.filename)
    options: dict[str, object] = {}
    if form.alphabets:
        options["alphabets"] = tuple(form.alphabets)
    return read(task.data, task.filename, encodings=tuple(form.encodings), options=options)


def _needs_own_options(form: Form, content: Content) -> bool:
    """A text was first read without knowing whose it is; its form may know the encoding better."""
    return bool(form.encodings or form.alphabets) and content.format in ("csv", "html", "px", "sdmx-csv")


def _standardised(content: Content, form: Form, candidates: tuple[str, ...], task: Task, registry: Registry) -> Taken:
    from pipelines.returns.standardise import standardise

    reading = standardise(content, form, registry, submission_id=task.submission_id)
    return Taken(content.format, form.id, candidates, (), replace(reading, bindings=[]))


__all__ = ["DeclarationsChangedError", "ReadError", "Taken", "Task", "take", "take_with"]
