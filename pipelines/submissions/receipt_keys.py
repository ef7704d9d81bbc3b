"""The keys that sign receipts: made, kept, rotated.

The private key lies under `restricted/`, readable by the service alone; the public one under `public/`, for everybody
who verifies.  A file beside the private keys names the one that signs now; it is written last.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core.errors import ToldError
from pipelines.core.i18n import mark

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    from pipelines.core.home import Home

_CURRENT = "receipt-current"


class KeyFileError(ToldError):
    """A key is not there or is none. The text says what to do."""


def raw(key: Ed25519PublicKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id(key: Ed25519PublicKey) -> str:
    """Sixteen hex digits of SHA-256 over the public key's 32 bytes."""
    return hashlib.sha256(raw(key)).hexdigest()[:16]


def private_path(home: Home, identity: str) -> Path:
    """`restricted/keys/receipt-<key id>.pem`, readable by the service alone."""
    return home.restricted / "keys" / f"receipt-{identity}.pem"


def public_path(home: Home, identity: str) -> Path:
    """`public/keys/receipt-<key id>.pub.pem`, for everybody who verifies."""
    return home.public / "keys" / f"receipt-{identity}.pub.pem"


def signing_key(home: Home) -> Ed25519PrivateKey:
    """The key that signs now, made on first need; two processes that need it at once make one. Raises KeyFileError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pointer = home.restricted / "keys" / _CURRENT
    if not pointer.exists():
        _make_key(home, replace=False)
    path = private_path(home, pointer.read_text(encoding="ascii").strip())
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise _no_key(path) from error
    if not isinstance(key, Ed25519PrivateKey) or key_id(key.public_key()) != path.stem.removeprefix("receipt-"):
        raise _no_key(path)
    return key


def read_public(pem: bytes) -> Ed25519PublicKey:
    """A public key from its PEM file. Raises KeyFileError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(mark("This is not a public key for receipts; use the file `receipt-….pub.pem`."))
    return key


def _no_key(path: Path) -> KeyFileError:
    return KeyFileError(
        mark("The key {path} cannot be read; restore it from a backup, or run `rti receipt rotate-key`."), path=path
    )


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
