"""Examine the machine: settings, versions, disk, rights on files, locks, and the clock."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pipelines.core import clock, rights
from pipelines.core.duckdb_files import open_duckdb
from pipelines.core.home import Home
from pipelines.operations.doctor.model import Examination, Subject, Symptom, make_problem, make_warning, skip_check
from pipelines.runs.remedies import Remedy

_MB: Final = 1024 * 1024
SPARE_BYTES: Final = 200 * _MB
"""Free space beyond the next refresh below which a warning is given: room for uploads and the ledger's log."""
SPARE_FILES: Final = 10_000
"""Free entries of the file system below which a warning is given; a release has about a thousand files."""
LONG_LOCK_HOURS: Final = 3
"""A refresh takes minutes; a lock that is held longer belongs to a command that hangs."""
DUCKDB_EXTENSIONS: Final = ("icu", "json", "parquet")
"""Extensions of DuckDB that builds use; they are inside its package."""
_EXTRAS: Final = ("", "service")
"""Extras of the package `rti` whose requirements a machine with a home must meet."""
_NAMED = 5
_WRITE: Final = 0o222
_TRIGGER_REMEDIES: Final[Mapping[Remedy, str]] = {
    "disk": "Free space on the disk.",
    "memory": "End other programs, or use a computer with more memory.",
    "clock": "Set the clock of the computer right.",
    "damaged": "Solve the problems of the ledger and the stored files that are named here.",
    "database": "Start PostgreSQL, which holds the ledger.",
    "busy": "End the command that holds the home.",
    "read": (
        "Read its page in Dagster and `restricted/logs/dagster-daemon.log`, remove the cause, and start `rti serve` "
        "again."
    ),
}


def check_settings(_subject: Subject) -> Examination:
    """Validate every variable `RTI_*`, and name those that have no effect."""
    from pipelines.core import settings

    symptoms = [
        make_warning(f"{sentence[0].upper()}{sentence[1:]}.", "Correct the name, or remove the variable.")
        for sentence in settings.describe_unknown_variables(os.environ)
    ]
    try:
        settings.check_settings()
    except settings.SettingsError as error:
        symptoms.append(make_problem(str(error), "Correct the variable where the service is started."))
    return Examination("settings", "environment variables RTI_*", tuple(symptoms))


def check_versions(_subject: Subject) -> Examination:
    """Compare Python and the installed packages with what this version of `rti` requires."""
    from pipelines import __version__

    version = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    summary = f"rti {__version__}, Python {version}"
    return Examination("versions", summary, (*_find_wrong_packages(), *_find_missing_extensions()))


def _find_missing_extensions() -> Iterator[Symptom]:
    """Find the extensions that DuckDB's package should bring; none is ever fetched."""
    with open_duckdb() as connection:
        rows = connection.execute("select extension_name from duckdb_extensions() where installed").fetchall()
    installed = {str(row[0]) for row in rows}
    for name in DUCKDB_EXTENSIONS:
        if name not in installed:
            yield make_problem(
                f"DuckDB lacks its extension {name}, so nothing can be refreshed.",
                "Run `make install`, which installs the package duckdb with it.",
            )


def _find_wrong_packages() -> Iterator[Symptom]:
    from importlib import metadata

    from packaging.requirements import Requirement

    try:
        requirements = metadata.requires("rti") or []
    except metadata.PackageNotFoundError:
        yield make_warning("The package rti is not installed, so versions cannot be compared.", "Run `make install`.")
        return
    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker is not None and not any(requirement.marker.evaluate({"extra": e}) for e in _EXTRAS):
            continue
        remedy = "Run `make install`, which installs the versions in requirements.lock."
        try:
            installed = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield make_problem(f"The package {requirement.name} is missing.", remedy)
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            yield make_problem(
                f"{requirement.name} is version {installed}; {requirement.specifier} is required.", remedy
            )


def check_disk(subject: Subject) -> Examination:
    """Compare free space with what the next refresh of this home writes; find full and read-only disks."""
    from pipelines.core.storage_faults import disk_fault

    home = subject.home
    needed = estimate_refresh_bytes(home)
    symptoms = []
    for folder in _folders_on_different_disks((home.root, home.restricted, home.public, Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(folder).free
        fault = disk_fault(folder)
        files = os.statvfs(folder)
        remedy = "Free some space, or move the home to a larger disk. Nothing is lost meanwhile."
        if fault is not None:
            symptoms.append(make_problem(fault.message, "Until then nothing can be received, refreshed or published."))
        elif folder != Path(tempfile.gettempdir()) and free < needed:
            text = f"{folder} has {free // _MB:,} MB free, and the next refresh needs about {needed // _MB:,} MB."
            symptoms.append(make_problem(text, remedy))
        elif free < needed + SPARE_BYTES:
            text = f"{folder} has {free // _MB:,} MB free; a refresh needs about {needed // _MB:,} MB."
            symptoms.append(make_warning(text, remedy))
        if files.f_files and files.f_favail < SPARE_FILES:
            text = f"The disk of {folder} has room for {files.f_favail:,} more files only."
            symptoms.append(make_warning(text, "Remove files that are no longer needed."))
    free = shutil.disk_usage(home.root).free
    return Examination("disk", f"{free // _MB:,} MB free, a refresh needs about {needed // _MB:,} MB", tuple(symptoms))


def estimate_refresh_bytes(home: Home) -> int:
    """Return the bytes that a refresh writes before it removes anything: builds of the warehouse and a draft."""
    from pipelines.publication.releases.publish import find_current_release
    from pipelines.warehouse.count_builds import latest_counts

    counts, release = latest_counts(home), find_current_release(home)
    indicators = home.warehouse / "indicators-restricted.duckdb"
    files = [path for path in (counts, indicators) if path is not None and path.is_file()]
    files += [path for path in release.rglob("*") if path.is_file()] if release is not None else []
    return sum(path.stat().st_size for path in files)


def _folders_on_different_disks(folders: Iterable[Path]) -> list[Path]:
    by_disk: dict[int, Path] = {}
    for folder in folders:
        if folder.is_dir():
            by_disk.setdefault(folder.stat().st_dev, folder)
    return list(by_disk.values())


def check_rights(subject: Subject) -> Examination:
    """Find restricted files that others can reach, keys that others can read, and files of another user."""
    home = subject.home
    symptoms = [*_find_open_folders(home), *_find_readable_keys(home), *_find_foreign_files(home)]
    if os.geteuid() != 0 and not os.access(home.restricted, os.R_OK | os.W_OK | os.X_OK):
        text = f"This user cannot read and write {home.restricted}."
        symptoms.append(make_problem(text, "Run the command as the user of the service."))
    return Examination("rights", "restricted/ is closed to others, public/ cannot be written by them", tuple(symptoms))


def _find_open_folders(home: Home) -> Iterator[Symptom]:
    is_shared = rights.is_shared(home)
    if rights.find_foreign_rights(home, home.restricted):
        mode = stat.S_IMODE(home.restricted.stat().st_mode)
        text = f"{home.restricted} has the rights {mode:o}: other users of this machine can enter it."
        yield make_problem(text, f"Run `chmod {'770' if is_shared else '700'} {home.restricted}`.")
    for folder in (home.root, home.public, home.releases):
        if not folder.is_dir() or folder.stat().st_mode & stat.S_ISVTX:
            continue
        if rights.find_foreign_rights(home, folder) & _WRITE:
            text = f"Others than the service can write in {folder}."
            yield make_problem(text, f"Run `chmod {'o' if is_shared else 'go'}-w {folder}`.")


def _find_readable_keys(home: Home) -> Iterator[Symptom]:
    folders = (home.restricted / "keys", home.restricted / "survey" / "keys")
    files = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir()) if path.is_file()]
    files += [path for path in (home.restricted / "notices.yml",) if path.is_file()]
    mode = "660" if rights.is_shared(home) else "600"
    for path in files:
        if rights.find_foreign_rights(home, path):
            yield make_problem(f"Other users may read the secret in {path}.", f"Run `chmod {mode} {path}`.")


def _find_foreign_files(home: Home) -> Iterator[Symptom]:
    """Yield one symptom if files belong to another user than the home, as after a command that root ran.

    In a shared home, they are those that the other users of its group cannot use.
    """
    status = home.restricted.stat()
    if rights.is_shared(home):
        foreign = list(rights.find_unshared(home))
        text = "Not every user of the group can use these files: {names}."
        remedy = f"Run `chgrp -R +{status.st_gid} {home.root}` and `rti init --kind {home.kind} --shared` as root."
    else:
        foreign = [path for path in rights.list_paths(home.restricted) if path.stat().st_uid != status.st_uid]
        text = "The service may be unable to write files of another user: {names}."
        user = foreign[0].stat().st_uid if foreign else 0
        remedy = f"Run `chown -R --from=+{user} +{status.st_uid} {home.restricted}` as root."
    if foreign:
        names = ", ".join(str(path.relative_to(home.root)) for path in foreign[:_NAMED])
        more = f" and {len(foreign) - _NAMED} more" if len(foreign) > _NAMED else ""
        yield make_warning(text.format(names=names + more), remedy)


def check_locks(subject: Subject) -> Examination:
    """Say who holds the home's lock, and find locks of the ledger that are not released."""
    from filelock import FileLock, Timeout

    home = subject.home
    holder = _read_holder(home)
    if not home.lock.exists() and holder is None:
        return Examination("locks", "nothing is running")
    if not os.access(home.lock, os.W_OK):
        return skip_check("locks", f"not examined, because this user cannot write {home.lock}")
    lock = FileLock(home.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return _describe_lock(holder)
    lock.release()
    return Examination("locks", "nothing is running")


def _describe_lock(holder: dict[str, Any] | None) -> Examination:
    if holder is None:
        return Examination("locks", "another command is running")
    text = f"`{holder['purpose']}` is running (process {holder['pid']}, since {holder['since']})"
    hours = (clock.now() - clock.parse_time(str(holder["since"]))).total_seconds() / 3600
    if hours < LONG_LOCK_HOURS:
        return Examination("locks", text)
    remedy = f"If it no longer makes progress, end process {holder['pid']}; the next run starts over and loses nothing."
    return Examination("locks", text, (make_warning(f"{text} and has held the lock for {hours:.0f} hours.", remedy),))


def check_triggers(subject: Subject) -> Examination:
    """Report sensors and schedules that fail again and again, as the daemon found them."""
    from pipelines.runs.trigger_watch import read_failing_triggers

    symptoms = []
    for trigger in read_failing_triggers(subject.home):
        sentence = trigger.describe_failure()
        symptoms.append(make_problem(f"{sentence[0].upper()}{sentence[1:]}.", _TRIGGER_REMEDIES[trigger.remedy]))
    return Examination("sensors", "sensors and schedules of Dagster", tuple(symptoms))


def check_workers(_subject: Subject) -> Examination:
    """Find out whether workers take the steps of refreshes, if they are to do them."""
    from pipelines.runs import step_queue

    if not step_queue.has_queue():
        return Examination("workers", "refreshes are done by the process of each run")
    remedy = "Start RabbitMQ, or correct RTI_DAGSTER_BROKER_URL. `rti refresh` works without it."
    try:
        states = step_queue.read_queues()
    except step_queue.QueueAwayError as error:
        return Examination("workers", "RabbitMQ does not answer", (make_problem(f"{error}.", remedy),))
    waiting, workers = sum(state.waiting for state in states), max(state.workers for state in states)
    summary = f"{workers} workers take steps, {waiting} steps wait"
    if not (missing := step_queue.describe_missing_workers(states)):
        return Examination("workers", summary)
    sentence, _, remedy = missing.partition("; ")
    symptom = make_problem(f"{sentence[0].upper()}{sentence[1:]}.", f"{remedy[0].upper()}{remedy[1:]}.")
    return Examination("workers", summary, (symptom,))


def _read_holder(home: Home) -> dict[str, Any] | None:
    try:
        holder = json.loads(home.lock.with_suffix(".holder.json").read_text(encoding="utf-8"))
        clock.parse_time(str(holder["since"]))
        return {name: holder[name] for name in ("purpose", "pid", "since")}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def check_reading(subject: Subject) -> Examination:
    """Name what the kernel keeps from processes that read files; warn if a real home has less than is required."""
    from pipelines.core.settings import ReadingSettings, read_settings
    from pipelines.reading.sandbox.isolation import DESCRIPTIONS, list_missing, measure_isolation

    isolation = measure_isolation()
    summary = f"files are read in processes {DESCRIPTIONS[isolation]}"
    missing = list_missing(isolation, read_settings(ReadingSettings).reading_isolation)
    if not missing or subject.home.kind != "real":
        return Examination("reading", summary)
    where = (
        f"(docs/hardening.md, Processes that read files), or set RTI_READING_ISOLATION={isolation} if that is accepted."
    )
    warnings = {
        "network": (
            "The system allows no network namespace, so a file that takes over a library in C could reach the network.",
            f"Allow namespaces of users {where}",
        ),
        "files": (
            "The system has no Landlock, so a file that takes over a library in C could reach the home.",
            f"Use Linux 5.13 or newer with Landlock {where}",
        ),
    }
    return Examination("reading", summary, tuple(make_warning(*warnings[name]) for name in sorted(missing)))


def check_clock(subject: Subject) -> Examination:
    """Compare the clock with the audit log and with the dates of releases. A clock behind them stops every act."""
    from pipelines.core.settings import ClockSettings, read_settings
    from pipelines.ledger import clock_guard
    from pipelines.ledger.database import open_read_transaction
    from pipelines.publication.releases.publications import read_publications

    now = clock.format_timestamp(clock.now())
    symptoms = []
    if subject.home.kind == "real" and read_settings(ClockSettings).now is not None:
        text = "RTI_NOW sets the time of this home of real returns, so records get a time that is not the real one."
        symptoms.append(make_problem(text, "Remove the variable RTI_NOW where the service is started."))
    if subject.engine is None:
        return Examination("clock", f"it says {now}; not compared with the ledger, which cannot be read", (*symptoms,))
    with open_read_transaction(subject.engine) as connection:
        try:
            clock_guard.refuse_clock_set_back(connection)
            for publication in read_publications(subject.home):
                clock_guard.refuse_clock_before_release(connection, publication.release, publication.published_at)
        except clock_guard.ClockSetBackError as error:
            symptoms.append(_describe_clock(error.params))
    return Examination("clock", f"it says {now}", tuple(symptoms))


def _describe_clock(params: Mapping[str, object]) -> Symptom:
    later = f"release {params['release']} dates from" if "release" in params else "the audit log has an entry of"
    text = f"The clock says {params['now']}, but {later} {params['newest']}. "
    text += "Until it is right, no return can be sent or decided, and nothing is refreshed or published."
    remedy = "Set the clock right. If it is right now and was ahead before, run `rti audit accept-clock` as a steward."
    return make_problem(text, remedy)
