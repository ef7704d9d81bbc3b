"""Receipts: what an office is given when it sends a return, signed, so that it can prove it without us.

Belongs here: the document, its signature (Ed25519), the keys, and its verification.  Does not belong here: who may send
(`pipelines/desk/`) and the transition (`ledger.py`).

A receipt is one line of canonical JSON (keys sorted, no blanks, UTF-8) and a line feed.  The signature is over that
line without the member `signature`.  It is valid only byte for byte: whoever writes it anew, if only with blanks, has
another document.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipelines import clock
from pipelines.intake import ledger
from pipelines.intake.database import reading
from pipelines.intake.schema import AUDIT, JUSTIFICATION, RECEIPT, SUBMISSION

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    from pipelines.home import Home
    from pipelines.intake.ledger import Act
    from pipelines.intake.report import Report

VERSION = "rti-receipt-1"
_CURRENT = "receipt-current"
_SIGNATURE = re.compile(r"[0-9a-f]{128}")


class KeyFileError(Exception):
    """A key is not there or is none. The text says what to do."""


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
    key = signing_key(home)
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
    head = connection.execute(sa.select(AUDIT.c.seq, AUDIT.c.hash).order_by(AUDIT.c.seq.desc()).limit(1)).one_or_none()
    content = _content(row, report, int(justified), at, home, f"{head.seq}:{head.hash}" if head else "0:")
    signed = sign(key, content)
    connection.execute(
        sa.insert(RECEIPT).values(
            receipt_id=signed.receipt_id, submission_id=act.submission_id, at=at, document=signed.document
        )
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
    whole = {**content, "key": {"id": key_id(key.public_key()), "public": _raw(key.public_key()).hex()}}
    signature = key.sign(canonical(whole).encode()).hex()
    document = canonical({**whole, "signature": signature})
    return SignedReceipt(content["receipt_id"], content["submission_id"], content["sent_at"], document)


# ------------------------------------------------------------------------------------------------------------ questions


def newest(engine: sa.Engine, submission_id: str) -> SignedReceipt | None:
    """The receipt of the last sending of a submission; None where there is none."""
    query = sa.select(RECEIPT).where(RECEIPT.c.submission_id == submission_id)
    query = query.order_by(RECEIPT.c.at.desc(), RECEIPT.c.receipt_id.desc()).limit(1)
    with reading(engine) as connection:
        row = connection.execute(query).one_or_none()
    return SignedReceipt(row.receipt_id, row.submission_id, row.at, row.document) if row is not None else None


def find(engine: sa.Engine, receipt_id: str) -> SignedReceipt | None:
    """The receipt with this id; None where there is none."""
    with reading(engine) as connection:
        row = connection.execute(sa.select(RECEIPT).where(RECEIPT.c.receipt_id == receipt_id)).one_or_none()
    return SignedReceipt(row.receipt_id, row.submission_id, row.at, row.document) if row is not None else None


# ----------------------------------------------------------------------------------------------------------------- keys


def _raw(key: Ed25519PublicKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id(key: Ed25519PublicKey) -> str:
    """Sixteen hex digits of SHA-256 over the public key's 32 bytes."""
    return hashlib.sha256(_raw(key)).hexdigest()[:16]


def private_path(home: Home, identity: str) -> Path:
    """`restricted/keys/receipt-<key id>.pem`, readable by the service alone."""
    return home.restricted / "keys" / f"receipt-{identity}.pem"


def public_path(home: Home, identity: str) -> Path:
    """`public/keys/receipt-<key id>.pub.pem`, for everybody who verifies."""
    return home.public / "keys" / f"receipt-{identity}.pub.pem"


def signing_key(home: Home) -> Ed25519PrivateKey:
    """The key that signs now, made on first need; two processes that need it at once make one. Raises KeyFileError."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pointer = home.restricted / "keys" / _CURRENT
    if not pointer.exists():
        _make_key(home, replace=False)
    path = private_path(home, pointer.read_text(encoding="ascii").strip())
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError) as error:
        raise KeyFileError(
            f"the key {path} cannot be read ({error}); restore it from a backup, or run `rti receipt rotate-key`"
        ) from error
    return key  # type: ignore[return-value]


def rotate(home: Home) -> str:
    """Make a new key that signs from now on; returns its id. The old ones stay, for old receipts."""
    return _make_key(home, replace=True)


def _make_key(home: Home, *, replace: bool) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = Ed25519PrivateKey.generate()
    identity = key_id(key.public_key())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    # The pointer last: a crash before it leaves a pair that has signed nothing.
    _write(private_path(home, identity), pem, 0o600)
    _write(public_path(home, identity), public, 0o644)
    pointer = home.restricted / "keys" / _CURRENT
    _write(pointer, identity.encode() + b"\n", 0o600, replace=replace)
    return identity


def _write(path: Path, data: bytes, mode: int, *, replace: bool = True) -> None:
    """Write a file aside with its mode and give it its name in one step; without `replace`, the first one stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if mode == 0o600:
        path.parent.chmod(0o700)
    aside = path.parent / f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.new"
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        if replace:
            aside.replace(path)
        else:
            try:
                os.link(aside, path)
            except FileExistsError:
                return
    finally:
        aside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
