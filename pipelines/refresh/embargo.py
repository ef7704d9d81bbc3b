"""Announce the minute of a release, approve its draft before, and publish it when the minute has come.

The calendar (`public/calendar.json`) is public; everything else of a draft stays below `restricted/` until it is
published. An approval belongs to the manifest that the steward saw: the draft is not rebuilt while it waits, and a
draft that differs from it is not published.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core import clock, durable
from pipelines.core.home import Home
from pipelines.core.home_lock import HomeBusyError, hold_home_lock
from pipelines.core.i18n import mark
from pipelines.publication.releases.calendar import PlannedRelease, find_planned, format_minute, write_calendar
from pipelines.publication.releases.correction_notices import CorrectionNotice, read_notices, write_notices
from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.publications import read_publications
from pipelines.publication.releases.publish import PUBLIC_ALREADY, refuse_older_edition, select_draft, verify_files
from pipelines.publication.releases.verification import manifest_digest
from pipelines.refresh.publication import MINIMUM_REASON, publish_draft
from pipelines.refresh.results import Log, ignore_log

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Approval:
    """A draft that a steward approved for its announced minute."""

    release: str
    at: str
    manifest_sha256: str
    actor: str
    approved_at: str

    @property
    def is_due(self) -> bool:
        """Return True if the minute has come."""
        return clock.parse_time(self.at) <= clock.now()


# -- The calendar


def schedule_release(home: Home, release: str, moment: datetime | None, *, actor: str, reason: str = "") -> None:
    """Announce the minute of a release, change it, or cancel it (None). The reason of a change is public.

    Raises ReleaseError, NotAllowedError, ClockSetBackError.
    """
    from pipelines.submissions import changes, release_log

    try:
        edition_key(release)
    except ValueError as error:
        raise ReleaseError(
            mark("{release} is not a release. Name it like 2026-Q3, or 2026-Q3.1 for a correction."), release=release
        ) from error
    changes.refuse_words(reason)
    if any(line.release == release for line in read_publications(home)):
        raise ReleaseError(PUBLIC_ALREADY, release=release)
    refuse_older_edition(home, release)
    if moment is not None and moment <= clock.now():
        raise ReleaseError(mark("The time {time} has passed. Announce a later one."), time=format_minute(moment))
    if moment is not None and moment.second:
        raise ReleaseError(mark("Announce the release for a full minute, such as 2027-02-15 09:00."))
    planned = find_planned(home, release)
    if planned is None and moment is None:
        raise ReleaseError(
            mark("No time is announced for release {release}, so there is nothing to cancel."), release=release
        )
    if planned is not None and len(reason.strip()) < MINIMUM_REASON:
        raise ReleaseError(
            mark(
                "Write in at least {n} characters why the announced time of release {release} changes. The reason "
                "becomes public."
            ),
            n=MINIMUM_REASON,
            release=release,
        )
    if (approval := read_approval(home)) is not None and approval.release == release:
        raise ReleaseError(
            mark(
                "Release {release} is approved for {time}. Withdraw the approval before you change the time: on the "
                "release desk, or with `rti release approve --withdraw`."
            ),
            release=release,
            time=format_minute(clock.parse_time(approval.at)),
        )
    with hold_home_lock(home, purpose="schedule"):
        engine = _open_ledger(home)
        detail = {"at": clock.format_timestamp(moment) if moment is not None else None, "reason": reason.strip()}
        release_log.record_act(
            engine, "schedule_release", release_log.RELEASE_SCHEDULED, release, actor=actor, detail=detail
        )
        renew_calendar(home)


def renew_calendar(home: Home) -> None:
    """Write the public calendar from the audit log, in case it was lost or not written."""
    from pipelines.submissions import release_log

    planned: dict[str, PlannedRelease] = {}
    for entry in release_log.read_acts(_open_ledger(home), release_log.RELEASE_SCHEDULED):
        before = planned.get(entry["subject"])
        earlier = (*before.earlier, before.at) if before is not None and before.at is not None else ()
        planned[entry["subject"]] = PlannedRelease(
            entry["subject"], entry["detail"]["at"], entry["at"], entry["detail"]["reason"], earlier
        )
    write_calendar(home, list(planned.values()))


# -- Notices on corrected figures


def publish_notice(home: Home, release: str, *, area: str, period: str = "", text: str, actor: str) -> CorrectionNotice:
    """Publish a notice that figures of a release were wrong. The next draft has it next to the figures of the area.

    Raises ReleaseError, NotAllowedError, ClockSetBackError.
    """
    from pipelines.declarations.registry import load
    from pipelines.model.periods import Period
    from pipelines.submissions import changes, release_log

    changes.refuse_words(text)
    text = " ".join(text.split())
    if not any(line.release == release for line in read_publications(home)):
        raise ReleaseError(
            mark("Release {release} was never published, so it has no figures to correct. Name a published release."),
            release=release,
        )
    territories = load().without_training().territories
    areas = {place.code for territory in territories.values() for place in territory.jurisdictions} | set(territories)
    if area not in areas:
        raise ReleaseError(
            mark("{area} is not a territory or a part of one. Name one of these: {areas}."),
            area=area,
            areas=", ".join(sorted(areas)),
        )
    if period:
        try:
            Period.from_code(period)
        except ValueError as error:
            raise ReleaseError(
                mark("{period} is not a period. Write a quarter like 2026-Q3, or a year like 2026."), period=period
            ) from error
    if len(text) < MINIMUM_REASON:
        raise ReleaseError(
            mark("Write in at least {n} characters what was wrong. The text becomes public."), n=MINIMUM_REASON
        )
    with hold_home_lock(home, purpose="notice"):
        detail = {"area": area, "period": period, "text": text}
        release_log.record_act(
            _open_ledger(home), "publish_notice", release_log.CORRECTION_NOTICED, release, actor=actor, detail=detail
        )
        renew_notices(home)
    return read_notices(home)[-1]


def renew_notices(home: Home) -> None:
    """Write the public notices from the audit log, in case they were lost or not written."""
    from pipelines.submissions import release_log

    entries = release_log.read_acts(_open_ledger(home), release_log.CORRECTION_NOTICED)
    write_notices(
        home,
        [
            CorrectionNotice(
                f"{entry['detail']['area']}-correction-{number}", entry["subject"], **entry["detail"],
                issued_at=entry["at"],
            )
            for number, entry in enumerate(entries, start=1)
        ],
    )  # fmt: skip


# -- Approval


def approval_path(home: Home) -> Path:
    """Return the path of the approval that waits for its minute."""
    return home.restricted / "approval.json"


def read_approval(home: Home) -> Approval | None:
    """Return the approval that waits for its minute, or None. Raises DamagedJsonError."""
    path = approval_path(home)
    return durable.read_shaped_json(path, lambda content: Approval(**content)) if path.exists() else None


def approve_draft(home: Home, draft: str | None = None, *, actor: str, override_reason: str | None = None) -> Approval:
    """Approve a draft for its announced minute; a service publishes it then. Return the approval.

    The checklist must be in order, or be overridden for a reason. Raises ChecklistError, ReleaseError if no date was
    announced or its minute has passed, NotAllowedError, ClockSetBackError.
    """
    from pipelines.refresh.release_desk import review
    from pipelines.submissions import release_log

    with hold_home_lock(home, purpose="approve"):
        release = select_draft(home, draft)
        planned = find_planned(home, release)
        if planned is None or planned.at is None:
            raise ReleaseError(
                mark(
                    "No time is announced for release {release}. Announce one on the release desk or with "
                    "`rti release schedule`."
                ),
                release=release,
            )
        if planned.moment is not None and planned.moment <= clock.now():
            raise ReleaseError(
                mark(
                    "The announced time of release {release}, {time}, has passed. Publish it now, or announce a later "
                    "time."
                ),
                release=release,
                time=format_minute(planned.moment),
            )
        refuse_older_edition(home, release)
        verify_files(home.drafts / release)
        engine = _open_ledger(home)
        override = review.Override(override_reason, actor) if override_reason is not None else None
        review.require_ready(home, engine, home.drafts / release, override)
        digest = manifest_digest(home.drafts / release)
        approval = Approval(release, planned.at, digest, actor, clock.format_timestamp(clock.now()))
        detail = {"at": approval.at, "manifest_sha256": digest}
        release_log.record_act(
            engine, "approve_release", release_log.RELEASE_APPROVED, release, actor=actor, detail=detail
        )
        durable.write_file(approval_path(home), (json.dumps(asdict(approval)) + "\n").encode())
        return approval


def withdraw_approval(home: Home, *, actor: str) -> str:
    """Withdraw the approval of the draft that waits; return its release. Raises ReleaseError, NotAllowedError."""
    from pipelines.submissions import release_log

    with hold_home_lock(home, purpose="approve"):
        approval = read_approval(home)
        if approval is None:
            raise ReleaseError(
                mark("No draft is approved, so there is no approval to withdraw. Look at the release desk again.")
            )
        release_log.record_act(
            _open_ledger(home),
            "approve_release",
            release_log.APPROVAL_WITHDRAWN,
            approval.release,
            actor=actor,
            detail={"at": approval.at},
        )
        _remove_approval(home)
        return approval.release


def is_waiting(home: Home) -> str | None:
    """Return the release whose approved draft waits for its minute; it must not be rebuilt. None if there is none."""
    approval = read_approval(home)
    if approval is None or not (home.drafts / approval.release).exists():
        return None
    return approval.release


# -- Publication at the minute


def publish_due(home: Home, *, log: Log = ignore_log) -> str | None:
    """Publish the approved draft if its minute has come. Return the release, or None.

    An approval is used once: if the draft is not the approved one, nothing is published and that is logged. While
    another command holds the home, the next call tries again. Raises ReleaseError, IntegrityError, ClockSetBackError.
    """
    approval = read_approval(home)
    if approval is None or not approval.is_due:
        return None
    try:
        with hold_home_lock(home, purpose="publish"):
            if any(line.release == approval.release for line in read_publications(home)):
                _remove_approval(home)  # published by hand, or a crash came between
                return None
            if (problem := _find_problem(home, approval)) is not None:
                _remove_approval(home)
                log(f"{approval.release} is not published: {problem}")
                return None
            release = publish_draft(home, approval.release, is_approved=True, log=log)
            _remove_approval(home)
            log(f"{release} was published at its announced minute, {approval.at}")
            return release
    except HomeBusyError as error:
        log(f"{approval.release} waits: {error}")
        return None


def _find_problem(home: Home, approval: Approval) -> str | None:
    """Return why an approval must not be carried out, or None: no such draft, another draft, or a forged file."""
    from pipelines.submissions import release_log

    folder = home.drafts / approval.release
    if not (folder / "manifest.json").is_file() and not (home.releases / approval.release).exists():
        return "its draft is missing"
    if folder.exists() and manifest_digest(folder) != approval.manifest_sha256:
        return "the draft is not the one that was approved"
    acts = release_log.read_acts(
        _open_ledger(home), release_log.RELEASE_APPROVED, release_log.APPROVAL_WITHDRAWN, release=approval.release
    )
    newest = acts[-1] if acts else None
    expected = {"at": approval.at, "manifest_sha256": approval.manifest_sha256}
    if newest is None or newest["action"] != release_log.RELEASE_APPROVED or newest["detail"] != expected:
        return "the audit log has no such approval"
    return None


def _remove_approval(home: Home) -> None:
    approval_path(home).unlink(missing_ok=True)
    durable.sync_folder(home.restricted)


def _open_ledger(home: Home) -> sa.Engine:
    from pipelines.ledger.opening import open_ledger

    return open_ledger(home)
