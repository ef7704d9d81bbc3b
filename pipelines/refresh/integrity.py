"""Check stored files, facts, receipts and releases against the ledger and the manifests.

Each fault names the file and the return it belongs to.  `rti audit verify` runs every check; `gather` and `publish`
check the facts, so that no figure is computed or published from facts that nobody approved.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from pipelines.core.i18n import mark, tell
from pipelines.ledger import audit_log, database, fact_digests, verification
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.schema import BLOCK, RECEIPT, SUBMISSION
from pipelines.ledger.verification import LedgerVerification
from pipelines.submissions import receipt_keys, receipts, store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from pipelines.core.home import Home

NAMED = 20
"""Maximum number of faults listed in one message."""
_FACTS: dict[fact_digests.Trouble, str] = {
    "missing": "the facts of {name} are missing: restore {file} from a backup",
    "changed": "the facts of {name} are not those that were approved: {file} was changed on the disk; restore it from "
    "a backup",
    "added": "the facts of {name} are not those that were approved: no approval recorded {file}; move it away",
    "unrecorded": "the facts of {name} were missing when their digests were first recorded, so {file} cannot be "
    "verified; restore the ledger and the facts from one backup",
}
_SENT = ("sent", "approved", "published")


@dataclass(frozen=True, slots=True)
class Damage:
    """One damaged file, row or release. `message` names what it belongs to and what to do about it."""

    kind: Literal["ledger", "facts", "stored file", "receipt", "release"]
    message: str
    file: Path | None = None
    submission_id: str | None = None


class IntegrityError(Exception):
    """Data is damaged, so nothing is computed or published from it. The text names each return and file."""

    def __init__(self, damage: Sequence[Damage]) -> None:
        self.damage = tuple(damage)
        listed = "; ".join(item.message for item in damage[:NAMED])
        more = f"; and {len(damage) - NAMED} more" if len(damage) > NAMED else ""
        super().__init__(f"{listed}{more}. Then run the command again; `rti audit verify` checks everything else")

    def localize_message(self, language: str = "en") -> str:
        """Return a sentence for pages, which does not name the files of the server."""
        return tell(_DAMAGED, language)  # marked below


_DAMAGED = mark(
    "Nothing was done, because stored data is not as it was approved. `rti audit verify` names the files. Restore them "
    "from a backup, then try again."
)


def verify_home(home: Home, engine: sa.Engine) -> list[Damage]:
    """Run every check of this module and return the damage. If the ledger is damaged, the other checks are skipped."""
    from pipelines.publication.releases.verification import verify_published

    if ledger_damage := check_ledger(home, engine):
        return ledger_damage
    damage = [*check_facts(home, engine), *check_store(home, engine), *check_receipts(home, engine)]
    releases = [
        Damage("release", f"{fault}; restore the release from a backup", fault.path) for fault in verify_published(home)
    ]
    return [*damage, *releases]


def verify_records(home: Home, engine: sa.Engine, *, head: str | None = None) -> LedgerVerification:
    """Verify the audit chain and the ledger. An unfinished publication is reported as a fault at the last entry.

    Raises ValueError for a head or a checkpoint that is malformed.
    """
    from pipelines.publication.releases.publications import find_unfinished

    verified = verification.verify_ledger(engine, head=head, home=home)
    unfinished = [
        verification.LedgerFault(verified.head[0], problem.text, problem.params) for problem in find_unfinished(home)
    ]
    return replace(verified, faults=(*verified.faults, *unfinished))


def check_ledger(home: Home, engine: sa.Engine) -> list[Damage]:
    """Run the database's integrity check on the ledger's file."""
    path = database.sqlite_path(home.ledger_url)
    return [
        Damage("ledger", f"the ledger {path} is damaged: {problem}; restore it from a backup", path)
        for problem in database.integrity_problems(engine)
    ]


def check_facts(home: Home, engine: sa.Engine, *, only_changes: bool = False) -> list[Damage]:
    """Compare the facts of every accepted return with the digests recorded at approval.

    With `only_changes`, files that nothing has written to since an earlier comparison are not read again.
    """
    find = fact_digests.find_changes if only_changes else fact_digests.find_damage
    with open_read_transaction(engine) as connection:
        faults = find(connection, home)
        names = _describe_submissions(connection, {fault.submission_id for fault in faults})
    return [
        Damage(
            "facts",
            _FACTS[fault.trouble].format(name=names[fault.submission_id], file=fault.path),
            fault.path,
            fault.submission_id,
        )
        for fault in faults
    ]


def check_inputs(home: Home, engine: sa.Engine) -> list[Damage]:
    """Check the inputs of every figure: the ledger's file first, then the facts (`check_facts`)."""
    return check_ledger(home, engine) or check_facts(home, engine)


def require_intact_inputs(home: Home) -> None:
    """Raise IntegrityError if the ledger's file is damaged, or a facts file missing, changed or added."""
    from pipelines.ledger.opening import open_ledger

    engine = open_ledger(home)
    try:
        damage = check_inputs(home, engine)
    finally:
        engine.dispose()
    if damage:
        raise IntegrityError(damage)


def check_store(home: Home, engine: sa.Engine) -> list[Damage]:
    """Compare the stored bytes of every submission with the SHA-256 in the ledger.

    Skipped are refused files that must not be kept, and listed arrivals that have not had their first check.
    """
    with open_read_transaction(engine) as connection:
        columns = (SUBMISSION.c.submission_id, SUBMISSION.c.sha256)
        rows = connection.execute(sa.select(*columns).order_by(SUBMISSION.c.submission_id)).all()
        by_file: dict[str, list[str]] = {}
        for row in rows:
            by_file.setdefault(row.sha256, []).append(row.submission_id)
        words = {"missing": "is missing", "changed": f"was changed {store.where_changed(home)}"}
        damaged: list[tuple[str, str, str]] = []
        for sha256, ids in by_file.items():
            problem = store.find_problem(home, sha256)
            if problem == "missing" and (store.is_not_kept(home, sha256) or store.is_pointed_at(home, sha256)):
                continue
            if problem is not None:
                damaged += [(identity, sha256, words[problem]) for identity in ids]
        names = _describe_submissions(connection, {identity for identity, _, _ in damaged})
    return [
        Damage(
            "stored file",
            f"the file of {names[identity]} {problem}: restore "
            f"{home.landing_files.locate_file(store.name_of(sha256))} from a backup",
            store.path_of(home, sha256),
            identity,
        )
        for identity, sha256, problem in sorted(damaged)
    ]


def check_receipts(home: Home, engine: sa.Engine) -> list[Damage]:
    """Verify the signature of every receipt and compare its content with the ledger.

    A later check may change the form and the periods, so these are compared only for the newest receipt of a return
    that is still sent.
    """
    with open_read_transaction(engine) as connection:
        receipt_rows = connection.execute(sa.select(RECEIPT).order_by(RECEIPT.c.at, RECEIPT.c.receipt_id)).all()
        if not receipt_rows:
            return []
        rows = {row.submission_id: row for row in connection.execute(sa.select(SUBMISSION))}
        periods: dict[str, set[str]] = {}
        for submission_id, period in connection.execute(sa.select(BLOCK.c.submission_id, BLOCK.c.period)):
            periods.setdefault(submission_id, set()).add(period)
        newest = {row.submission_id: row.receipt_id for row in sorted(receipt_rows, key=_receipt_sort_key)}
        keys = receipt_keys.read_public_keys(home)
        problems = []
        for receipt in receipt_rows:
            submission = rows[receipt.submission_id]
            is_current = newest[receipt.submission_id] == receipt.receipt_id and submission.state in _SENT
            compared = sorted(periods.get(receipt.submission_id, ())) if is_current else None
            problem = _find_receipt_problem(receipt, submission, compared, keys)
            if problem is not None:
                problems.append((receipt.receipt_id, receipt.submission_id, problem))
        names = _describe_submissions(connection, {identity for _, identity, _ in problems})
    return [
        Damage(
            "receipt",
            f"receipt {receipt_id} of {names[identity]} {problem}; restore the ledger from a backup",
            None,
            identity,
        )
        for receipt_id, identity, problem in problems
    ]


def _find_receipt_problem(
    receipt: sa.Row[Any], submission: sa.Row[Any], periods: list[str] | None, keys: dict[str, Ed25519PublicKey]
) -> str | None:
    try:
        key_id = json.loads(receipt.document)["key"]["id"]
    except (ValueError, KeyError, TypeError):
        return "cannot be read"
    if key_id not in keys:
        return f"is signed with the key {key_id}, which is not among this home's public keys"
    verified = receipts.verify_receipt(receipt.document.encode() + b"\n", key=keys[key_id])
    if verified.content is None or verified.problems:
        return f"is not as it was given out: {verified.problems[0]}"
    content = verified.content
    expected: dict[str, object] = {
        "receipt_id": receipt.receipt_id,
        "submission_id": submission.submission_id,
        "sent_at": receipt.at,
        "received_at": submission.received_at,
        "sender": submission.sender,
        "file": {"name": submission.filename, "size": submission.size, "sha256": submission.sha256},
    }
    if periods is not None:
        expected |= {"periods": periods, "form": submission.form, "territory": submission.territory}
        expected |= {"jurisdiction": submission.jurisdiction, "instrument": submission.instrument}
    differing = [name for name, value in expected.items() if content.get(name) != value]
    return f"and the ledger differ in {', '.join(differing)}" if differing else None


def _receipt_sort_key(receipt: sa.Row[Any]) -> tuple[str, int]:
    """Return the sort key of a receipt: when it was sent, then its place in the audit log."""
    try:
        seq, _ = audit_log.parse_head(json.loads(receipt.document)["audit_head"])
    except (ValueError, KeyError, TypeError, AttributeError):
        seq = 0
    return receipt.at, seq


def _describe_submissions(connection: sa.Connection, ids: Iterable[str]) -> dict[str, str]:
    """Return a readable name of each submission: id, file, territory, form, periods."""
    submission_ids = sorted(set(ids))
    if not submission_ids:
        return {}
    from pipelines.ledger.queries import in_ids

    periods: dict[str, set[str]] = {}
    query = sa.select(BLOCK.c.submission_id, BLOCK.c.period)
    for row in in_ids(connection, query, BLOCK.c.submission_id, submission_ids):
        periods.setdefault(row.submission_id, set()).add(row.period)
    columns = (SUBMISSION.c.submission_id, SUBMISSION.c.filename, SUBMISSION.c.territory, SUBMISSION.c.form)
    names = {}
    for row in in_ids(connection, sa.select(*columns), SUBMISSION.c.submission_id, submission_ids):
        parts = (row.filename, row.territory, row.form, _format_periods(periods.get(row.submission_id, set())))
        names[row.submission_id] = f"{row.submission_id} ({', '.join(part for part in parts if part)})"
    return {identity: names.get(identity, identity) for identity in submission_ids}


def _format_periods(periods: set[str]) -> str:
    ordered = sorted(periods)
    return " ".join(ordered) if len(ordered) <= 2 else f"{ordered[0]} to {ordered[-1]}"
