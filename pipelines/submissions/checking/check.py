"""Check returns for `rti check`, `rti submit` and the pipeline.

A batch of files shares one pool of child processes and one run of the judgement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pipelines.core.errors import ToldError
from pipelines.core.i18n import mark
from pipelines.findings.finding import Finding, compute_verdict
from pipelines.ledger.acts import Block
from pipelines.model.content import ReadError
from pipelines.reading.formats.read import too_big
from pipelines.submissions import store
from pipelines.submissions.checking import nil
from pipelines.submissions.checking.read_task import DeclarationsChangedError, Taken, Task
from pipelines.submissions.checking.report import Report, file_hash, history_hash
from pipelines.submissions.checking.shared_pool import SHARED
from pipelines.submissions.checking.totals import compute_totals

if TYPE_CHECKING:
    from expectations.judge import History
    from pipelines.declarations.registry import Registry
    from pipelines.reading.standardise.standardise import Reading

OFFLINE_ID = "S000000000000000"
"""Placeholder for the submission id in a check of a file that is not submitted."""

HistorySource = Callable[[Sequence[str]], "History | None"]
"""Returns the history of jurisdictions; called once, after all returns are read and their jurisdictions known."""


class UnknownFormError(ToldError):
    """The caller named a form that no territory declares."""


@dataclass(frozen=True, slots=True)
class CheckJob:
    """One file to check. `key` identifies its report; `form` and `kind` are given if the sender stated them.

    `received` decides whether the file is late; by default the current time does.
    """

    key: str
    data: bytes
    filename: str
    submission_id: str = OFFLINE_ID
    form: str | None = None
    kind: str | None = None
    received: datetime | None = None


@dataclass(frozen=True, slots=True)
class _ReadFile:
    """A job without its bytes, and the result of reading it."""

    key: str
    submission_id: str
    filename: str
    sha256: str
    size: int
    kind: str | None
    received: datetime | None
    result: Taken | ReadError


_LARGE = range(200_000, 10_000_000)
"""Sizes in bytes of files whose beginning is read first: smaller ones are read as fast, larger ones are not returns."""
_FIRST_LINES = 500

StepName = Literal["reading", "begun", "read", "judging", "judged"]


@dataclass(frozen=True, slots=True)
class Step:
    """The progress of a check. From `begun` on it has the recognised form and periods.

    `findings` are those known so far: of the first lines of a large register (`begun`), of the file alone (`read`), or
    of the whole report (`judged`).
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
    """Check one file. A file that cannot be read also gives a report; see `Report.verdict`. Raises UnknownFormError.

    `on_step` is called in the calling thread four times, or five times for a large register; an exception from it ends
    the check. `account` is the account that waits for the answer: reading processes are shared fairly between
    accounts. Thread-safe.
    """
    job = CheckJob("", data, filename, submission_id, form, kind, received)
    return _check_jobs([job], registry, history, language, on_step=on_step, account=account)[""]


def warm_up(registry: Registry) -> None:
    """Fork the reading processes and load the judgement, so that the first caller of a service does not wait.

    Takes a few seconds. May run in a thread while the service starts, and may be repeated.
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
    """Check many files and return the reports by key, in the order of the jobs.

    If `jobs` is a generator, only the files being read are in memory. With `in_order`, the jobs are in the order of
    arrival and each is judged against those before it. `progress` is called with the key of each file after it is
    read. Raises UnknownFormError.
    """
    return _check_jobs(jobs, registry, history, language, in_order=in_order, progress=progress)


def _check_jobs(
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
        form, periods, findings = _summarise_reading(read[0])
        tell(Step("read", form, periods, findings))
        tell(Step("judging", form, periods, findings))
    judged, known_before = _judge(read, registry, history, in_order)
    version, rules = rules_version(), _list_history_rules()
    reports = {
        file.key: _make_report(
            file, judged.get(file.key, []), known_before.get(file.key), version, rules, registry, language
        )
        for file in read
    }
    if on_step is not None:
        tell(Step("judged", form, periods, reports[read[0].key].findings))
    return reports


def _beginning_step(result: Taken | ReadError) -> Step | None:
    """Return the step for the beginning of a large register, which is ready long before the whole is read."""
    # Errors, and files that are not a register, are reported after the whole file is read.
    if not isinstance(result, Taken) or result.reading is None:
        return None
    return Step("begun", result.form, tuple(p.code for p in result.reading.periods), tuple(result.reading.findings))


def _summarise_reading(file: _ReadFile) -> tuple[str | None, tuple[str, ...], tuple[Finding, ...]]:
    """Return form, periods and findings of a file that was read."""
    from pipelines.findings.rules import from_read_error

    if isinstance(file.result, ReadError):
        return None, (), (from_read_error(file.result),)
    reading = file.result.reading
    if reading is None:
        return file.result.form, (), file.result.findings
    return reading.form, tuple(p.code for p in reading.periods), (*file.result.findings, *reading.findings)


# ------------------------------------------------------------------------------------------------------------- reading


def _read_all(
    jobs: Iterable[CheckJob],
    registry: Registry,
    progress: Callable[[str], None] | None,
    on_step: Callable[[Step], None] | None,
    account: str | None,
) -> Iterator[_ReadFile]:
    """Read each job. With `on_step` there is only one, and the beginning of a large file is read in parallel."""
    files: dict[str, _ReadFile] = {}

    def tasks() -> Iterator[tuple[tuple[str, bool], Task]]:
        """Yield tasks with their key and a flag that is True for the beginning of a file."""
        for job in jobs:
            if job.form is not None and job.form not in registry.forms:
                form_ids = ", ".join(sorted(registry.forms))
                raise UnknownFormError(
                    mark("no form is named {form}; there are {forms}"), form=job.form, forms=form_ids
                )
            if job.key in files:
                raise ValueError(f"two jobs have the key {job.key!r}")
            if (error := too_big(len(job.data))) is not None:
                files[job.key] = _file_of(job, error)
                continue
            if (declared := nil.parse_nil_document(job.data)) is not None:
                files[job.key] = _file_of(job, _read_nil_return(declared, job, registry))
                continue
            files[job.key] = _file_of(job, ReadError("read.reader_failed", format="file", detail="no answer"))
            task = Task(job.data, job.filename, job.submission_id, registry.digest, job.form)
            if on_step is not None and len(job.data) in _LARGE:
                yield (job.key, True), replace(task, records=_FIRST_LINES)
            yield (job.key, False), task

    with SHARED.of(registry.digest) as pool, closing(pool.map_jobs(tasks(), account)) as results:
        for (key, is_beginning), result in results:
            if is_beginning:
                if on_step is not None and (step := _beginning_step(result)) is not None:
                    on_step(step)
                continue
            file = files[key]
            if isinstance(result, Taken) and result.stale:
                raise DeclarationsChangedError(mark("the declarations changed while this process ran; start it again"))
            files[key] = replace(file, result=result)
            if progress is not None:
                progress(key)
            if on_step is not None:
                break  # do not wait for the beginning if the whole is read first
    yield from files.values()


def _file_of(job: CheckJob, result: Taken | ReadError) -> _ReadFile:
    sha256, size = store.digest(job.data), len(job.data)
    return _ReadFile(job.key, job.submission_id, job.filename, sha256, size, job.kind, job.received, result)


def _read_nil_return(declared: nil.NilReturn, job: CheckJob, registry: Registry) -> Taken:
    """Read a nil document in this process, which is safe because it has only codes and a comment."""
    from pipelines.declarations.base import is_within
    from pipelines.model.content import Where
    from pipelines.model.long_tables import CASE_EVENT, DECLARED_SUM, OBSERVATION, empty_table
    from pipelines.model.periods import Period
    from pipelines.reading.privacy.scan import in_text
    from pipelines.reading.standardise.standardise import Reading

    form = registry.forms.get(declared.form)
    try:
        periods = [Period.from_code(p) for p in declared.periods]
    except ValueError:
        periods = []
    if form is None or not periods or any(p.freq != form.freq or not is_within(p.code, form.valid) for p in periods):
        finding = Finding("return.not_recognised", "error", params={"nearest": declared.form})
        return Taken(nil.FORMAT, None, (), (finding,), None)
    if persons := tuple(in_text(declared.comment or "", Where(keyword="comment"))):
        return Taken(nil.FORMAT, form.id, (form.id,), persons, None)
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
    return Taken(nil.FORMAT, declared.form, (declared.form,), (), reading)


# ------------------------------------------------------------------------------------------------------------- judging


def _judge(
    read: Sequence[_ReadFile], registry: Registry, history: History | HistorySource | None, in_order: bool
) -> tuple[dict[str, list[Finding]], dict[str, list[str]]]:
    """Return the findings of the judgement by key, and the submissions that each return was compared with by key.

    Returns without any history are not in the second mapping: no history rule was run on them.
    """
    from expectations.judge import JudgedReturn, judge_returns

    readings = [(file, file.result.reading) for file in read if isinstance(file.result, Taken)]
    judged = [(file, reading) for file, reading in readings if reading is not None]
    if not judged:
        return {}, {}
    if callable(history):
        history = history(sorted({registry.forms[reading.form].jurisdiction for _, reading in judged}))
    # Offline checks share one submission id, so use the key here.
    returns = [JudgedReturn(file.key, reading, file.received) for file, reading in judged]
    return judge_returns(returns, history, registry, in_order=in_order), _find_known_before(judged, history, in_order)


def _find_known_before(
    judged: Sequence[tuple[_ReadFile, Reading]], history: History | None, in_order: bool
) -> dict[str, list[str]]:
    """Return, by key, the submissions of the same series that a return was compared with."""
    by_series: dict[str, set[str]] = {}
    if history is not None:
        pairs = history.observations.select("form", "submission_id").unique()
        for series, submission_id in pairs.iter_rows():
            by_series.setdefault(series, set()).add(submission_id)
    known_before: dict[str, list[str]] = {}
    for file, reading in judged:
        if before := by_series.get(reading.series):
            known_before[file.key] = sorted(before)
        if in_order and not any(f.severity == "error" for f in reading.findings):
            by_series.setdefault(reading.series, set()).add(file.submission_id)
    return known_before


def rules_version() -> str:
    """Return the version of all rules; results of another version are out of date."""
    from expectations.judge import RULES_VERSION

    return RULES_VERSION


def _list_history_rules() -> tuple[str, ...]:
    from pipelines.findings.rules import all_rules

    return tuple(identity for identity, rule in all_rules().items() if rule.scope == "history")


# ----------------------------------------------------------------------------------------------------------- reporting


def _make_report(
    file: _ReadFile,
    judged: Sequence[Finding],
    known_before: Sequence[str] | None,
    version: str,
    rules: tuple[str, ...],
    registry: Registry,
    language: str,
) -> Report:
    result = None if isinstance(file.result, ReadError) else file.result
    reading = result.reading if result is not None else None
    findings = [*_summarise_reading(file)[2], *judged]
    own_hash = file_hash(file.sha256, registry.digest, version, findings)
    form = registry.forms[reading.form] if reading is not None else None
    return Report(
        filename=file.filename,
        sha256=file.sha256,
        size=file.size,
        language=language,
        verdict="unreadable" if result is None else compute_verdict(findings),
        findings=tuple(findings),
        rules_version=version,
        declaration_hash=registry.digest,
        hash=own_hash,
        history_hash=None if known_before is None else history_hash(own_hash, known_before, findings),
        history_rules=rules,
        format=result.format if result is not None else None,
        territory=registry.territory_of(form.jurisdiction).code if form is not None else None,
        form=form.id if form is not None else None,
        jurisdiction=form.jurisdiction if form is not None else None,
        instrument=form.instrument if form is not None else None,
        kind=_kind_of_return(file, reading),
        blocks=blocks_of(reading, registry) if reading is not None else (),
        totals=tuple(compute_totals(reading.observations)) if reading is not None else (),
        candidates=result.candidates if result is not None else (),
        reading=reading,
    )


def _kind_of_return(file: _ReadFile, reading: Reading | None) -> str | None:
    if reading is None:
        return file.kind
    if reading.nil:
        return "nil"
    return "patch" if file.kind == "patch" else reading.kind


def blocks_of(reading: Reading, registry: Registry) -> tuple[Block, ...]:
    """Return the blocks of a return: one per period that it covers, even if it has no rows for it."""
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
