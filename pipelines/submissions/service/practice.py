"""Practice desks: a separate desk for each person, where everything can be tried and nothing counts.

Each person's practice is a demonstration home below the real one, with its own ledger, store and signing key, so that
nothing in it can reach the real ledger. It accepts only returns of training territories, and the real desk accepts
none of them. To start again, the home is created again.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core import asides
from pipelines.core.file_store import FolderStore
from pipelines.core.home import Home
from pipelines.core.home import initialise_home as make_home
from pipelines.core.i18n import tell
from pipelines.ledger.identity import EVERY, SYSTEM, Grant, Identity, NotAllowedError, Role
from pipelines.submissions.service import acts, entries, uploading
from pipelines.submissions.service.desk import Desk
from pipelines.submissions.service.practice_files import PracticeFile, make_practice_files

if TYPE_CHECKING:
    from pipelines.core.file_store import FileStore
    from pipelines.declarations.registry import Registry
    from pipelines.submissions.service.entries import SubmissionEntry

__all__ = [
    "COLLEAGUE",
    "FOLDER",
    "PracticeFile",
    "colleague_approves",
    "colleague_gives_back",
    "colleague_sends",
    "make_practice_files",
    "make_practice_identity",
    "open",
    "reset_practice",
]

FOLDER = "practice"
COLLEAGUE = "practice.colleague"
"""The second person of the practice office, who acts on request."""
_ROLES: tuple[Role, ...] = ("viewer", "submitter", "approver")

_LOCK = threading.RLock()
_OPEN_DESKS: dict[Path, tuple[int, Desk]] = {}
"""Open practice desks of this process, each with the inode of its folder, since another process may have reset it."""


@dataclass(frozen=True)
class _PracticeHome(Home):
    """A home whose ledger and files are always in it, even if a database or a bucket has the real ones."""

    @property
    def ledger_url(self) -> str:
        return f"sqlite:///{self.restricted / 'ledger.sqlite'}"

    @property
    def landing_files(self) -> FileStore:
        return FolderStore(self.store)


def open(desk: Desk, person: Identity) -> Desk:
    """Return the practice desk of a person, created on first use. Raises NotAllowedError without any role."""
    root = _practice_root(desk, person)
    with _LOCK:
        number, practice = _OPEN_DESKS.get(root, (0, None))
        if practice is not None and root.exists() and root.stat().st_ino == number:
            return practice
        if practice is not None:
            practice.engine.dispose()
        opened = _open_practice(root, desk.registry)
        _OPEN_DESKS[root] = (root.stat().st_ino, opened)
    return opened


def reset_practice(desk: Desk, person: Identity) -> Desk:
    """Delete everything that a person did in practice and return a new practice desk."""
    root = _practice_root(desk, person)
    with _LOCK:
        _, old = _OPEN_DESKS.pop(root, (0, None))
        if old is not None:
            old.engine.dispose()
        if root.exists():
            # Rename the folder first, so that other processes see either the old practice or the new one, never a part.
            discarded = asides.name_aside(root)
            root.rename(discarded)
            shutil.rmtree(discarded, ignore_errors=True)
        return open(desk, person)


def make_practice_identity(practice: Desk, person: Identity) -> Identity:
    """Return a person's practice identity: the same account, name and language, with every role in practice.

    The account in the practice ledger is created on first use. It has no password, since nobody signs in there.
    """
    return _ensure_account(practice, _practice_account(person), person.name, person.language)


def colleague_approves(practice: Desk, person: Identity, submission_id: str) -> None:
    """Let the colleague approve a return. Raises TransitionError if it is not sent, or is the colleague's own."""
    acts.approve_submission(practice, _colleague(practice, person), submission_id)


def colleague_gives_back(practice: Desk, person: Identity, submission_id: str) -> None:
    """Let the colleague give back a return, with a comment in the person's language."""
    comment = tell(
        "Please check the figure in the first row again, correct the file and send it again.", person.language
    )
    acts.give_back(practice, _colleague(practice, person), submission_id, comment)


def colleague_sends(practice: Desk, person: Identity) -> SubmissionEntry:
    """Let the colleague send a good return, which the person can approve or give back."""
    colleague = _colleague(practice, person)
    # Use the list of victims, because the person practises with the workbook of cases.
    file = next(
        candidate
        for candidate in make_practice_files(person.language)
        if candidate.form.partition("-")[2].startswith("VICTIMS")
    )
    uploaded = uploading.upload_file(practice, colleague, file.data, file.name)
    assert uploaded.submission_id is not None  # a test holds the good files to being good
    if uploaded.state == "checked":
        acts.send_submission(practice, colleague, uploaded.submission_id)
    return entries.get_submission(practice, make_practice_identity(practice, person), uploaded.submission_id)


# ------------------------------------------------------------------------------------------------------------- helpers


def _practice_root(desk: Desk, person: Identity) -> Path:
    if desk.kind != "national":
        raise ValueError("practice is opened from the real desk")
    if not person.grants:
        raise NotAllowedError(
            tell("You do not have the role for this. Ask the steward of the secretariat for it.", person.language)
        )
    # Hash the account's id, which may contain characters that are not allowed in a path.
    return desk.home.root / FOLDER / hashlib.sha256(person.account.encode()).hexdigest()[:16]


def _open_practice(root: Path, registry: Registry) -> Desk:
    from pipelines.ledger import facts
    from pipelines.ledger.opening import open_url

    root.parent.mkdir(mode=0o700, exist_ok=True)
    if not (root / "home.json").exists():
        _make_practice_home(root)
    home = _PracticeHome(root, "demonstration")
    facts.prepare_fact_folders(home)
    return Desk(home, open_url(home.ledger_url, home), registry, kind="training")


def _make_practice_home(root: Path) -> None:
    """Create the home under a temporary name and rename it, so that other processes never see an incomplete one."""
    with asides.hold_folder(root) as aside:
        make_home(aside, "demonstration")
        try:
            aside.rename(root)
        except OSError:
            # Another process was faster.
            if not (root / "home.json").exists():
                raise


def _practice_account(person: Identity) -> str:
    return f"{person.account}.self" if person.account == COLLEAGUE else person.account


def _colleague(practice: Desk, person: Identity) -> Identity:
    return _ensure_account(practice, COLLEAGUE, tell("A colleague", person.language), person.language)


def _ensure_account(practice: Desk, account_id: str, name: str, language: str) -> Identity:
    from pipelines.submissions.accounts import accounts

    if practice.kind != "training":
        raise ValueError("this is not a practice desk")
    places = [j.code for t in practice.registry.territories.values() if t.kind == "training" for j in t.jurisdictions]
    grants = tuple(Grant(role, place, EVERY) for place in places for role in _ROLES)
    new = accounts.NewAccount(account_id, name, grants, language, must_change=False)
    accounts.create_many(practice.engine, [new], by=SYSTEM)
    return replace(accounts.get_identity(practice.engine, account_id), name=name, language=language)
