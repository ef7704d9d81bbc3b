"""The acts of the release desk. Each takes the person and checks the right in the one table of permissions.

`review.py` examines the draft for these acts and for every other way to publish. Public files (calendar, notices,
access list) are written from the audit log.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core import durable
from pipelines.core.home import Home
from pipelines.core.home_lock import hold_home_lock
from pipelines.core.i18n import mark
from pipelines.ledger.identity import EVERY, Identity
from pipelines.ledger.permissions import (
    Act,
    has_role_for,
    has_role_in,
    make_missing_role_error,
    missing_role,
    roles_for,
)
from pipelines.publication.releases import calendar, preview
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.preview import PreviewReader
from pipelines.publication.releases.publish import NO_DRAFT, SEVERAL_DRAFTS, list_drafts
from pipelines.publication.releases.verification import manifest_digest
from pipelines.refresh import embargo, publication
from pipelines.refresh.release_desk import review, rollback_plan
from pipelines.refresh.release_desk.checklist import CHECKS, DraftCheckResult
from pipelines.refresh.release_desk.rollback_plan import RollbackPlan
from pipelines.refresh.release_desk.sheets import TerritorySheet, make_sheet
from pipelines.submissions import release_log

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.declarations.registry import Registry


@dataclass(frozen=True)
class ReleaseDesk:
    """The home, its ledger and declarations, for the acts of this module."""

    home: Home
    engine: sa.Engine
    registry: Registry


@dataclass(frozen=True)
class SignOff:
    """A territory and who signed its sheet for the present draft, or None."""

    territory: str
    signed_by: str | None
    signed_at: str | None


@dataclass(frozen=True)
class Review:
    """A draft with its checks and signatures. `planned` is its minute in the calendar, `approval` waits for it."""

    release: str
    checks: Sequence[DraftCheckResult]
    sign_offs: Sequence[SignOff]
    planned: calendar.PlannedRelease | None
    approval: embargo.Approval | None

    @property
    def is_ready(self) -> bool:
        """Return True if nothing is open."""
        return all(result.state != "open" for result in self.checks)


def find_draft(desk: ReleaseDesk) -> Path | None:
    """Return the folder of the draft, or None if there is none or more than one."""
    drafts = list_drafts(desk.home)
    return desk.home.drafts / drafts[0] if len(drafts) == 1 else None


def review_draft(desk: ReleaseDesk, who: Identity) -> Review:
    """Show how the draft is. Checks of what is unchanged since the last view keep their results.

    Raises NotAllowedError, ReleaseError.
    """
    _require_steward(who, "approve_release")
    folder = _require_draft(desk)
    examined = review.view_draft(desk.home, desk.engine, desk.registry, folder)
    sign_offs = [
        SignOff(code, examined.signatures[code]["actor"], examined.signatures[code]["at"])
        if code in examined.signatures
        else SignOff(code, None, None)
        for code in sorted(desk.registry.without_training().territories)
    ]
    planned = calendar.find_planned(desk.home, folder.name)
    return Review(folder.name, examined.checks, sign_offs, planned, embargo.read_approval(desk.home))


def explain_check(desk: ReleaseDesk, who: Identity, check_id: str, text: str) -> None:
    """Record why the problems of a check do not prevent the release. Raises NotAllowedError, ReleaseError."""
    _require_steward(who, "approve_release")
    folder = _require_draft(desk)
    check = next((check for check in CHECKS if check.id == check_id), None)
    if check is None or not check.can_be_explained:
        raise ReleaseError(mark("The problems of this check cannot be explained. They must be corrected."))
    text = review.read_reason(text)
    detail = {"check": check_id, "text": text, "manifest_sha256": manifest_digest(folder)}
    release_log.record_act(
        desk.engine, "approve_release", release_log.CHECK_EXPLAINED, folder.name, actor=who.account, detail=detail
    )


def list_sheets(desk: ReleaseDesk, who: Identity) -> list[SignOff]:
    """Return the territories whose sheets a person may read: those that it signs, or all for a steward."""
    folder = find_draft(desk)
    if folder is None:
        return []
    signatures = review.read_signatures(desk.engine, folder.name, manifest_digest(folder))
    return [
        SignOff(code, signatures.get(code, {}).get("actor"), signatures.get(code, {}).get("at"))
        for code in desk.registry.without_training().list_codes()
        if _may_read_sheet(desk, who, code)
    ]


def read_sheet(desk: ReleaseDesk, who: Identity, territory: str) -> TerritorySheet:
    """Return the sheet of a territory. Raises NotAllowedError, ReleaseError."""
    if not _may_read_sheet(desk, who, territory):
        raise make_missing_role_error()
    return make_sheet(desk.home, _require_draft(desk), territory, desk.registry)


def may_sign(desk: ReleaseDesk, who: Identity, territory: str) -> bool:
    """Return True if a person is an approver of a territory."""
    places = _list_jurisdictions(desk, territory)
    return bool(places) and who.token is None and has_role_in(who, "sign_off_release", places)


def sign_sheet(desk: ReleaseDesk, who: Identity, territory: str, manifest_sha256: str) -> None:
    """Sign the sheet of a territory for the draft that was shown. Raises NotAllowedError, ReleaseError."""
    if not may_sign(desk, who, territory):
        raise make_missing_role_error()
    folder = _require_draft(desk)
    if manifest_digest(folder) != manifest_sha256:
        raise ReleaseError(
            mark("The draft has changed since this sheet was shown. Read the sheet again before you sign it.")
        )
    release_log.record_act(
        desk.engine,
        "sign_off_release",
        release_log.SIGNED_OFF,
        folder.name,
        actor=who.account,
        detail={"territory": territory, "manifest_sha256": manifest_sha256},
        jurisdictions=_list_jurisdictions(desk, territory),
    )


def announce_release(desk: ReleaseDesk, who: Identity, moment: datetime | None, reason: str = "") -> None:
    """Announce the minute of the draft's release, change it, or cancel it (None)."""
    _require_steward(who, "schedule_release")
    release = _require_draft(desk).name
    embargo.schedule_release(desk.home, release, moment, actor=who.account, reason=reason)


def override_checklist(desk: ReleaseDesk, who: Identity, reason: str) -> None:
    """Record that the draft is to be published although checks are open. Essential checks stay open.

    It counts for this draft only. Raises NotAllowedError, ReleaseError.
    """
    _require_steward(who, "approve_release")
    folder = _require_draft(desk)
    open_checks = review.examine_draft(desk.home, desk.engine, desk.registry, folder).open_checks
    if all(result.check.is_essential for result in open_checks):
        raise ReleaseError(mark("No open check can be overridden. Correct what is still open."))
    review.record_override(desk.home, desk.engine, folder, open_checks, review.Override(reason, who.account))


def list_overrides(desk: ReleaseDesk, who: Identity) -> list[review.RecordedOverride]:
    """Return the overrides of the checklists of all releases, the newest first. Raises NotAllowedError."""
    _require_steward(who, "approve_release")
    return review.read_overrides(desk.engine)[::-1]


def list_exceptions(desk: ReleaseDesk, who: Identity) -> list[review.WrittenException]:
    """Return the written exceptions of all published releases, the newest first. Raises NotAllowedError."""
    _require_steward(who, "approve_release")
    return review.read_exceptions(desk.home, desk.engine)[::-1]


def publish_release(desk: ReleaseDesk, who: Identity) -> embargo.Approval | None:
    """Publish the draft, or approve it for its announced minute and return the approval.

    Raises ChecklistError while a check is open, NotAllowedError, and the errors of a publication.
    """
    _require_steward(who, "approve_release")
    release = _require_draft(desk).name
    if calendar.find_embargo(desk.home, release) is not None:
        return embargo.approve_draft(desk.home, release, actor=who.account)
    publication.publish_draft(desk.home, release)
    return None


def withdraw_approval(desk: ReleaseDesk, who: Identity) -> None:
    """Withdraw the approval that waits for its minute."""
    _require_steward(who, "approve_release")
    embargo.withdraw_approval(desk.home, actor=who.account)


# -- Making an earlier release current again


def may_roll_back(who: Identity) -> bool:
    """Return True if a person is a steward who may make an earlier release current again."""
    return who.token is None and has_role_for(who, "roll_back", EVERY, EVERY)


def list_rollback_targets(desk: ReleaseDesk, who: Identity) -> list[str]:
    """Return the releases that can become current again, the usual choice first. Raises NotAllowedError."""
    _require_steward(who, "roll_back")
    return rollback_plan.list_rollback_targets(desk.home)


def plan_rollback(desk: ReleaseDesk, who: Identity, release: str) -> RollbackPlan | None:
    """Return what a rollback to a release would change; None if it is not possible. Raises NotAllowedError."""
    _require_steward(who, "roll_back")
    return rollback_plan.plan_rollback(desk.home, desk.engine, release)


def roll_back(desk: ReleaseDesk, who: Identity, release: str, reason: str, expected: str) -> None:
    """Make an earlier release current again instead of the `expected` one, as `rti release rollback` does.

    Raises NotAllowedError and the errors of a rollback.
    """
    _require_steward(who, "roll_back")
    publication.roll_back(desk.home, release, actor=who.account, reason=reason, expected=expected)


# -- Who sees a draft before its release


def list_preview_readers(desk: ReleaseDesk) -> list[PreviewReader]:
    """Return the public list of people who see a draft before its release."""
    return preview.read_preview_list(desk.home)


def grant_preview(desk: ReleaseDesk, who: Identity, name: str, organisation: str, reason: str) -> None:
    """Add a person to the public list of those who see a draft before its release."""
    _require_steward(who, "grant_preview")
    name, organisation = " ".join(name.split()), " ".join(organisation.split())
    if not name or not organisation:
        field = "organisation" if name else "name"
        raise ReleaseError(mark("Enter the name and the organisation of the person. The list is public.")).at_field(
            field
        )
    detail = {"name": name, "organisation": organisation, "reason": review.read_reason(reason)}
    _record_preview(desk, who, release_log.PREVIEW_GRANTED, detail)


def end_preview(desk: ReleaseDesk, who: Identity, name: str) -> None:
    """Remove a person from the list."""
    _require_steward(who, "grant_preview")
    if name not in {reader.name for reader in list_preview_readers(desk)}:
        raise ReleaseError(mark("{name} is not in the list. Choose a name that is in it."), name=name)
    _record_preview(desk, who, release_log.PREVIEW_ENDED, {"name": name})


def _record_preview(desk: ReleaseDesk, who: Identity, action: str, detail: dict[str, Any]) -> None:
    with hold_home_lock(desk.home, purpose="preview"):
        release_log.record_act(desk.engine, "grant_preview", action, "all", actor=who.account, detail=detail)
        readers: dict[str, PreviewReader] = {}
        for entry in release_log.read_acts(desk.engine, release_log.PREVIEW_GRANTED, release_log.PREVIEW_ENDED):
            readers.pop(entry["detail"]["name"], None)
            if entry["action"] == release_log.PREVIEW_GRANTED:
                readers[entry["detail"]["name"]] = PreviewReader(**entry["detail"], since=entry["at"])
        preview.write_preview_list(desk.home, list(readers.values()))


# -- Audits of the draft as its offices see it


def assess_draft(desk: ReleaseDesk, who: Identity) -> dict[str, int]:
    """Audit the draft as each territory sees it and keep the results; return the bad cells by territory."""
    import polars as pl

    from pipelines.publication.disclosure.reader_risk import RESULTS
    from pipelines.refresh.reader_audit import assess_release_as

    _require_steward(who, "approve_release")
    folder = _require_draft(desk)
    n_cells = {}
    for territory in desk.registry.without_training().list_codes():
        sets = assess_release_as(desk.home, territory, folder.name)
        n_cells[territory] = sum(of_set.results.filter(pl.col("result").is_in(RESULTS)).height for of_set in sets)
    content = {"manifest_sha256": manifest_digest(folder), "found": n_cells}
    durable.write_file(review.audits_path(desk.home, folder.name), (json.dumps(content) + "\n").encode())
    return n_cells


# -- Helpers


def _require_steward(who: Identity, act: Act) -> None:
    if who.token is not None or not has_role_for(who, act, EVERY, EVERY):
        raise missing_role(who.account, roles_for(act)[0], EVERY, EVERY)


def _require_draft(desk: ReleaseDesk) -> Path:
    drafts = list_drafts(desk.home)
    if not drafts:
        raise ReleaseError(NO_DRAFT)
    if len(drafts) > 1:
        raise ReleaseError(SEVERAL_DRAFTS, drafts=", ".join(drafts))
    return desk.home.drafts / drafts[0]


def _may_read_sheet(desk: ReleaseDesk, who: Identity, territory: str) -> bool:
    if may_sign(desk, who, territory):
        return True
    is_steward = who.token is None and has_role_for(who, "approve_release", EVERY, EVERY)
    return is_steward and territory in desk.registry.without_training().territories


def _list_jurisdictions(desk: ReleaseDesk, territory: str) -> list[str]:
    declared = desk.registry.without_training().territories.get(territory)
    return [place.code for place in declared.jurisdictions] if declared is not None else []
