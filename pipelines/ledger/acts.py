"""Inputs of the ledger: arrivals, check results, and the acts of people."""

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
"""The error by submission, for acts that were refused."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One file that has arrived and whose bytes are already in the store.

    `territory` and `kind` are what the sender stated, if anything; the check may overrule them.
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
        text = "\n".join((self.sha256, clock.format_timestamp(self.received_at), self.sender, self.filename))
        return "S" + hashlib.sha256(text.encode()).hexdigest()[:15]


@dataclass(frozen=True, slots=True)
class ArrivalOutcome:
    """The outcome of an arrival.

    `new` is False if this arrival was recorded before, or the same file was and is not refused or withdrawn.
    `same_file` lists the submissions with the same bytes that the sender may see.
    """

    submission_id: str
    new: bool
    same_file: tuple[tuple[str, State], ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a submission, without the submission id."""

    jurisdiction: str
    instrument: str
    form: str
    freq: str
    period: str
    rows: int
    nil: bool = False


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check. `warnings` holds (finding key, rule) of the warnings that need a justification."""

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
    """SHA-256 of each facts file that was read and stored, by table."""


@dataclass(frozen=True, slots=True)
class Act:
    """One person's decision about one submission. `at` None means now.

    `reason` is a code of `revision_reason`, needed to withdraw a return and to send one that replaces an accepted
    return. `override` marks that a steward approves, or withdraws an accepted return, instead of the office's own
    approver.
    """

    submission_id: str
    actor: str
    at: datetime | None = None
    comment: str | None = None
    reason: str | None = None
    override: bool = False


Within = Callable[["sa.Connection", Act], None]
"""Callback that stores more within the transaction of an act; an exception rolls the act back."""


@dataclass(frozen=True, slots=True)
class Justification:
    """The reason why warnings are accepted.

    `finding_key` names one warning, or several that are justified together; None means every open warning.
    """

    submission_id: str
    reason: str
    text: str
    actor: str
    finding_key: str | tuple[str, ...] | None = None
    at: datetime | None = None
    memory: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By finding key: the key under which the justification is remembered, and its expiry
    (`pipelines/submissions/service/memory.py`).
    """
