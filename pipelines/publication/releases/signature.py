"""Sign the manifest of a release, and verify its signature.

`manifest.sig` is one line of canonical JSON: the release, the time of its publication, the SHA-256 of `manifest.json`,
the public key, and the Ed25519 signature over that line without the member `signature`. The manifest has the SHA-256 of
every file, so the signature covers the whole release. It is written when the release is published, and it is the only
file of a release that the manifest does not list.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core import durable
from pipelines.core.i18n import mark
from pipelines.core.signing_keys import KeyFileError, KeyRing, key_id, raw_bytes, to_canonical_json
from pipelines.publication.releases import formats
from pipelines.publication.releases.errors import ReleaseError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    from pipelines.core.home import Home

FILE = "manifest.sig"
MANIFEST = "manifest.json"
VERSION = "rti-release-1"
RELEASE_KEYS = KeyRing(
    "release",
    mark("The key {path} cannot be read; restore it from a backup, or run `rti release rotate-key`."),
    mark("This is not a public key for releases; use the file `release-….pub.pem`."),
)


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """The result of verifying a signature: the key that made it, and what is wrong, or None.

    `is_known_key` is True if the key is among those that the verifier gave. Without that, the check only shows that
    the release is intact.
    """

    key_id: str | None
    is_known_key: bool
    problem: str | None = None


def find_signing_key(home: Home) -> str:
    """Return the id of the key that signs, which is created on first use. Raises ReleaseError, OSError."""
    return key_id(_read_signing_key(home).public_key())


def sign_manifest(home: Home, folder: Path, published_at: str) -> None:
    """Write the signature of a release to its folder. Raises ReleaseError, OSError."""
    key = _read_signing_key(home)
    public = key.public_key()
    content = {
        "version": VERSION,
        "release": folder.name,
        "published_at": published_at,
        "manifest_sha256": formats.hash_file(folder / MANIFEST),
        "key": {"id": key_id(public), "public": raw_bytes(public).hex()},
    }
    signature = key.sign(to_canonical_json(content).encode()).hex()
    durable.write_file(folder / FILE, (to_canonical_json({**content, "signature": signature}) + "\n").encode())


def _read_signing_key(home: Home) -> Ed25519PrivateKey:
    try:
        return RELEASE_KEYS.signing_key(home)
    except KeyFileError as error:
        places = {
            name: value.relative_to(home.root).as_posix() if isinstance(value, Path) else value
            for name, value in error.params.items()
        }
        raise ReleaseError(error.text, **places) from error


def discard_signature(folder: Path) -> None:
    """Remove the signature of a release that was not published."""
    for path in (folder / FILE, durable.aside_of(folder / FILE)):
        path.unlink(missing_ok=True)


def verify_signature(folder: Path, keys: dict[str, Ed25519PublicKey] | None = None) -> SignatureCheck:
    """Compare the signature of a release with its manifest and with known keys.

    `keys` are the keys that may have signed it, by their id. Without them, the key in the signature is used.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    path = folder / FILE
    if not path.is_file():
        return SignatureCheck(None, False, "is missing: the manifest is not signed")
    try:
        content = json.loads(path.read_bytes())
        signature = bytes.fromhex(content.pop("signature"))
        stated = Ed25519PublicKey.from_public_bytes(bytes.fromhex(content["key"]["public"]))
        identity, digest = str(content["key"]["id"]), content["manifest_sha256"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return SignatureCheck(None, False, "is damaged")
    is_known = keys is not None and identity in keys
    if keys is not None and not is_known:
        return SignatureCheck(identity, False, f"was made with the key {identity}, which is not a known key")
    key = keys[identity] if keys is not None else stated
    try:
        key.verify(signature, to_canonical_json(content).encode())
    except InvalidSignature:
        return SignatureCheck(identity, is_known, f"was not made with the key {identity}, or was changed")
    if key_id(key) != identity or content.get("version") != VERSION:
        return SignatureCheck(identity, is_known, "is damaged")
    if digest != formats.hash_file(folder / MANIFEST):
        return SignatureCheck(identity, is_known, f"does not fit {MANIFEST}: the manifest was changed")
    return SignatureCheck(identity, is_known)
