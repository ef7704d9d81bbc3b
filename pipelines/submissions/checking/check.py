"""The one check behind `rti check`, `rti submit` and the pipeline.

Many files cost one pool of children and one judgement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pipelines.core.errors import ToldError
from pipelines.core.i18n import mark
from pipelines.findings.finding import Finding, verdict
from pipelines.ledger.acts import Block
from pipelines.model.content import ReadError
from pipelines.reading.formats.read import too_big
from pipelines.submissions import store
from pipelines.submissions.checking import nil
from pipelines.submissions.checking.read_task import DeclarationsChangedError, Taken, Task
from pipelines.submissions.checking.report import Report, file_hash, history_hash
from pipelines.submissions.checking.shared_pool import SHARED
from pipelines.submissions.checking.totals import totals

if TYPE_CHECKING:
    from expectations.judge import History
    from pipelines.declarations.registry import Registry
    from pipelines.reading.standardise.standardise import Reading

OFFLINE_ID = "S000000000000000"
"""Stands for the submission id in a check of a file that nobody submits."""

HistorySource = Callable[[Sequence[str]], "History | None"]
"""Gives the history of jurisdictions; called once, when it is known whose returns were read."""


class UnknownFormError(ToldError):
    """A form named by hand that no territory declares."""


@dataclass(frozen=True, slots=True)
class CheckJob:
    """One file to check. `key` comes back with its report; `form` and `kind` where the sender says them.

    `received` decides whether it came in time; without it the clock does.
    """

    key: str
    data: bytes
    filename: str
    submission_id: str = OFFLINE_ID
    form: str | None = None
    kind: str | None = None
    received: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """A job without its bytes, and what came of reading it."""

    key: str
    submission_id: str
    filename: str
    sha256: str
    size: int
    kind: str | None
    received: datetime | None
    taken: Taken | ReadError


_LARGE = range(200_000, 10_000_000)
"""Bytes of a file whose beginning is looked at before the whole: a smaller is read as soon, a larger is no return."""
_FIRST_LINES = 500

StepName = Literal["reading", "begun", "read", "judging", "judged"]


@dataclass(frozen=True, slots=True)
class Step:
    """How far a check has come. From `begun` on it says which form and periods were recognised.

    `findings` are those known by then: `begun` has those of the first lines of a large register, `read` all that the
    file alone shows, `judged` all of the report.
    """

    name: StepName
    form: str | None = None
    periods: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def check(
    data: bytes,
    filename: str,
    *,
    registry: Registry,
    history: History | HistorySource | None = None,
    form: str | None = None,
    language: str = "en",
    submission_id: str = OFFLINE_ID,
    kind: str | None = None,
    received: datetime | None = None,
    on_step: Callable[[Step], None] | None = None,
    account: str | None = None,
) -> Report:
    """Check one file. A file that cannot be read gives a report too; see `Report.verdict`. Raises UnknownFormError.

    `on_step` is called in the calling thread, four times, of a large register five times: what it raises ends the
    check. `account` is who waits for the answer: reading processes are shared out between accounts. Safe to call from
    many threads at once.
    """
    job = CheckJob("", data, filename, submission_id, form, kind, received)
    return _checked([job], registry, history, language, on_step=on_step, account=account)[""]


def warm_up(registry: Registry) -> None:
    """Fork the reading children and load the judgement, so that the first caller of a service does not wait.

    Takes some seconds; may run in a thread beside the starting of the service, or be repeated.
    """
    from expectations.engine import warm_up as load_judgement

    with SHARED.of(registry.digest) as pool:
        pool.warm_up(Task(b"-", "warm-up.csv", OFFLINE_ID, registry.digest))
    rules_version()
    load_judgement()


def check_many(
    jobs: Iterable[CheckJob],
    *,
    registry: Registry,
    history: History | HistorySource | None = None,
    language: str = "en",
    in_order: bool = False,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Report]:
    """Reports by key, in the order of the jobs. Jobs may be a generator: no more files are held than are being read.

    With `in_order` the jobs stand in the order of their arrival, and each is judged beside those before it.
    `progress` is told the key of each file that has been read. Raises UnknownFormError.
    """
    return _checked(jobs, registry, history, language, in_order=in_order, progress=progress)


def _checked(
    jobs: Iterable[CheckJob],
    registry: Registry,
    history: History | HistorySource | None,
    language: str,
    *,
    in_order: bool = False,
    progress: Callable[[str], None] | None = None,
    on_step: Callable[[Step], None] | None = None,
    account: str | None = None,
) -> dict[str, Report]:
    tell = on_step or (lambda _step: None)
    tell(Step("reading"))
    read = list(_read_all(jobs, registry, progress, on_step, account))
    if on_step is not None:
        form, periods, found = _understood(read[0])
        tell(Step("read", form, periods, found))
        tell(Step("judging", form, periods, found))
    judged, known = _judge(read, registry, history, in_order)
    version, rules = rules_version(), _history_rules()
    reports = {
        one.key: _report(one, judged.get(one.key, []), known.get(one.key), version, rules, registry, language)
        for one in read
    }
    if on_step is not None:
        tell(Step("judged", form, periods, reports[read[0].key].findings))
    return reports


def _begun(taken: Taken | ReadError) -> Step | None:
    """What the beginning of a large register shows, long before its end has been read."""
    # What cannot be read, or is no register, is told when the whole has been read.
    if not isinstance(taken, Taken) or taken.reading is None:
        return None
    return Step("begun", taken.form, tuple(p.code for p in taken.reading.periods), tuple(taken.reading.findings))


def _understood(one: _Read) -> tuple[str | None, tuple[str, ...], tuple[Finding, ...]]:
    """Form, periods and findings of a file that was read."""
    from pipelines.findings.rules import from_read_error

    if isinstance(one.taken, ReadError):
        return None, (), (from_read_error(one.taken),)
    reading = one.taken.reading
    if reading is None:
        return one.taken.form, (), one.taken.findings
    return reading.form, tuple(p.code for p in reading.periods), (*one.taken.findings, *reading.findings)


# ------------------------------------------------------------------------------------------------------------- reading


def _read_all(
    jobs: Iterable[CheckJob],
    registry: Registry,
    progress: Callable[[str], None] | None,
    on_step: Callable[[Step], None] | None,
    account: str | None,
) -> Iterator[_Read]:
    """Each job read. With `on_step` there is one of them, and the beginning of a large one is read beside the whole."""
    about: dict[str, _Read] = {}

    def tasks() -> Iterator[tuple[tuple[str, bool], Task]]:
        """By key and whether it is the beginning only."""
        for job in jobs:
            if job.form is not None and job.form not in registry.forms:
                known = ", ".join(sorted(registry.forms))
                raise UnknownFormError(mark("no form is named {form}; there are {forms}"), form=job.form, forms=known)
            if job.key in about:
                raise ValueError(f"two jobs have the key {job.key!r}")
            if (error := too_big(len(job.data))) is not None:
                about[job.key] = _about(job, error)
                continue
            if (declared := nil.parse(job.data)) is not None:
                about[job.key] = _about(job, _nil_taken(declared, job, registry))
                continue
            about[job.key] = _about(job, ReadError("read.reader_failed", format="file", detail="no answer"))
            task = Task(job.data, job.filename, job.submission_id, registry.digest, job.form)
            if on_step is not None and len(job.data) in _LARGE:
                yield (job.key, True), replace(task, records=_FIRST_LINES)
            yield (job.key, False), task

    with SHARED.of(registry.digest) as pool, closing(pool.map(tasks(), account)) as results:
        for (key, is_beginning), result in results:
            if is_beginning:
                if on_step is not None and (begun := _begun(result)) is not None:
                    on_step(begun)
                continue
            one = about[key]
            if isinstance(result, Taken) and result.stale:
                raise DeclarationsChangedError(mark("the declarations changed while this process ran; start it again"))
            about[key] = replace(one, taken=result)
            if progress is not None:
                progress(key)
            if on_step is not None:
                break  # the answer waits for no beginning of it
    yield from about.values()


def _about(job: CheckJob, taken: Taken | ReadError) -> _Read:
    sha256, size = store.digest(job.data), len(job.data)
    return _Read(job.key, job.submission_id, job.filename, sha256, size, job.kind, job.received, taken)


def _nil_taken(declared: nil.NilReturn, job: CheckJob, registry: Registry) -> Taken:
    """A nil document read in this process: it is ours, and holds nothing but codes and a comment."""
    from pipelines.declarations.base import within
    from pipelines.model.content import Where
    from pipelines.model.long_tables import CASE_EVENT, DECLARED_SUM, OBSERVATION, empty
    from pipelines.model.periods import Period
    from pipelines.reading.privacy.scan import in_text
    from pipelines.reading.standardise.standardise import Reading

    form = registry.forms.get(declared.form)
    try:
        periods = [Period.of(p) for p in declared.periods]
    except ValueError:
        periods = []
    if form is None or not periods or any(p.freq != form.freq or not within(p.code, form.valid) for p in periods):
        finding = Finding("return.not_recognised", "error", params={"nearest": declared.form})
        return Taken(nil.FORMAT, None, (), (finding,), None)
    if persons := tuple(in_text(declared.comment or "", Where(keyword="comment"))):
        return Taken(nil.FORMAT, form.id, (form.id,), persons, None)
    reading = Reading(
        observations=empty(OBSERVATION),
        events=empty(CASE_EVENT),
        findings=[],
        bindings=[],
        periods=periods,
        form=declared.form,
        series=form.series,
        nil=True,
        kind="full",
        sums=empty(DECLARED_SUM),
    )
    return Taken(nil.FORMAT, declared.form, (declared.form,), (), reading)


# ------------------------------------------------------------------------------------------------------------- judging


def _judge(
    read: Sequence[_Read], registry: Registry, history: History | HistorySource | None, in_order: bool
) -> tuple[dict[str, list[Finding]], dict[str, list[str]]]:
    """Findings of the judgement by key, and by key the submissions each return was held against.

    A key is not in the second where there was nothing known before the return: no rule of history was run on it.
    """
    from expectations.judge import JudgedReturn, judge

    readings = [(one, one.taken.reading) for one in read if isinstance(one.taken, Taken)]
    judged = [(one, reading) for one, reading in readings if reading is not None]
    if not judged:
        return {}, {}
    if callable(history):
        history = history(sorted({registry.forms[reading.form].jurisdiction for _, reading in judged}))
    # Offline checks share one submission id, so the key stands for it here.
    returns = [JudgedReturn(one.key, reading, one.received) for one, reading in judged]
    return judge(returns, history, registry, in_order=in_order), _known(judged, history, in_order)


def _known(judged: Sequence[tuple[_Read, Reading]], history: History | None, in_order: bool) -> dict[str, list[str]]:
    """By key, the submissions of the same series that a return was judged beside."""
    by_series: dict[str, set[str]] = {}
    if history is not None:
        pairs = history.observations.select("form", "submission_id").unique()
        for series, submission_id in pairs.iter_rows():
            by_series.setdefault(series, set()).add(submission_id)
    known: dict[str, list[str]] = {}
    for one, reading in judged:
        if before := by_series.get(reading.series):
            known[one.key] = sorted(before)
        if in_order and not any(f.severity == "error" for f in reading.findings):
            by_series.setdefault(reading.series, set()).add(one.submission_id)
    return known


def rules_version() -> str:
    """The version of all rules: a result of another one is checked anew."""
    from expectations.judge import RULES_VERSION

    return RULES_VERSION


def _history_rules() -> tuple[str, ...]:
    from pipelines.findings.rules import all_rules

    return tuple(identity for identity, rule in all_rules().items() if rule.scope == "history")


# ----------------------------------------------------------------------------------------------------------- reporting


def _report(
    one: _Read,
    judged: Sequence[Finding],
    known: Sequence[str] | None,
    version: str,
    rules: tuple[str, ...],
    registry: Registry,
    language: str,
) -> Report:
    taken = None if isinstance(one.taken, ReadError) else one.taken
    reading = taken.reading if taken is not None else None
    findings = [*_understood(one)[2], *judged]
    own_hash = file_hash(one.sha256, registry.digest, version, findings)
    form = registry.forms[reading.form] if reading is not None else None
    return Report(
        filename=one.filename,
        sha256=one.sha256,
        size=one.size,
        language=language,
        verdict="unreadable" if taken is None else verdict(findings),
        findings=tuple(findings),
        rules_version=version,
        declaration_hash=registry.digest,
        hash=own_hash,
        history_hash=None if known is None else history_hash(own_hash, known, findings),
        history_rules=rules,
        format=taken.format if taken is not None else None,
        territory=registry.territory_of(form.jurisdiction).code if form is not None else None,
        form=form.id if form is not None else None,
        jurisdiction=form.jurisdiction if form is not None else None,
        instrument=form.instrument if form is not None else None,
        kind=_kind(one, reading),
        blocks=blocks_of(reading, registry) if reading is not None else (),
        totals=tuple(totals(reading.observations)) if reading is not None else (),
        candidates=taken.candidates if taken is not None else (),
        reading=reading,
    )


def _kind(one: _Read, reading: Reading | None) -> str | None:
    if reading is None:
        return one.kind
    if reading.nil:
        return "nil"
    return "patch" if one.kind == "patch" else reading.kind


def blocks_of(reading: Reading, registry: Registry) -> tuple[Block, ...]:
    """The blocks of a return: one per period it covers, also where nothing was counted in it."""
    import polars as pl

    form = registry.forms[reading.form]
    rows: dict[tuple[str, str, str, str, str], int] = {
        (form.jurisdiction, form.instrument, form.series, p.freq, p.code): 0 for p in reading.periods
    }
    by = ["jurisdiction", "instrument", "form", "freq", "period"]
    events = reading.events.with_columns(pl.lit("register").alias("instrument"))
    for frame in (reading.observations, events):
        for *key, count in frame.group_by(by).len().sort(by).iter_rows():
            block = (str(key[0]), str(key[1]), str(key[2]), str(key[3]), str(key[4]))
            rows[block] = rows.get(block, 0) + int(count)
    return tuple(Block(*key, rows=count, nil=reading.nil) for key, count in sorted(rows.items()))
