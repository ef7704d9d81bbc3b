"""Practice: a desk of its own for each person, where nothing counts and everything may be tried.

Each person's practice is a demonstration home below the real one, with a ledger, a store and a signing key of its own:
nothing in it can reach the real ledger, whatever goes wrong. It takes returns of training territories only, and the
real desk takes none of them. To begin anew is to make the home anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core.home import Home
from pipelines.core.home import init as make_home
from pipelines.core.i18n import tell
from pipelines.ledger.identity import EVERY, SYSTEM, Grant, Identity, NotAllowedError, Role
from pipelines.submissions.service import acts, entries, uploading
from pipelines.submissions.service.desk import Desk
from pipelines.submissions.service.practice_files import PracticeFile, files

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry
    from pipelines.submissions.service.entries import Entry

__all__ = [
    "COLLEAGUE",
    "FOLDER",
    "PracticeFile",
    "colleague_approves",
    "colleague_gives_back",
    "colleague_sends",
    "files",
    "open",
    "reset",
    "who",
]

FOLDER = "practice"
COLLEAGUE = "practice.colleague"
"""The second person of the practice office, who acts when asked to."""
_ROLES: tuple[Role, ...] = ("viewer", "submitter", "approver")

_LOCK = threading.RLock()
_OPEN: dict[Path, tuple[int, Desk]] = {}
"""Practice desks of this process, each with the number of its folder: another process may have begun it anew."""


@dataclass(frozen=True)
class _PracticeHome(Home):
    """A home whose ledger is a file in it, also where `RTI_LEDGER_URL` names the real one's."""

    @property
    def ledger_url(self) -> str:
        return f"sqlite:///{self.restricted / 'ledger.sqlite'}"


def open(desk: Desk, person: Identity) -> Desk:
    """The practice desk of a person, made when first asked for. Raises NotAllowedError without any role."""
    root = _root(desk, person)
    with _LOCK:
        number, found = _OPEN.get(root, (0, None))
        if found is not None and root.exists() and root.stat().st_ino == number:
            return found
        if found is not None:
            found.engine.dispose()
        made = _opened(root, desk.registry)
        _OPEN[root] = (root.stat().st_ino, made)
    return made


def reset(desk: Desk, person: Identity) -> Desk:
    """Begin anew: everything the person did at practice is gone. Returns the new practice desk."""
    root = _root(desk, person)
    with _LOCK:
        _, old = _OPEN.pop(root, (0, None))
        if old is not None:
            old.engine.dispose()
        if root.exists():
            # Moved aside first, so that whoever looks on sees the old practice or the new one, never half of either.
            aside = root.with_name(f".{root.name}.{os.getpid()}.{threading.get_ident()}.gone")
            shutil.rmtree(aside, ignore_errors=True)
            root.rename(aside)
            shutil.rmtree(aside)
        return open(desk, person)


def who(practice: Desk, person: Identity) -> Identity:
    """Who a person is at practice: the same account, name and language, with every right in the training territories.

    The account of the practice ledger is made when first needed; it has no password, since nobody signs in there.
    """
    return _account(practice, _id(person), person.name, person.language)


def colleague_approves(practice: Desk, person: Identity, submission_id: str) -> None:
    """The colleague approves what the person sent. Raises TransitionError where it is not sent, or the colleague's."""
    acts.approve(practice, _colleague(practice, person), submission_id)


def colleague_gives_back(practice: Desk, person: Identity, submission_id: str) -> None:
    """The colleague gives back what the person sent, with a comment in the person's language."""
    comment = tell(
        "Please check the figure in the first row again, correct the file and send it again.", person.language
    )
    acts.give_back(practice, _colleague(practice, person), submission_id, comment)


def colleague_sends(practice: Desk, person: Identity) -> Entry:
    """The colleague sends a good return, for the person to approve or give back."""
    colleague = _colleague(practice, person)
    # The victims' list: the workbook of cases is what the person practises with.
    given = next(one for one in files(person.language) if one.form.partition("-")[2].startswith("VICTIMS"))
    uploaded = uploading.upload(practice, colleague, given.data, given.name)
    assert uploaded.submission_id is not None  # a test holds the good files to being good
    if uploaded.state == "checked":
        acts.send(practice, colleague, uploaded.submission_id)
    return entries.submission(practice, who(practice, person), uploaded.submission_id)


# ------------------------------------------------------------------------------------------------------------ the parts


def _root(desk: Desk, person: Identity) -> Path:
    if desk.kind != "national":
        raise ValueError("practice is opened from the real desk")
    if not person.grants:
        raise NotAllowedError(
            tell("You lack the role that this needs. Ask the steward of the secretariat for it.", person.language)
        )
    # The name of the folder comes from no text of a person: an account's id may hold what a path may not.
    return desk.home.root / FOLDER / hashlib.sha256(person.account.encode()).hexdigest()[:16]


def _opened(root: Path, registry: Registry) -> Desk:
    from pipelines.ledger import facts
    from pipelines.ledger.opening import open_url

    root.parent.mkdir(mode=0o700, exist_ok=True)
    if not (root / "home.json").exists():
        _make(root)
    home = _PracticeHome(root, "demonstration")
    facts.prepare(home)
    return Desk(home, open_url(home.ledger_url, home), registry, kind="training")


def _make(root: Path) -> None:
    """Make the folder beside and put it in place: another process either sees it whole or not."""
    aside = root.with_name(f".{root.name}.{os.getpid()}.{threading.get_ident()}.new")
    shutil.rmtree(aside, ignore_errors=True)
    make_home(aside, "demonstration")
    try:
        aside.rename(root)
    except OSError:
        # Another process was faster.
        shutil.rmtree(aside)
        if not (root / "home.json").exists():
            raise


def _id(person: Identity) -> str:
    return f"{person.account}.self" if person.account == COLLEAGUE else person.account


def _colleague(practice: Desk, person: Identity) -> Identity:
    return _account(practice, COLLEAGUE, tell("A colleague", person.language), person.language)


def _account(practice: Desk, account_id: str, name: str, language: str) -> Identity:
    from pipelines.submissions.accounts import accounts

    if practice.kind != "training":
        raise ValueError("this is not a practice desk")
    places = [j.code for t in practice.registry.territories.values() if t.kind == "training" for j in t.jurisdictions]
    grants = tuple(Grant(role, place, EVERY) for place in places for role in _ROLES)
    new = accounts.New(account_id, name, grants, language, must_change=False)
    accounts.create_many(practice.engine, [new], by=SYSTEM)
    return replace(accounts.identity(practice.engine, account_id), name=name, language=language)
