"""Publish a draft or roll back to an earlier release, as a sequence that survives interruption.

All work that needs disk space or can be refused is done first, in temporary files, and the manifest is signed. Then
the intent is written durably, and the steps follow: move the draft, switch the pointer, append to the journal, renew
the baseline of the figures from records, mark the returns in the ledger, write a checkpoint of the audit log, send what
is public to the bucket of releases if the settings name one. Each step is idempotent, so the next `rti publish`,
refresh or start of the service repeats them from the beginning and then removes the intent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core import clock, durable, rights
from pipelines.core.errors import UserFacingError
from pipelines.core.file_store import FileStoreError
from pipelines.core.home import Home
from pipelines.core.home_lock import HomeBusyError, hold_home_lock
from pipelines.core.i18n import mark
from pipelines.publication.releases.calendar import find_embargo, format_minute
from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.manifest import read_manifest
from pipelines.publication.releases.public_copies import has_bucket, require_bucket, send_public
from pipelines.publication.releases.publications import (
    Intent,
    Publication,
    append_journal,
    intent_path,
    prepare_journal,
    prepared_journal_path,
    read_intent,
    read_publications,
    remove_intent,
    write_intent,
)
from pipelines.publication.releases.publish import (
    discard_switch,
    find_current_release,
    list_drafts,
    move_draft,
    prepare_switch,
    refuse_older_edition,
    select_draft,
    switch_current,
    verify_files,
)
from pipelines.publication.releases.signature import discard_signature, find_signing_key, sign_manifest
from pipelines.publication.releases.verification import manifest_digest
from pipelines.refresh.publication_inputs import find_records_behind, find_returns_behind
from pipelines.refresh.results import Log, ignore_log

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.refresh.release_desk.review import Override

MINIMUM_REASON = 10
"""Minimum length of the reason of a rollback, in characters."""
_LEDGER_BYTES, _LEDGER_BYTES_PER_RETURN = 1 << 20, 1 << 14
"""Space reserved for the ledger: its write-ahead log grows by whole pages, about three for each marked return."""


class AlteredReleaseError(ReleaseError):
    """A published release is not as it was published, so it must not become current again."""


def publish_draft(
    home: Home,
    draft: str | None = None,
    *,
    override: Override | None = None,
    is_approved: bool = False,
    log: Log = ignore_log,
) -> str:
    """Publish a draft as the current release and mark its returns in the ledger. Return the release's id.

    No check of the release desk may be open unless a steward overrides it; the reason goes into the audit log.
    `is_approved` is for a draft that passed its checks when it was approved: only the essential ones run again.

    `draft` may be left out if there is only one. An interrupted publication is completed first; if no draft is left
    after that, the completed release is returned. Raises ChecklistError, ReleaseError, ClockSetBackError, HomeBusyError
    while another process changes this home, and IntegrityError if facts differ from the approved ones, since the draft
    may have been built from the changed facts.
    """
    from pipelines.refresh import integrity
    from pipelines.refresh.release_desk import review

    with _explain_system_errors("publish"), hold_home_lock(home, purpose="publish"):
        finished = complete_publication(home, log=log)
        if finished is not None and (draft == finished or (draft is None and not list_drafts(home))):
            return finished
        engine = _open_ledger(home)
        release = select_draft(home, draft)
        draft_folder = _draft_folder(home, release)
        integrity.require_intact_inputs(home)
        _refuse_clock_set_back(home, engine, draft_folder)
        refuse_older_edition(home, release)
        _refuse_embargo(home, release)
        discard_signature(draft_folder)
        verify_files(draft_folder)
        if is_approved:
            review.require_essential_checks(home, engine, draft_folder)
        else:
            review.require_ready(home, engine, draft_folder, override)
        records = find_records_behind(home, release)
        publication = Publication(
            release,
            clock.format_timestamp(clock.now()),
            manifest_sha256=manifest_digest(draft_folder),
            key_id=find_signing_key(home),
        )
        intent = Intent(
            publication,
            number=len(read_publications(home)) + 1,
            renews_records=records is not None,
            submissions=tuple(find_returns_behind(engine, draft_folder)),
        )
        _prepare(home, intent, records)
        _carry_out_steps(home, intent, engine)
        return release


def roll_back(
    home: Home, release: str, *, actor: str, reason: str, expected: str | None = None, log: Log = ignore_log
) -> str:
    """Make an earlier release the current one again. Return its id.

    Nothing else changes: no release is removed, its number is not reused, returns stay published, and the next
    release's figures from records are compared with the newest published ones, because readers have seen them.
    `actor` is a steward of everything; `reason` becomes public in the journal. `expected` is the release that was
    current when the person decided; if another one is by now, nothing is done. Raises ReleaseError, NotAllowedError,
    ClockSetBackError, HomeBusyError.
    """
    from pipelines.submissions import changes
    from pipelines.submissions.accounts import accounts
    from pipelines.submissions.head_steward import require_head_steward

    with _explain_system_errors("rollback"), hold_home_lock(home, purpose="rollback"):
        complete_publication(home, log=log)
        engine = _open_ledger(home)
        require_head_steward(accounts.get_identity(engine, actor), actor, "roll_back")
        changes.refuse_words(reason)
        if len(reason.strip()) < MINIMUM_REASON:
            raise ReleaseError(
                mark(
                    "Write in at least {n} characters why release {release} is to be current again. The reason becomes "
                    "public."
                ),
                n=MINIMUM_REASON,
                release=release,
            )
        publications = read_publications(home)
        published = {entry.release for entry in publications}
        if release not in published:
            raise ReleaseError(
                mark("Release {release} was never published. Choose one of these: {releases}."),
                release=release,
                releases=", ".join(sorted(published, key=edition_key)) or "–",
            )
        before = find_current_release(home)
        if before is not None and before.name == release:
            raise ReleaseError(
                mark("Release {release} is the current release already. Choose another one."), release=release
            )
        if expected is not None and (before is None or before.name != expected):
            raise ReleaseError(
                mark(
                    "Release {expected} was the current release when you decided, and now it is {current}. Look at "
                    "what is public, and decide again."
                ),
                expected=expected,
                current=before.name if before is not None else "–",
            )
        _refuse_clock_set_back(home, engine)
        _require_as_published(home.releases / release)
        now, previous = clock.format_timestamp(clock.now()), before.name if before is not None else None
        publication = Publication(release, now, "rollback", previous, actor, reason.strip())
        intent = Intent(publication, number=len(publications) + 1)
        _prepare(home, intent, None)
        _carry_out_steps(home, intent, engine)
        return release


def complete_publication(home: Home, *, log: Log = ignore_log) -> str | None:
    """Complete an interrupted publication or rollback. Return its release, or None if there was none.

    If the draft is missing or damaged and did not reach the public folder, the publication is abandoned and that is
    logged. Raises ReleaseError if it cannot be completed, ClockSetBackError, HomeBusyError.
    """
    if not intent_path(home).exists():
        return None
    with _explain_system_errors("publish"), hold_home_lock(home, purpose="publish"):
        intent = read_intent(home)
        if intent is None:
            return None
        publication = intent.publication
        engine = _open_ledger(home)
        _refuse_clock_set_back(home, engine, made_at=(publication.release, publication.published_at))
        before = find_current_release(home)
        if before is None or before.name != publication.release:
            try:
                verify_files(_draft_folder(home, publication.release))
            except (ReleaseError, FileNotFoundError) as error:
                if publication.action == "rollback" or (home.releases / publication.release).exists():
                    raise ReleaseError(
                        mark(
                            "The publication of release {release} was interrupted and cannot be finished, because "
                            "files of the release are missing or damaged. Restore the folder {folder} from a backup, "
                            "then run `rti publish`."
                        ),
                        release=publication.release,
                        folder=(home.releases / publication.release).relative_to(home.root).as_posix(),
                    ) from error
                _abandon(home)
                log(f"the publication of {publication.release} was interrupted and is given up: {error}")
                return None
        _carry_out_steps(home, intent, engine)
        log(f"the interrupted publication of {publication.release} is complete")
        return publication.release


def complete_publication_at_start(home: Home, *, report: Log) -> None:
    """Complete an interrupted publication when a service starts. If that fails, report why and let the service start.

    Pages and returns do not depend on it, and `rti status` shows it until it is complete.
    """
    from pipelines.ledger.clock_guard import ClockSetBackError
    from pipelines.ledger.database import LedgerError

    try:
        complete_publication(home, log=report)
    except (ReleaseError, ClockSetBackError, HomeBusyError, LedgerError) as error:
        report(str(error))


def start_refresh(home: Home, *, log: Log = ignore_log) -> str | None:
    """Complete an interrupted publication and refuse a clock that was set back; call this before a refresh.

    Returns the release whose publication was completed, or None. Raises the errors of `complete_publication`.
    """
    finished = complete_publication(home, log=log)
    _refuse_clock_set_back(home, _open_ledger(home))
    return finished


# -- Preparation: everything that can fail, before the first step


def _prepare(home: Home, intent: Intent, records: Path | None) -> None:
    """Prepare in temporary files everything that needs disk space, then write the intent. Clean up on failure."""
    from pipelines.warehouse.records import build

    release = intent.publication.release
    try:
        require_bucket(home)
        if intent.publication.action == "publish":
            sign_manifest(home, _draft_folder(home, release), intent.publication.published_at)
        durable.sync_tree(_draft_folder(home, release))
        if records is not None:
            build.prepare_baseline(home, records)
        prepare_switch(home, release)
        prepare_journal(home, intent)
        _reserve_space(home, _LEDGER_BYTES + len(intent.submissions) * _LEDGER_BYTES_PER_RETURN)
        write_intent(home, intent)
    except (OSError, FileStoreError) as error:
        _abandon(home)
        raise ReleaseError(
            mark(
                "Release {release} was not published, and nothing has changed. Cause: {cause}. Correct this and try "
                "again."
            ),
            release=release,
            cause=_SystemFaultError(error),
        ) from error


def _abandon(home: Home) -> None:
    from pipelines.warehouse.records import build

    remove_intent(home)
    build.discard_baseline(home)
    discard_switch(home)
    for release in list_drafts(home):
        discard_signature(home.drafts / release)
    prepared_journal_path(home).unlink(missing_ok=True)
    _reserve_path(home).unlink(missing_ok=True)


def _reserve_path(home: Home) -> Path:
    return home.restricted / ".publication.reserve"


def _reserve_space(home: Home, size: int) -> None:
    """Reserve disk space until the ledger needs it. Raises OSError if there is not enough."""
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
    handle = os.open(_reserve_path(home), flags, rights.choose_private_mode(home.restricted))
    try:
        os.posix_fallocate(handle, 0, size)
    finally:
        os.close(handle)


# -- The steps of a publication


@contextmanager
def _explain_system_errors(command: str) -> Iterator[None]:
    """Turn an operating system error outside the steps, such as a disk too full for the lock, into a ReleaseError."""
    try:
        yield
    except OSError as error:
        raise ReleaseError(
            mark(
                "`rti {command}` was stopped by the system. Cause: {cause}. Correct this and try again. `rti status` "
                "says whether a publication is unfinished."
            ),
            command=command,
            cause=_SystemFaultError(error),
        ) from error


def _carry_out_steps(home: Home, intent: Intent, engine: sa.Engine) -> None:
    """Carry out the steps of a publication in order; steps already done have no effect."""
    import sqlalchemy as sa

    publication = intent.publication
    try:
        if publication.action == "publish":
            move_draft(home, publication.release)
        switch_current(home, publication.release)
        append_journal(home, intent)
        if intent.renews_records:
            _renew_baseline(home)
        _record_in_ledger(home, intent, engine)
        _write_checkpoint(home, engine)
        if has_bucket():
            send_public(home)
        remove_intent(home)
    except (OSError, FileStoreError, sa.exc.OperationalError) as error:
        raise ReleaseError(
            mark(
                "The publication of release {release} is not finished. Cause: {cause}. Correct this, then run "
                "`rti publish` to finish it."
            ),
            release=publication.release,
            cause=_SystemFaultError(error),
        ) from error


def _renew_baseline(home: Home) -> None:
    from pipelines.warehouse.records import build

    build.renew_baseline(home)


def _record_in_ledger(home: Home, intent: Intent, engine: sa.Engine) -> None:
    from pipelines.submissions import release_log

    _reserve_path(home).unlink(missing_ok=True)
    publication = intent.publication
    at = clock.parse_time(publication.published_at)
    if publication.action == "publish":
        release_log.record_publication(engine, intent.submissions, publication.release, at)
        return
    assert publication.actor is not None and publication.reason is not None
    release_log.record_rollback(
        engine,
        publication.release,
        publication.previous,
        number=intent.number,
        actor=publication.actor,
        reason=publication.reason,
        at=at,
    )


def _write_checkpoint(home: Home, engine: sa.Engine) -> None:
    from pipelines.ledger import audit_log

    audit_log.write_checkpoint(home, engine)


# -- Inputs of a publication


def _draft_folder(home: Home, release: str) -> Path:
    """Return the folder of a release: the public one if it has been moved there, else that of the draft."""
    public = home.releases / release
    return public if public.exists() else home.drafts / release


def _refuse_embargo(home: Home, release: str) -> None:
    """Raise ReleaseError before the announced minute of a release."""
    moment = find_embargo(home, release)
    if moment is not None:
        raise ReleaseError(
            mark(
                "Release {release} is announced for {time} and is not published before. Approve it for that time, or "
                "announce another one: on the release desk, or with `rti release approve` and `rti release schedule`."
            ),
            release=release,
            time=format_minute(moment),
        )


def _require_as_published(folder: Path) -> None:
    """Raise AlteredReleaseError if a published release differs from its manifest."""
    try:
        verify_files(folder)
    except (ReleaseError, FileNotFoundError) as error:
        raise AlteredReleaseError(
            mark(
                "The files of release {release} are not as they were published, so it cannot become current again. "
                "Restore them from a backup; `rti release verify` names them."
            ),
            release=folder.name,
        ) from error


def _open_ledger(home: Home) -> sa.Engine:
    from pipelines.ledger.opening import open_ledger

    return open_ledger(home)


def _refuse_clock_set_back(
    home: Home, engine: sa.Engine, draft: Path | None = None, made_at: tuple[str, str] | None = None
) -> None:
    """Raise ClockSetBackError if the clock is behind the audit log, any publication, `draft` or `made_at`."""
    from pipelines.ledger import clock_guard
    from pipelines.ledger.database import open_read_transaction

    dated = [(entry.release, entry.published_at) for entry in read_publications(home)]
    if made_at is not None:
        dated.append(made_at)
    if draft is not None:
        manifest = read_manifest(draft)
        dated.append((draft.name, manifest["drafted_at"]))
    with open_read_transaction(engine) as connection:
        clock_guard.refuse_clock_set_back(connection)
        if dated:
            release, newest = max(dated, key=lambda entry: entry[1])
            clock_guard.refuse_clock_before_release(connection, release, newest)


class _SystemFaultError(UserFacingError):
    """The cause of a system error: for commands in the words of the system, for pages as a sentence without paths."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        # Without the SQL statement that SQLAlchemy adds to it.
        super().__init__(str(getattr(error, "orig", None) or error))

    def localize_message(self, language: str = "en") -> str:
        from pipelines.core.i18n import tell
        from pipelines.core.storage_faults import find_fault

        fault = find_fault(self.error)
        return fault.localize_message(language)[0] if fault is not None else tell("Something went wrong", language)
