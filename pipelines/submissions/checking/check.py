"""Check returns for `rti check`, `rti submit` and the pipeline.

A batch of files shares one pool of child processes and one run of the judgement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark
from pipelines.findings.finding import Finding
from pipelines.findings.rules import list_history_rules
from pipelines.model.content import ReadError
from pipelines.reading.formats.read import too_big
from pipelines.submissions import store
from pipelines.submissions.checking import nil
from pipelines.submissions.checking.read_task import DeclarationsChangedError, ReadResult, Task
from pipelines.submissions.checking.report import Report
from pipelines.submissions.checking.report_building import ReadFile, build_report, summarise_reading
from pipelines.submissions.checking.shared_pool import SHARED

if TYPE_CHECKING:
    from expectations.judge import History
    from pipelines.declarations.registry import Registry
    from pipelines.reading.standardise.standardise import Reading

OFFLINE_ID = "S000000000000000"
"""Placeholder for the submission id in a check of a file that is not submitted."""

HistorySource = Callable[[Sequence[str]], "History | None"]
"""Returns the history of jurisdictions; called once, after all returns are read and their jurisdictions known."""


class UnknownFormError(UserFacingError):
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


_LARGE = range(200_000, 10_000_000)
"""Sizes in bytes of files whose beginning is read first: smaller ones are read as fast, larger ones are not returns."""
_FIRST_LINES = 500

StepName = Literal["reading", "begun", "read", "judging", "judged"]


@dataclass(frozen=True, slots=True)
class CheckProgress:
    """How far a check is. From `begun` on it has the recognised form and periods.

    `findings` are those known so far: of the first lines of a large register (`begun`), of the file alone (`read`), or
    of the whole report (`judged`).
    """

    name: StepName
    form: str | None = None
    periods: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def check_file(
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
    on_progress: Callable[[CheckProgress], None] | None = None,
    account: str | None = None,
) -> Report:
    """Check one file. A file that cannot be read also gives a report; see `Report.verdict`. Raises UnknownFormError.

    `on_progress` is called in the calling thread four times, or five times for a large register; an exception from it
    ends the check. `account` is the account that waits for the answer: reading processes are shared fairly between
    accounts. Thread-safe.
    """
    job = CheckJob("", data, filename, submission_id, form, kind, received)
    return _check_jobs([job], registry, history, language, on_progress=on_progress, account=account)[""]


def warm_up(registry: Registry) -> None:
    """Fork the reading processes and load the judgement, so that the first caller of a service does not wait.

    Takes a few seconds. May run in a thread while the service starts, and may be repeated.
    """
    from expectations.engine import warm_up as load_judgement

    with SHARED.borrow_pool(registry.digest) as pool:
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
    on_read: Callable[[str], None] | None = None,
) -> dict[str, Report]:
    """Check many files and return the reports by key, in the order of the jobs.

    If `jobs` is a generator, only the files being read are in memory. With `in_order`, the jobs are in the order of
    arrival and each is judged against those before it. `on_read` is called with the key of each file after it is
    read. Raises UnknownFormError.
    """
    return _check_jobs(jobs, registry, history, language, in_order=in_order, on_read=on_read)


def _check_jobs(
    jobs: Iterable[CheckJob],
    registry: Registry,
    history: History | HistorySource | None,
    language: str,
    *,
    in_order: bool = False,
    on_read: Callable[[str], None] | None = None,
    on_progress: Callable[[CheckProgress], None] | None = None,
    account: str | None = None,
) -> dict[str, Report]:
    report_progress = on_progress or (lambda _progress: None)
    report_progress(CheckProgress("reading"))
    read = list(_read_all(jobs, registry, on_read, on_progress, account))
    if on_progress is not None:
        form, periods, findings = summarise_reading(read[0])
        report_progress(CheckProgress("read", form, periods, findings))
        report_progress(CheckProgress("judging", form, periods, findings))
    judged, known_before = _judge(read, registry, history, in_order)
    version, rules = rules_version(), list_history_rules()
    reports = {
        file.key: build_report(
            file, judged.get(file.key, []), known_before.get(file.key), version, rules, registry, language
        )
        for file in read
    }
    if on_progress is not None:
        report_progress(CheckProgress("judged", form, periods, reports[read[0].key].findings))
    return reports


def _describe_beginning(result: ReadResult | ReadError) -> CheckProgress | None:
    """Return the progress at the beginning of a large register, which is ready long before the whole is read."""
    # Errors, and files that are not a register, are reported after the whole file is read.
    if not isinstance(result, ReadResult) or result.reading is None:
        return None
    return CheckProgress(
        "begun", result.form, tuple(p.code for p in result.reading.periods), tuple(result.reading.findings)
    )


# ------------------------------------------------------------------------------------------------------------- reading


def _read_all(
    jobs: Iterable[CheckJob],
    registry: Registry,
    on_read: Callable[[str], None] | None,
    on_progress: Callable[[CheckProgress], None] | None,
    account: str | None,
) -> Iterator[ReadFile]:
    """Read each job. With `on_progress` there is only one, and the beginning of a large file is read in parallel."""
    files: dict[str, ReadFile] = {}

    def make_tasks() -> Iterator[tuple[tuple[str, bool], Task]]:
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
                files[job.key] = _file_of(job, nil.read_nil_return(declared, registry))
                continue
            files[job.key] = _file_of(job, ReadError("read.reader_failed", format="file", detail="no answer"))
            task = Task(job.data, job.filename, job.submission_id, registry.digest, job.form)
            if on_progress is not None and len(job.data) in _LARGE:
                yield (job.key, True), replace(task, records=_FIRST_LINES)
            yield (job.key, False), task

    with SHARED.borrow_pool(registry.digest) as pool, closing(pool.map_jobs(make_tasks(), account)) as results:
        for (key, is_beginning), result in results:
            if is_beginning:
                if on_progress is not None and (begun := _describe_beginning(result)) is not None:
                    on_progress(begun)
                continue
            file = files[key]
            if isinstance(result, ReadResult) and result.stale:
                raise DeclarationsChangedError(mark("the declarations changed while this process ran; start it again"))
            files[key] = replace(file, result=result)
            if on_read is not None:
                on_read(key)
            if on_progress is not None:
                break  # do not wait for the beginning if the whole is read first
    yield from files.values()


def _file_of(job: CheckJob, result: ReadResult | ReadError) -> ReadFile:
    sha256, size = store.compute_digest(job.data), len(job.data)
    return ReadFile(job.key, job.submission_id, job.filename, sha256, size, job.kind, job.received, result)


# ------------------------------------------------------------------------------------------------------------- judging


def _judge(
    read: Sequence[ReadFile], registry: Registry, history: History | HistorySource | None, in_order: bool
) -> tuple[dict[str, list[Finding]], dict[str, list[str]]]:
    """Return the findings of the judgement by key, and the submissions that each return was compared with by key.

    Returns without any history are not in the second mapping: no history rule was run on them.
    """
    from expectations.judge import JudgedReturn, judge_returns

    readings = [(file, file.result.reading) for file in read if isinstance(file.result, ReadResult)]
    judged = [(file, reading) for file, reading in readings if reading is not None]
    if not judged:
        return {}, {}
    if callable(history):
        history = history(sorted({registry.forms[reading.form].jurisdiction for _, reading in judged}))
    # Offline checks share one submission id, so use the key here.
    returns = [JudgedReturn(file.key, reading, file.received) for file, reading in judged]
    return judge_returns(returns, history, registry, in_order=in_order), _find_known_before(judged, history, in_order)


def _find_known_before(
    judged: Sequence[tuple[ReadFile, Reading]], history: History | None, in_order: bool
) -> dict[str, list[str]]:
    """Return, by key, the submissions of the same series that a return was compared with."""
    by_series: dict[str, set[str]] = {}
    if history is not None:
        for rows in (history.observations, history.events):
            for series, submission_id in rows.select("form", "submission_id").unique().iter_rows():
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
