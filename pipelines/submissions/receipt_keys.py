"""The keys that sign receipts: `receipt-<key id>.pem` below `restricted/keys/` and `public/keys/`."""

from __future__ import annotations

from pipelines.core.i18n import mark
from pipelines.core.signing_keys import KeyFileError, KeyRing, key_id, raw_bytes

RECEIPT_KEYS = KeyRing(
    "receipt",
    mark("The key {path} cannot be read; restore it from a backup, or run `rti receipt rotate-key`."),
    mark("This is not a public key for receipts; use the file `receipt-….pub.pem`."),
)
private_path = RECEIPT_KEYS.private_path
public_path = RECEIPT_KEYS.public_path
list_public_keys = RECEIPT_KEYS.list_public_keys
signing_key = RECEIPT_KEYS.signing_key
read_public_keys = RECEIPT_KEYS.read_public_keys
read_public = RECEIPT_KEYS.read_public
rotate_key = RECEIPT_KEYS.rotate_key

__all__ = [
    "RECEIPT_KEYS",
    "KeyFileError",
    "key_id",
    "list_public_keys",
    "private_path",
    "public_path",
    "raw_bytes",
    "read_public",
    "read_public_keys",
    "rotate_key",
    "signing_key",
]
