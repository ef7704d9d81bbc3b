"""What is told to the ledger: arrivals, results of checks, acts of people."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from pipelines.core import clock
from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.transitions import State, TransitionError

if TYPE_CHECKING:
    import sqlalchemy as sa

Refusals = dict[str, TransitionError | NotAllowedError]
"""By submission why it could not be done."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One file that has come in; its bytes lie in the store already.

    `territory` and `kind` are what the sender says of it, where anything is said; the check has the last word.
    """

    sha256: str
    size: int
    filename: str
    sender: str
    received_at: datetime
    demonstration: bool
    corrects: str | None = None
    comment: str | None = None
    territory: str | None = None
    kind: str | None = None

    @property
    def submission_id(self) -> str:
        """`S` and 15 hex digits of SHA-256 over file, time, sender and name: the same arrival has the same id."""
        text = "\n".join((self.sha256, clock.stamp(self.received_at), self.sender, self.filename))
        return "S" + hashlib.sha256(text.encode()).hexdigest()[:15]


@dataclass(frozen=True, slots=True)
class Received:
    """`new` is false where this arrival, or (unless it was refused or withdrawn) the same file, was there before.

    `same_file` names those of the same bytes that its sender may see, and no others.
    """

    submission_id: str
    new: bool
    same_file: tuple[tuple[str, State], ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a submission, without the submission."""

    jurisdiction: str
    instrument: str
    form: str
    freq: str
    period: str
    rows: int
    nil: bool = False


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check tells the ledger. `warnings` are (finding key, rule) of those that ask for a justification."""

    submission_id: str
    format: str | None
    territory: str | None
    form: str | None
    kind: str | None
    blocks: tuple[Block, ...]
    errors: int
    warnings: tuple[tuple[str, str], ...]
    informations: int
    declaration_hash: str
    rules_version: str
    report_hash: str
    at: datetime | None = None
    jurisdiction: str | None = None
    instrument: str | None = None
    reading: Mapping[str, str] | None = None
    """SHA-256 of each table that was read and kept, by table."""


@dataclass(frozen=True, slots=True)
class Act:
    """One person's decision about one submission. `at` None is now.

    `reason` is a code of `revision_reason` (sending what replaces an accepted return, withdrawing); `override` is a
    steward's approval, or withdrawal of what counts, in the stead of the office's own approver.
    """

    submission_id: str
    actor: str
    at: datetime | None = None
    comment: str | None = None
    reason: str | None = None
    override: bool = False


Within = Callable[["sa.Connection", Act], None]
"""What else is stored in the transaction of an act; what it raises undoes the act."""


@dataclass(frozen=True, slots=True)
class Justification:
    """Why a warning is accepted. `finding_key` None stands for every warning of the return still open."""

    submission_id: str
    reason: str
    text: str
    actor: str
    finding_key: str | None = None
    at: datetime | None = None
    memory: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By finding key, the key under which it is remembered, and until when
    (`pipelines/submissions/service/memory.py`).
    """
