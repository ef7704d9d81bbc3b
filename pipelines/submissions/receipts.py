"""Issue and verify receipts: signed documents with which an office can prove, without us, that it sent a return.

A receipt is one line of canonical JSON (keys sorted, no blanks, UTF-8) and a line feed. The signature covers that line
without the member `signature`. A receipt is valid only byte for byte: even a reformatted copy fails verification.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark
from pipelines.core.signing_keys import to_canonical_json
from pipelines.ledger import audit_digests, audit_log
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.schema import JUSTIFICATION, RECEIPT, SUBMISSION
from pipelines.submissions import decisions, receipt_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    from pipelines.core.home import Home
    from pipelines.ledger.acts import Act
    from pipelines.submissions.checking.report import Report

VERSION = "rti-receipt-1"
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
_PUBLIC = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """A receipt as it was issued: `document` is the whole line with the signature."""

    receipt_id: str
    submission_id: str
    at: str
    document: str

    @property
    def filename(self) -> str:
        """Return the file name of the receipt."""
        return f"receipt-{self.receipt_id}.json"

    def as_bytes(self) -> bytes:
        """Return the content of the file that `rti receipt verify` expects."""
        return self.document.encode() + b"\n"

    def as_json(self) -> dict[str, Any]:
        """Return the content as plain dicts and lists (`docs/schema/receipt.json`)."""
        content: dict[str, Any] = json.loads(self.document)
        return content


# ------------------------------------------------------------------------------------------------------------- sending


def send_with_receipt(home: Home, engine: sa.Engine, act: Act, report: Report) -> SignedReceipt:
    """Send a checked return and issue its receipt in one transaction. Raises TransitionError."""
    key = receipt_keys.signing_key(home)
    at = clock.format_timestamp(act.at or clock.now())
    receipts: list[SignedReceipt] = []

    def issue_receipt(connection: sa.Connection, sent: Act) -> None:
        receipts.append(_issue(connection, home, key, sent, report, at))

    decisions.send_submission(engine, act, within=issue_receipt)
    return receipts[0]


def _issue(
    connection: sa.Connection, home: Home, key: Ed25519PrivateKey, act: Act, report: Report, at: str
) -> SignedReceipt:
    row = connection.execute(sa.select(SUBMISSION).where(SUBMISSION.c.submission_id == act.submission_id)).one()
    justified = connection.execute(
        sa.select(sa.func.count()).select_from(JUSTIFICATION).where(JUSTIFICATION.c.submission_id == act.submission_id)
    ).scalar_one()
    head = audit_log.format_head(audit_log.read_head(connection))
    content = _receipt_content(row, report, int(justified), at, home, head)
    signed = sign_receipt(key, content)
    connection.execute(
        sa.insert(RECEIPT).values(
            receipt_id=signed.receipt_id, submission_id=act.submission_id, at=at, document=signed.document
        )
    )
    # The signature reveals a changed receipt. Only the log reveals that one was issued if its row is deleted.
    standing = audit_digests.digest_receipts(connection, [signed.receipt_id])[signed.receipt_id]
    detail = {"submission": act.submission_id, "standing": standing}
    audit_log.append_entry(
        connection,
        at=clock.parse_time(at),
        actor=act.actor,
        action="receipt.give",
        subject=signed.receipt_id,
        detail=detail,
    )
    return signed


def _receipt_content(
    row: sa.Row[Any], report: Report, justified: int, at: str, home: Home, audit_head: str
) -> dict[str, Any]:
    severities = Counter(f.severity for f in report.findings)
    observations = report.reading.observations if report.reading is not None else None
    missing = int(observations["value"].null_count()) if observations is not None else 0
    identity = hashlib.sha256(f"{row.submission_id}\n{at}\n{audit_head}".encode()).hexdigest()[:15]
    return {
        "version": VERSION,
        "receipt_id": f"R{identity}",
        "submission_id": row.submission_id,
        "territory": report.territory,
        "jurisdiction": report.jurisdiction,
        "instrument": report.instrument,
        "form": report.form,
        "periods": sorted({b.period for b in report.blocks}),
        "file": {"name": row.filename, "size": row.size, "sha256": row.sha256},
        "kind": report.kind,
        "counts": {
            "observations": report.observations,
            "missing": missing,
            "events": report.events,
            "errors": severities["error"],
            "warnings": severities["warning"],
            "informations": severities["information"],
            "justified": justified,
        },
        "totals": list(report.totals),
        "rules_version": report.rules_version,
        "declaration_hash": report.declaration_hash,
        "report_hash": report.hash,
        "history_hash": report.history_hash,
        "revision_reason": row.revision_reason,
        "received_at": row.received_at,
        "sent_at": at,
        "sender": row.sender,
        "home": home.kind,
        "demonstration": home.kind == "demonstration",
        "audit_head": audit_head,
    }


def sign_receipt(key: Ed25519PrivateKey, content: dict[str, Any]) -> SignedReceipt:
    """Add the public key to the content, sign it, and return the receipt."""
    whole = {
        **content,
        "key": {"id": receipt_keys.key_id(key.public_key()), "public": receipt_keys.raw_bytes(key.public_key()).hex()},
    }
    signature = key.sign(to_canonical_json(whole).encode()).hex()
    document = to_canonical_json({**whole, "signature": signature})
    return SignedReceipt(content["receipt_id"], content["submission_id"], content["sent_at"], document)


# -------------------------------------------------------------------------------------------------------------- queries


def find_newest_receipt(engine: sa.Engine, submission_id: str) -> SignedReceipt | None:
    """Return the newest receipt of a submission, or None."""
    query = sa.select(RECEIPT).where(RECEIPT.c.submission_id == submission_id)
    with open_read_transaction(engine) as connection:
        rows = connection.execute(query).all()
    receipts = [SignedReceipt(row.receipt_id, row.submission_id, row.at, row.document) for row in rows]
    # A return that is given back and sent again within a second has two receipts of the same time, so order them by
    # their position in the audit log.
    return max(receipts, key=lambda receipt: audit_log.parse_head(receipt.as_json()["audit_head"]), default=None)


def find_receipt(engine: sa.Engine, receipt_id: str) -> SignedReceipt | None:
    """Return the receipt with this id, or None."""
    with open_read_transaction(engine) as connection:
        row = connection.execute(sa.select(RECEIPT).where(RECEIPT.c.receipt_id == receipt_id)).one_or_none()
    return SignedReceipt(row.receipt_id, row.submission_id, row.at, row.document) if row is not None else None


# -------------------------------------------------------------------------------------------------------- verification


@dataclass(frozen=True, slots=True)
class ReceiptVerification:
    """The result of a verification. `content` is None if the document is not a readable receipt.

    `known_key` is True if the signature was compared with a key that the verifier already had. Without one, the
    verification only shows that the document is intact.
    """

    content: dict[str, Any] | None
    problems: tuple[UserFacingError, ...]
    known_key: bool
    file_compared: bool

    @property
    def outcome(self) -> Literal["good", "not good", "unreadable"]:
        if self.content is None:
            return "unreadable"
        return "not good" if self.problems else "good"

    @property
    def key_id(self) -> str | None:
        """Return the id of the key that the document names as its signing key, or None."""
        key = (self.content or {}).get("key")
        return str(key["id"]) if isinstance(key, dict) and "id" in key else None


def verify_receipt(
    document: bytes, *, file: bytes | None = None, key: Ed25519PublicKey | None = None
) -> ReceiptVerification:
    """Verify a receipt, optionally against the file it covers and the key it should be signed with.

    Needs neither a home nor a network. Detects any changed byte of the document.
    """
    content = _parse(document)
    if content is None:
        problem = UserFacingError(
            mark("This is not a receipt; use the file exactly as you received it, receipt-R….json.")
        )
        return ReceiptVerification(None, (problem,), key is not None, file is not None)
    problems = [
        *_check_signature(document, content, key),
        *(_check_file(content, file) if file is not None else ()),
    ]
    return ReceiptVerification(content, tuple(problems), key is not None, file is not None)


def _parse(document: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(document)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) and content.get("version") == VERSION else None


def _check_signature(document: bytes, content: dict[str, Any], key: Ed25519PublicKey | None) -> list[UserFacingError]:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    whole = dict(content)
    signature, stated_key = whole.pop("signature", None), content.get("key")
    if not (
        isinstance(signature, str)
        and _SIGNATURE.fullmatch(signature)
        and isinstance(stated_key, dict)
        and isinstance(stated_key.get("public"), str)
        and _PUBLIC.fullmatch(stated_key["public"])
    ):
        return [UserFacingError(mark("The receipt lacks its signature or the key of it."))]
    try:
        is_unchanged = document == to_canonical_json(content).encode() + b"\n"
    except ValueError:
        is_unchanged = False
    if not is_unchanged:
        return [UserFacingError(mark("The receipt has been changed; use the original file."))]
    public_key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(stated_key["public"]))
    problems = []
    if receipt_keys.key_id(public_key) != stated_key.get("id"):
        problems.append(UserFacingError(mark("The receipt names a key that is not the one it holds.")))
    if key is not None and receipt_keys.raw_bytes(key) != receipt_keys.raw_bytes(public_key):
        problems.append(
            UserFacingError(
                mark("It is signed with the key {named}, and not with the key given, {given}."),
                named=receipt_keys.key_id(public_key),
                given=receipt_keys.key_id(key),
            )
        )
    try:
        public_key.verify(bytes.fromhex(signature), to_canonical_json(whole).encode())
    except InvalidSignature:
        problems.append(
            UserFacingError(mark("The signature does not fit: the receipt was changed after it was signed."))
        )
    return problems


def _check_file(content: dict[str, Any], file: bytes) -> list[UserFacingError]:
    stated_file = content.get("file")
    stated_file = stated_file if isinstance(stated_file, dict) else {}
    problems = []
    if stated_file.get("size") != len(file):
        problems.append(
            UserFacingError(
                mark("The receipt is about a file of {expected} bytes; this one has {seen}."),
                expected=stated_file.get("size"),
                seen=len(file),
            )
        )
    if stated_file.get("sha256") != hashlib.sha256(file).hexdigest():
        problems.append(UserFacingError(mark("The file is not the one that was sent: its SHA-256 differs.")))
    return problems
