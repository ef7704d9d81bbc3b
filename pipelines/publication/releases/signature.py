"""Sign the manifest and the database of a release, and verify their signature.

`manifest.sig` is one line of canonical JSON: the release, the time of its publication, the SHA-256 of `manifest.json`
and of `release.duckdb`, the public key, and the Ed25519 signature over that line without the member `signature`. The
manifest has the SHA-256 of every other file, so the signature covers the whole release. It is written when the release
is published. The digest of the database is not in the manifest, because a release that is built again has the same
manifest but a database of other bytes. Signatures of earlier software do not have it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
DATABASE = "release.duckdb"
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
    the release is intact. `database_sha256` is the signed digest of the database, or None if the signature is from
    software that did not sign it, or is not valid.
    """

    key_id: str | None
    is_known_key: bool
    problem: str | None = None
    database_sha256: str | None = None


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
        "database_sha256": formats.hash_file(folder / DATABASE),
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
    check, content = _verify_content(folder / FILE, keys)
    if check.problem is None and content["manifest_sha256"] != formats.hash_file(folder / MANIFEST):
        problem = f"does not fit {MANIFEST}: the manifest was changed"
        return SignatureCheck(check.key_id, check.is_known_key, problem)
    return check


def verify_database_signature(path: Path, keys: dict[str, Ed25519PublicKey] | None = None) -> SignatureCheck:
    """Verify the signature `path` of a release by itself, for a database that was downloaded without its release."""
    check, _ = _verify_content(path, keys)
    if check.problem is None and check.database_sha256 is None:
        problem = "is from software that did not sign the database; verify the whole release"
        return SignatureCheck(check.key_id, check.is_known_key, problem)
    return check


def is_signed_database(database: Path, check: SignatureCheck) -> bool:
    """Return False if a database is not the one that was signed, True if it is, or if no digest of it was signed."""
    return check.database_sha256 in (None, formats.hash_file(database))


def _verify_content(path: Path, keys: dict[str, Ed25519PublicKey] | None) -> tuple[SignatureCheck, dict[str, Any]]:
    """Return the check of the signature by itself, and what it signs."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not path.is_file():
        return SignatureCheck(None, False, "is missing: the manifest is not signed"), {}
    try:
        content = json.loads(path.read_bytes())
        signature = bytes.fromhex(content.pop("signature"))
        stated = Ed25519PublicKey.from_public_bytes(bytes.fromhex(content["key"]["public"]))
        identity, _ = str(content["key"]["id"]), content["manifest_sha256"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return SignatureCheck(None, False, "is damaged"), {}
    is_known = keys is not None and identity in keys
    if keys is not None and not is_known:
        return SignatureCheck(identity, False, f"was made with the key {identity}, which is not a known key"), {}
    key = keys[identity] if keys is not None else stated
    try:
        key.verify(signature, to_canonical_json(content).encode())
    except InvalidSignature:
        return SignatureCheck(identity, is_known, f"was not made with the key {identity}, or was changed"), {}
    if key_id(key) != identity or content.get("version") != VERSION:
        return SignatureCheck(identity, is_known, "is damaged"), {}
    return SignatureCheck(identity, is_known, database_sha256=content.get("database_sha256")), content
