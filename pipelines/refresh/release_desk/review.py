"""Examine a draft with what the audit log says of it, and refuse to publish it while a check is open.

Every way to publish asks `require_ready`: the release desk, `rti publish`, and the approval for an announced minute.
What was done is in the audit log alone: signatures, explanations and overrides name the digest of the manifest that
they are for, so that they lapse with another draft.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.core import durable
from pipelines.core.home import Home
from pipelines.core.i18n import mark, tell
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.verification import manifest_digest
from pipelines.refresh.release_desk.checklist import CHECKS, Check, DraftCheckResult, run_checks, view_checks
from pipelines.refresh.release_desk.draft_under_review import DraftUnderReview
from pipelines.submissions import changes, release_log

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.declarations.registry import Registry

MINIMUM_REASON: Final = 10
"""Minimum length of an explanation or of the reason of an override, in characters."""
DEMONSTRATION_REASON: Final = mark(
    "This is a demonstration, and nobody signs its sheets. `rti refresh --publish` published the draft."
)
"""The reason that the program gives; pages show it in the reader's language, those of people as they were written."""
_COMPLETED_BY_PUBLISHING: Final = "unfinished"
"""The check that `rti publish` itself puts in order: it completes an interrupted publication."""
_ESSENTIAL: Final = tuple(check for check in CHECKS if check.is_essential)


class ChecklistError(ReleaseError):
    """Checks of the draft are open, so it must not be published.

    Commands name the checks by their ids, as `rti release checklist` does; pages by their titles.
    """

    def __init__(self, release: str, checks: Sequence[Check]) -> None:
        self.release = release
        self.checks = tuple(checks)
        self.essential = tuple(check for check in checks if check.is_essential)
        text = _ESSENTIAL_OPEN if self.essential else _OPEN
        super().__init__(text, **self._name_checks(lambda check: check.id, ", "))

    def localize_message(self, language: str = "en") -> str:
        """Return the message with the titles of the checks in a language."""
        names = self._name_checks(lambda check: tell(check.title, language), "; ")  # marked in release_desk.checklist
        return tell(self.text, language, **names)  # marked below

    def _name_checks(self, name_check: Callable[[Check], str], separator: str) -> dict[str, str]:
        names = {"release": self.release, "checks": separator.join(map(name_check, self.checks))}
        return names | ({"essential": separator.join(map(name_check, self.essential))} if self.essential else {})


_OPEN: Final = mark(
    "Release {release} is not published, because these checks are open: {checks}. The release desk and "
    "`rti release checklist` show what to do. A steward can override the checks there or with "
    "`rti publish --override REASON`."
)
_ESSENTIAL_OPEN: Final = mark(
    "Release {release} is not published, because these checks are open: {checks}. The release desk and "
    "`rti release checklist` show what to do. These cannot be overridden. Correct them, or explain those that can be "
    "explained: {essential}."
)


@dataclass(frozen=True)
class Override:
    """The decision to publish although checks are open. Without an actor, a demonstration publishes unattended."""

    reason: str
    actor: str | None = None


@dataclass(frozen=True)
class RecordedOverride:
    """An override in the audit log, with the checks that were open."""

    release: str
    actor: str
    at: str
    reason: str
    checks: Sequence[str]
    manifest_sha256: str


@dataclass(frozen=True)
class WrittenException:
    """The explanation of an essential check in the audit log, for the edition of a release that was published."""

    release: str
    check: str
    actor: str
    at: str
    text: str
    manifest_sha256: str


@dataclass(frozen=True)
class ExaminedDraft:
    """The results of a draft's checks, and the entries of its signatures by territory."""

    checks: Sequence[DraftCheckResult]
    signatures: Mapping[str, Mapping[str, Any]]

    @property
    def open_checks(self) -> list[DraftCheckResult]:
        """Return the checks that prevent the publication."""
        return [result for result in self.checks if result.state == "open"]


def examine_draft(home: Home, engine: sa.Engine, registry: Registry, folder: Path) -> ExaminedDraft:
    """Run all checks on a draft, for an act that depends on them."""
    draft = read_draft(home, engine, registry, folder)
    return ExaminedDraft(run_checks(draft), read_signatures(engine, folder.name, draft.digest))


def view_draft(home: Home, engine: sa.Engine, registry: Registry, folder: Path) -> ExaminedDraft:
    """Return the same for a view: checks whose sources are unchanged since the last view are not run again."""
    draft = read_draft(home, engine, registry, folder)
    return ExaminedDraft(view_checks(draft), read_signatures(engine, folder.name, draft.digest))


def read_draft(home: Home, engine: sa.Engine, registry: Registry, folder: Path) -> DraftUnderReview:
    """Return a draft with the explanations, signatures, audits and overrides that are for this draft."""
    release, digest = folder.name, manifest_digest(folder)
    return DraftUnderReview(
        home,
        engine,
        registry,
        folder,
        _read_explanations(engine, release, digest),
        frozenset(read_signatures(engine, release, digest)),
        read_audits(home, release, digest),
        {
            check: entry.reason
            for entry in read_overrides(engine, release)
            if entry.manifest_sha256 == digest
            for check in entry.checks
        },
    )


def require_ready(home: Home, engine: sa.Engine, folder: Path, override: Override | None = None) -> None:
    """Raise ChecklistError while a check of a draft is open.

    With an override, record it in the audit log for the checks that are open and need not be essential. Raises
    ReleaseError for a reason that is too short, and NotAllowedError unless its actor is a steward of everything.
    """
    from pipelines.declarations.registry import load

    examined = examine_draft(home, engine, load(), folder)
    open_checks = [result for result in examined.open_checks if result.check.id != _COMPLETED_BY_PUBLISHING]
    if override is not None and open_checks:
        record_override(home, engine, folder, open_checks, override)
        open_checks = [result for result in open_checks if result.check.is_essential]
    _refuse_open(folder.name, open_checks)


def require_essential_checks(home: Home, engine: sa.Engine, folder: Path) -> None:
    """Raise ChecklistError while an essential check is open; for a draft that was approved for its announced minute.

    The other checks were good, explained or overridden when it was approved. A return that arrives afterwards does not
    stop the release.
    """
    from pipelines.declarations.registry import load

    draft = read_draft(home, engine, load(), folder)
    _refuse_open(folder.name, [result for result in run_checks(draft, _ESSENTIAL) if result.state == "open"])


def record_override(
    home: Home, engine: sa.Engine, folder: Path, open_checks: Sequence[DraftCheckResult], override: Override
) -> None:
    """Record in the audit log that a draft is to be published although these checks are open.

    Essential checks are not part of an override. Raises ReleaseError, NotAllowedError.
    """
    reason = read_reason(override.reason)
    check_ids = [result.check.id for result in open_checks if not result.check.is_essential]
    if not check_ids:
        return
    detail = {"checks": check_ids, "reason": reason, "manifest_sha256": manifest_digest(folder)}
    if override.actor is not None:
        release_log.record_act(
            engine,
            "approve_release",
            release_log.CHECKLIST_OVERRIDDEN,
            folder.name,
            actor=override.actor,
            detail=detail,
        )
    elif home.kind == "demonstration":
        release_log.record_unattended(engine, release_log.CHECKLIST_OVERRIDDEN, folder.name, detail)
    else:
        raise ReleaseError(mark("Only a demonstration is published without a steward. Name one with `--as`."))


def _refuse_open(release: str, open_checks: Sequence[DraftCheckResult]) -> None:
    if open_checks:
        raise ChecklistError(release, [result.check for result in open_checks])


# -- What the audit log and the audits say of a draft


def read_overrides(engine: sa.Engine, release: str | None = None) -> list[RecordedOverride]:
    """Return the overrides of the checklist for one release or for all, oldest first."""
    return [
        RecordedOverride(entry["subject"], entry["actor"], entry["at"], **entry["detail"])
        for entry in release_log.read_acts(engine, release_log.CHECKLIST_OVERRIDDEN, release=release)
    ]


def read_exceptions(home: Home, engine: sa.Engine, release: str | None = None) -> list[WrittenException]:
    """Return the written exceptions with which one release or all were published, oldest first.

    An explanation that was replaced by a later one, or that was for a draft that was not published, is not among them.
    """
    essential = {check.id for check in _ESSENTIAL}
    exceptions = {}
    for entry in release_log.read_acts(engine, release_log.CHECK_EXPLAINED, release=release):
        detail, folder = entry["detail"], home.releases / entry["subject"]
        is_published = folder.is_dir() and manifest_digest(folder) == detail["manifest_sha256"]
        if is_published and detail["check"] in essential:
            exception = WrittenException(entry["subject"], actor=entry["actor"], at=entry["at"], **detail)
            exceptions[exception.release, exception.check] = exception
    return list(exceptions.values())


def read_signatures(engine: sa.Engine, release: str, digest: str) -> dict[str, dict[str, Any]]:
    """Return the entries of the signatures of a draft by territory."""
    entries = release_log.read_acts(engine, release_log.SIGNED_OFF, release=release)
    return {e["detail"]["territory"]: e for e in entries if e["detail"]["manifest_sha256"] == digest}


def _read_explanations(engine: sa.Engine, release: str, digest: str) -> dict[str, str]:
    entries = release_log.read_acts(engine, release_log.CHECK_EXPLAINED, release=release)
    return {e["detail"]["check"]: e["detail"]["text"] for e in entries if e["detail"]["manifest_sha256"] == digest}


def read_reason(text: str) -> str:
    """Return an explanation without superfluous spaces. Raises ReleaseError if it is too short."""
    changes.refuse_words(text)
    text = " ".join(text.split())
    if len(text) < MINIMUM_REASON:
        raise ReleaseError(mark("Write a reason of at least {n} characters."), n=MINIMUM_REASON).at_field("reason")
    return text


def read_audits(home: Home, release: str, digest: str) -> dict[str, int]:
    """Return the cells of others that each territory can work out of a draft, by the audit of this draft."""
    path = audits_path(home, release)
    content = durable.read_computed_json(path)
    return dict(content["found"]) if content is not None and content["manifest_sha256"] == digest else {}


def audits_path(home: Home, release: str) -> Path:
    """Return the path of the results of a draft's audits."""
    return home.released / f"{release}.audits.json"
