"""Create, store and rotate the keys that sign receipts.

The private key is under `restricted/`, readable by the service alone; the public one is under `public/`, for
verification. A file next to the private keys names the one in use; it is written last.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    from pipelines.core.home import Home

_CURRENT = "receipt-current"


class KeyFileError(UserFacingError):
    """A key file is missing or is not a valid key. The message says what to do."""


def raw_bytes(key: Ed25519PublicKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id(key: Ed25519PublicKey) -> str:
    """Return the first 16 hex digits of the SHA-256 of the public key's 32 bytes."""
    return hashlib.sha256(raw_bytes(key)).hexdigest()[:16]


def private_path(home: Home, identity: str) -> Path:
    """Return `restricted/keys/receipt-<key id>.pem`, which only the service can read."""
    return home.restricted / "keys" / f"receipt-{identity}.pem"


def public_path(home: Home, identity: str) -> Path:
    """Return `public/keys/receipt-<key id>.pub.pem`, which anybody can read to verify receipts."""
    return home.public / "keys" / f"receipt-{identity}.pub.pem"


def list_public_keys(home: Home) -> dict[str, bytes]:
    """Return the public keys of a home by their id, as PEM: the one in use, and older ones."""
    paths = sorted((home.public / "keys").glob("receipt-*.pub.pem"))
    keys = [path.read_bytes() for path in paths]
    return {key_id(read_public(pem)): pem for pem in keys}


def signing_key(home: Home) -> Ed25519PrivateKey:
    """Return the key in use, created on first use; concurrent processes get the same one. Raises KeyFileError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pointer = home.restricted / "keys" / _CURRENT
    if not pointer.exists():
        _make_key(home, replace=False)
    path = private_path(home, pointer.read_text(encoding="ascii").strip())
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise _unreadable_key_error(path) from error
    if not isinstance(key, Ed25519PrivateKey) or key_id(key.public_key()) != path.stem.removeprefix("receipt-"):
        raise _unreadable_key_error(path)
    return key


def read_public(pem: bytes) -> Ed25519PublicKey:
    """Parse a public key from PEM. Raises KeyFileError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(mark("This is not a public key for receipts; use the file `receipt-….pub.pem`."))
    return key


def _unreadable_key_error(path: Path) -> KeyFileError:
    return KeyFileError(
        mark("The key {path} cannot be read; restore it from a backup, or run `rti receipt rotate-key`."), path=path
    )


def rotate_key(home: Home) -> str:
    """Create a new signing key, put it in use, and return its id. Old keys remain, to verify old receipts."""
    return _make_key(home, replace=True)


def _make_key(home: Home, *, replace: bool) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = Ed25519PrivateKey.generate()
    identity = key_id(key.public_key())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    # Write the pointer last: a crash before that leaves an unused key pair.
    _write(private_path(home, identity), pem, 0o600)
    _write(public_path(home, identity), public, 0o644)
    pointer = home.restricted / "keys" / _CURRENT
    _write(pointer, identity.encode() + b"\n", 0o600, replace=replace)
    return identity


def _write(path: Path, data: bytes, mode: int, *, replace: bool = True) -> None:
    """Write a file with its mode to a temporary name and rename it; keep an existing one unless `replace`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if mode == 0o600:
        path.parent.chmod(0o700)
    temporary = path.parent / f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.new"
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        if replace:
            temporary.replace(path)
        else:
            try:
                os.link(temporary, path)
            except FileExistsError:
                return
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
