"""The checks of the home and the machine: earlier releases, facts, audit log, clock, disk and key."""

from __future__ import annotations

import shutil
from typing import Final

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.publication.releases import signature
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.publications import find_unfinished
from pipelines.publication.releases.verification import FaultKind, verify_published
from pipelines.refresh import integrity
from pipelines.refresh.release_desk.draft_under_review import DraftUnderReview
from pipelines.refresh.release_desk.problems import CheckProblem
from pipelines.refresh.release_desk.return_checks import name_return

_SPACE: Final = 3
"""Times the size of a draft that must be free on the disk."""
_FAULTS: Final = {
    FaultKind.JOURNAL: mark("The list of publications is damaged."),
    FaultKind.CURRENT: mark("The current release is missing."),
    FaultKind.UNRECORDED: mark("Release {release} is public, but no publication of it is recorded."),
    FaultKind.MISSING: mark("Release {release} was published, and its folder is missing."),
}
"""Sentences on faults that are not of single files."""
_CHANGED: Final = mark("Release {release}: the file {file} is not as it was published.")
_SEVERAL_CHANGED: Final = mark(
    "Release {release}: files that are not as they were published: {n}. The first is {file}."
)
_LEDGER: Final = mark("The database of the returns is damaged.")
_FACTS: Final = mark("{return}: the stored figures are not as they were approved.")
_CLOCK: Final = mark("The clock of this computer says {now}, but {newest} is recorded already (UTC).")
_DISK: Final = mark("Only {free} MB are free on the disk; {needed} MB are needed.")
_KEY: Final = mark("The key that signs releases is missing or damaged.")


def find_damaged_releases(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return what has changed in releases since they were published; the changed files of a release together."""
    faults = verify_published(draft.home)
    changed: dict[str, list[str]] = {}
    for fault in faults:
        if fault.kind is FaultKind.FILE:
            file = fault.path.relative_to(draft.home.releases / fault.release)
            changed.setdefault(fault.release, []).append(file.as_posix())
    whole = [
        CheckProblem(_FAULTS[fault.kind], {"release": fault.release})
        for fault in faults
        if fault.kind is not FaultKind.FILE
    ]
    return whole + [
        CheckProblem(_CHANGED, {"release": release, "file": files[0]})
        if len(set(files)) == 1
        else CheckProblem(_SEVERAL_CHANGED, {"release": release, "n": len(set(files)), "file": files[0]})
        for release, files in changed.items()
    ]


def find_damaged_inputs(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the returns whose facts differ from the approved ones, or a problem if the database is damaged."""
    from pipelines.ledger import queries

    damage = integrity.check_inputs(draft.home, draft.engine)
    names = {
        item.submission_id: name_return(draft, queries.find_submission(draft.engine, item.submission_id))
        for item in damage
        if item.submission_id is not None
    }
    return [
        CheckProblem(_FACTS, {"return": names[item.submission_id]})
        if item.submission_id is not None
        else CheckProblem(_LEDGER)
        for item in damage
    ]


def find_ledger_faults(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the faults of the audit log and the ledger; an interrupted publication has its own check."""
    from pipelines.ledger import verification

    faults = verification.verify_ledger(draft.engine, home=draft.home).faults
    return [CheckProblem(fault.text, {name: str(value) for name, value in fault.params.items()}) for fault in faults]


def find_unfinished_publication(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the publications that have begun and not ended, or a problem if the record of one is damaged."""
    try:
        unfinished = find_unfinished(draft.home)
    except ReleaseError as error:
        return [CheckProblem(error.text, {name: str(value) for name, value in error.params.items()})]
    return [CheckProblem(publication.text, publication.params) for publication in unfinished]


def find_clock_faults(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the newest recorded time if it is after the clock's."""
    from pipelines.ledger import clock_guard
    from pipelines.ledger.database import open_read_transaction

    with open_read_transaction(draft.engine) as connection:
        newest = max(clock_guard.newest_entry_at(connection) or "", draft.manifest["drafted_at"])
    now = clock.format_timestamp(clock.now())
    if newest <= now:
        return []
    return [CheckProblem(_CLOCK, {name: f"{clock.parse_time(at):%Y-%m-%d %H:%M}" for name, at in
                             (("now", now), ("newest", newest))})]  # fmt: skip


def find_full_disk(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return how much space there is if it is less than a publication needs."""
    needed = _SPACE * draft.files.size
    free = shutil.disk_usage(draft.home.public).free
    return [] if free >= needed else [CheckProblem(_DISK, {"free": free // 2**20, "needed": needed // 2**20})]


def find_key_faults(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return that the signing key cannot be read."""
    try:
        signature.find_signing_key(draft.home)
    except ReleaseError:
        return [CheckProblem(_KEY)]
    return []
