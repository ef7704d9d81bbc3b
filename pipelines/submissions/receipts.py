"""Receipts: what an office is given when it sends a return, signed, so that it can prove it without us.

A receipt is one line of canonical JSON (keys sorted, no blanks, UTF-8) and a line feed.  The signature is over that
line without the member `signature`.  It is valid only byte for byte: whoever writes it anew, if only with blanks, has
another document.
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
from pipelines.core.errors import ToldError
from pipelines.core.i18n import mark
from pipelines.ledger import audit_digests, audit_log
from pipelines.ledger.database import reading
from pipelines.ledger.schema import JUSTIFICATION, RECEIPT, SUBMISSION
from pipelines.submissions import ledger, receipt_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    from pipelines.core.home import Home
    from pipelines.submissions.checking.report import Report
    from pipelines.submissions.ledger import Act

VERSION = "rti-receipt-1"
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
_PUBLIC = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """A receipt as it was given out: `document` is the whole line, signature included."""

    receipt_id: str
    submission_id: str
    at: str
    document: str

    @property
    def filename(self) -> str:
        """The name under which it is handed out."""
        return f"receipt-{self.receipt_id}.json"

    def as_bytes(self) -> bytes:
        """The file that `rti receipt verify` takes."""
        return self.document.encode() + b"\n"

    def as_json(self) -> dict[str, Any]:
        """Its content as plain dicts and lists (`docs/schema/receipt.json`)."""
        content: dict[str, Any] = json.loads(self.document)
        return content


def canonical(content: dict[str, Any]) -> str:
    """The one way a content is written. Raises ValueError for a number that JSON does not have."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


# ------------------------------------------------------------------------------------------------------------- sending


def send(home: Home, engine: sa.Engine, act: Act, report: Report) -> SignedReceipt:
    """Send a checked return and give its receipt: both in one transaction, or neither. Raises TransitionError."""
    key = receipt_keys.signing_key(home)
    at = clock.stamp(act.at or clock.now())
    given: list[SignedReceipt] = []

    def within(connection: sa.Connection, sent: Act) -> None:
        given.append(_give(connection, home, key, sent, report, at))

    ledger.send(engine, act, within=within)
    return given[0]


def _give(
    connection: sa.Connection, home: Home, key: Ed25519PrivateKey, act: Act, report: Report, at: str
) -> SignedReceipt:
    row = connection.execute(sa.select(SUBMISSION).where(SUBMISSION.c.submission_id == act.submission_id)).one()
    justified = connection.execute(
        sa.select(sa.func.count()).select_from(JUSTIFICATION).where(JUSTIFICATION.c.submission_id == act.submission_id)
    ).scalar_one()
    head = audit_log.spell(audit_log.head(connection))
    content = _content(row, report, int(justified), at, home, head)
    signed = sign(key, content)
    connection.execute(
        sa.insert(RECEIPT).values(
            receipt_id=signed.receipt_id, submission_id=act.submission_id, at=at, document=signed.document
        )
    )
    # Its signature tells a change; that it was given at all only the log can tell once its row is gone.
    stand = audit_digests.receipts(connection, [signed.receipt_id])[signed.receipt_id]
    detail = {"submission": act.submission_id, "standing": stand}
    audit_log.append(
        connection, at=clock.parse(at), actor=act.actor, action="receipt.give", subject=signed.receipt_id, detail=detail
    )
    return signed


def _content(row: sa.Row[Any], report: Report, justified: int, at: str, home: Home, audit_head: str) -> dict[str, Any]:
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


def sign(key: Ed25519PrivateKey, content: dict[str, Any]) -> SignedReceipt:
    """Sign a content: the key that signs is named in it."""
    whole = {
        **content,
        "key": {"id": receipt_keys.key_id(key.public_key()), "public": receipt_keys.raw(key.public_key()).hex()},
    }
    signature = key.sign(canonical(whole).encode()).hex()
    document = canonical({**whole, "signature": signature})
    return SignedReceipt(content["receipt_id"], content["submission_id"], content["sent_at"], document)


# ------------------------------------------------------------------------------------------------------------ questions


def newest(engine: sa.Engine, submission_id: str) -> SignedReceipt | None:
    """The receipt of the last sending of a submission; None where there is none."""
    query = sa.select(RECEIPT).where(RECEIPT.c.submission_id == submission_id)
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    found = [SignedReceipt(row.receipt_id, row.submission_id, row.at, row.document) for row in rows]
    # Given back and sent anew within a second, two have one time; the place in the audit log tells them apart.
    return max(found, key=lambda one: audit_log.parse_head(one.as_json()["audit_head"]), default=None)


def find(engine: sa.Engine, receipt_id: str) -> SignedReceipt | None:
    """The receipt with this id; None where there is none."""
    with reading(engine) as connection:
        row = connection.execute(sa.select(RECEIPT).where(RECEIPT.c.receipt_id == receipt_id)).one_or_none()
    return SignedReceipt(row.receipt_id, row.submission_id, row.at, row.document) if row is not None else None


# -------------------------------------------------------------------------------------------------------- verification


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found. `content` is None where the document cannot be read at all.

    `known_key` says that the signature was held against a key that the verifier already had: without one, the
    document is only shown to be whole.
    """

    content: dict[str, Any] | None
    problems: tuple[ToldError, ...]
    known_key: bool
    file_compared: bool

    @property
    def outcome(self) -> Literal["good", "not good", "unreadable"]:
        if self.content is None:
            return "unreadable"
        return "not good" if self.problems else "good"

    @property
    def key_id(self) -> str | None:
        """The key that the document says has signed it."""
        key = (self.content or {}).get("key")
        return str(key["id"]) if isinstance(key, dict) and "id" in key else None


def verify(document: bytes, *, file: bytes | None = None, key: Ed25519PublicKey | None = None) -> Verified:
    """Verify a receipt, alone or beside the file it is about and the key it should be signed with.

    Needs no home and no network. Any changed byte of the document is found.
    """
    content = _parsed(document)
    if content is None:
        problem = ToldError(mark("This is not a receipt; use the file exactly as you received it, receipt-R….json."))
        return Verified(None, (problem,), key is not None, file is not None)
    problems = [
        *_signature_problems(document, content, key),
        *(_file_problems(content, file) if file is not None else ()),
    ]
    return Verified(content, tuple(problems), key is not None, file is not None)


def _parsed(document: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(document)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) and content.get("version") == VERSION else None


def _signature_problems(document: bytes, content: dict[str, Any], key: Ed25519PublicKey | None) -> list[ToldError]:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    whole = dict(content)
    signature, named = whole.pop("signature", None), content.get("key")
    if not (
        isinstance(signature, str)
        and _SIGNATURE.fullmatch(signature)
        and isinstance(named, dict)
        and isinstance(named.get("public"), str)
        and _PUBLIC.fullmatch(named["public"])
    ):
        return [ToldError(mark("The receipt lacks its signature or the key of it."))]
    try:
        as_given_out = document == canonical(content).encode() + b"\n"
    except ValueError:
        as_given_out = False
    if not as_given_out:
        return [ToldError(mark("The receipt has been changed; use the original file."))]
    own = Ed25519PublicKey.from_public_bytes(bytes.fromhex(named["public"]))
    problems = []
    if receipt_keys.key_id(own) != named.get("id"):
        problems.append(ToldError(mark("The receipt names a key that is not the one it holds.")))
    if key is not None and receipt_keys.raw(key) != receipt_keys.raw(own):
        problems.append(
            ToldError(
                mark("It is signed with the key {named}, and not with the key given, {given}."),
                named=receipt_keys.key_id(own),
                given=receipt_keys.key_id(key),
            )
        )
    try:
        own.verify(bytes.fromhex(signature), canonical(whole).encode())
    except InvalidSignature:
        problems.append(ToldError(mark("The signature does not fit: the receipt was changed after it was signed.")))
    return problems


def _file_problems(content: dict[str, Any], file: bytes) -> list[ToldError]:
    told = content.get("file")
    told = told if isinstance(told, dict) else {}
    problems = []
    if told.get("size") != len(file):
        problems.append(
            ToldError(
                mark("The receipt is about a file of {expected} bytes; this one has {seen}."),
                expected=told.get("size"),
                seen=len(file),
            )
        )
    if told.get("sha256") != hashlib.sha256(file).hexdigest():
        problems.append(ToldError(mark("The file is not the one that was sent: its SHA-256 differs.")))
    return problems
