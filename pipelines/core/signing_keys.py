"""Create, store and rotate the keys that sign documents: one ring of keys for each purpose.

Private keys are under `restricted/keys/`, readable by the service alone; public ones are under `public/keys/`, for
verification. A file next to the private keys names the one in use; it is written last.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core import asides, rights
from pipelines.core.errors import UserFacingError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    from pipelines.core.home import Home

_PUBLIC = 0o666
"""Rights of a public key, less those that the umask of the process takes away."""


class KeyFileError(UserFacingError):
    """A key file is missing or is not a valid key. The message says what to do."""


def raw_bytes(key: Ed25519PublicKey) -> bytes:
    """Return the 32 bytes of a public key."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id(key: Ed25519PublicKey) -> str:
    """Return the first 16 hex digits of the SHA-256 of the public key's 32 bytes."""
    return hashlib.sha256(raw_bytes(key)).hexdigest()[:16]


def to_canonical_json(content: dict[str, Any]) -> str:
    """Return content as canonical JSON, the text that is signed. Raises ValueError for a number that JSON lacks."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The Ed25519 keys of one purpose, `receipt` or `release`, which is the first part of the names of their files.

    `unreadable` says that the private key at `{path}` cannot be read and what to do; `not_public` that a file is not
    a public key.
    """

    purpose: str
    unreadable: str
    not_public: str

    def private_path(self, home: Home, identity: str) -> Path:
        """Return `restricted/keys/<purpose>-<key id>.pem`, which only the service can read."""
        return home.restricted / "keys" / f"{self.purpose}-{identity}.pem"

    def public_path(self, home: Home, identity: str) -> Path:
        """Return `public/keys/<purpose>-<key id>.pub.pem`, which anybody can read to verify signatures."""
        return home.public / "keys" / f"{self.purpose}-{identity}.pub.pem"

    def list_public_keys(self, home: Home) -> dict[str, bytes]:
        """Return the public keys of a home by their id, as PEM: the one in use, and older ones."""
        paths = sorted((home.public / "keys").glob(f"{self.purpose}-*.pub.pem"))
        keys = [path.read_bytes() for path in paths]
        return {key_id(self.read_public(pem)): pem for pem in keys}

    def read_public_keys(self, home: Home) -> dict[str, Ed25519PublicKey]:
        """Return the public keys of a home by their id, to verify signatures. A file that is not a key is left out."""
        keys = {}
        for path in sorted((home.public / "keys").glob(f"{self.purpose}-*.pub.pem")):
            try:
                key = self.read_public(path.read_bytes())
            except KeyFileError:
                continue  # each signature made with this key is reported
            keys[key_id(key)] = key
        return keys

    def signing_key(self, home: Home) -> Ed25519PrivateKey:
        """Return the key in use, created on first use; concurrent processes get the same one. Raises KeyFileError."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        pointer = self._pointer(home)
        if not pointer.exists():
            self._make_key(home, replace=False)
        path = self.private_path(home, pointer.read_text(encoding="ascii").strip())
        try:
            key = load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise KeyFileError(self.unreadable, path=path) from error
        is_named = path.stem.removeprefix(f"{self.purpose}-")
        if not isinstance(key, Ed25519PrivateKey) or key_id(key.public_key()) != is_named:
            raise KeyFileError(self.unreadable, path=path)
        return key

    def read_public(self, pem: bytes) -> Ed25519PublicKey:
        """Parse a public key from PEM. Raises KeyFileError."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        try:
            key = load_pem_public_key(pem)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise KeyFileError(self.not_public)
        return key

    def rotate_key(self, home: Home) -> str:
        """Create a new signing key, put it in use, and return its id. Old keys remain, to verify old signatures."""
        return self._make_key(home, replace=True)

    def _pointer(self, home: Home) -> Path:
        return home.restricted / "keys" / f"{self.purpose}-current"

    def _make_key(self, home: Home, *, replace: bool) -> str:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

        key = Ed25519PrivateKey.generate()
        identity = key_id(key.public_key())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        # Write the pointer last: a crash before that leaves an unused key pair.
        private = rights.choose_private_mode(_make_key_folder(home))
        _write(self.private_path(home, identity), pem, private)
        _write(self.public_path(home, identity), public, _PUBLIC)
        _write(self._pointer(home), identity.encode() + b"\n", private, replace=replace)
        return identity


def _make_key_folder(home: Home) -> Path:
    folder = home.restricted / "keys"
    rights.make_private_folder(folder)
    return folder


def _write(path: Path, data: bytes, mode: int, *, replace: bool = True) -> None:
    """Write a file with its mode to a temporary name and rename it; keep an existing one unless `replace`."""
    with asides.replace_file(path, mode=mode, flush=True, keep=not replace) as aside:
        aside.write_bytes(data)
