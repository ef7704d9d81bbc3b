"""Encrypt drafts with the key of their link, and confirmed answers with the public key of their round.

All plain texts are padded to one size, so that nothing is recognised by its length. The private key of a round is a
file of its own, is needed only when the round is closed, and is removed then.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pipelines.core import rights
from pipelines.core.durable import write_file

PADDED_BYTES = 8 * 1024
"""Bytes of every plain text: 60 answers with codes take 2 kB, a free text of 1,000 letters up to 4 kB."""
_NONCE_BYTES = 12
_KEY_BYTES = 32


class SealError(Exception):
    """Something cannot be decrypted: it was damaged, or the key is another one."""


def encrypt_draft(key: bytes, content: Mapping[str, Any]) -> bytes:
    """Return a draft encrypted with the key of its link."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, _pad(content), None)


def decrypt_draft(key: bytes, sealed: bytes) -> dict[str, Any]:
    """Return the content of a draft. Raises SealError."""
    return _decrypt(key, sealed)


def create_round_key(path: Path) -> bytes:
    """Write a new private key to a file that only the service reads; return the public key."""
    private = X25519PrivateKey.generate()
    rights.make_private_folder(path.parent)
    raw = private.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
    write_file(path, raw)
    rights.restrict_file(path)
    return private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def read_round_key(path: Path) -> X25519PrivateKey:
    """Return the private key of a round. Raises SealError if the file is missing or damaged."""
    try:
        return X25519PrivateKey.from_private_bytes(path.read_bytes())
    except (FileNotFoundError, ValueError):
        raise SealError(
            f"the key {path.name} of this round is missing or damaged, and its answers cannot be read without it; "
            "restore the file from where you keep keys"
        ) from None


def seal_answers(public_key: bytes, content: Mapping[str, Any]) -> bytes:
    """Return answers encrypted so that only the private key of the round opens them."""
    ephemeral = X25519PrivateKey.generate()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public_key))
    header = ephemeral.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return header + nonce + AESGCM(_derive_key(shared, header)).encrypt(nonce, _pad(content), None)


def open_answers(private_key: X25519PrivateKey, sealed: bytes) -> dict[str, Any]:
    """Return sealed answers. Raises SealError."""
    header, body = sealed[:_KEY_BYTES], sealed[_KEY_BYTES:]
    shared = private_key.exchange(X25519PublicKey.from_public_bytes(header))
    return _decrypt(_derive_key(shared, header), body)


def _derive_key(shared: bytes, header: bytes) -> bytes:
    return HKDF(hashes.SHA256(), _KEY_BYTES, salt=header, info=b"rti survey answers").derive(shared)


def _decrypt(key: bytes, sealed: bytes) -> dict[str, Any]:
    try:
        plain = AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        content = json.loads(plain.rstrip(b" "))
    except (InvalidTag, ValueError):
        raise SealError("stored answers cannot be decrypted") from None
    assert isinstance(content, dict)
    return content


def _pad(content: Mapping[str, Any]) -> bytes:
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    if len(plain) > PADDED_BYTES:
        raise ValueError(f"answers of {len(plain)} bytes are longer than the {PADDED_BYTES} that every one takes")
    return plain.ljust(PADDED_BYTES, b" ")
