"""Create, wrap and unlock the keys of a repository.

A repository has one age identity, which decrypts, and one secret that names and authenticates what it holds. Both are
in the file `key.age`, encrypted with a passphrase or for age recipients. The home keeps the public half and the secret:
it can add backups without a passphrase and cannot read them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.core import durable, rights
from pipelines.operations.backup.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.core.home import Home

MINIMUM_PASSPHRASE: Final = 12
"""Minimum length of a passphrase in characters; somebody who copies the repository can try passphrases."""
_COMMENT = re.compile(r"^# (repository|secret): ([0-9a-f]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class WritingKey:
    """The key that adds backups: the age recipient of the repository, and the secret for names and seals."""

    repository: str
    recipient: str
    secret: bytes

    def encrypt_content(self, content: bytes) -> bytes:
        """Return content encrypted for the repository."""
        import pyrage

        return bytes(pyrage.encrypt(content, [pyrage.x25519.Recipient.from_str(self.recipient)]))

    def name_content(self, content: bytes) -> str:
        """Return the name of an object: a digest with a key, so that nobody can test a guess about the content."""
        return hmac.new(self.secret, b"object\0" + content, hashlib.sha256).hexdigest()

    def seal_text(self, kind: str, snapshot: str, text: str) -> str:
        """Return the seal of a list of objects or of a snapshot, which nobody can make who only has the public half."""
        return hmac.new(self.secret, f"{kind}\0{snapshot}\0{text}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class ReadingKey:
    """The identity of a repository, which decrypts, next to its writing key."""

    identity: str
    writing: WritingKey

    def decrypt_content(self, content: bytes) -> bytes:
        """Return the decrypted content. Raises BackupError if it is damaged or of another repository."""
        import pyrage

        try:
            return bytes(pyrage.decrypt(content, [pyrage.x25519.Identity.from_str(self.identity)]))
        except (pyrage.DecryptError, ValueError) as error:
            raise BackupError(f"it cannot be decrypted: {error}") from error


def create_key() -> ReadingKey:
    """Return the keys of a new repository."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    writing = WritingKey(secrets.token_hex(8), str(identity.to_public()), secrets.token_bytes(32))
    return ReadingKey(str(identity), writing)


def wrap_key(key: ReadingKey, *, passphrase: str | None = None, recipients: Sequence[str] = ()) -> bytes:
    """Return the file `key.age`: an age identity file with two comments, encrypted with a passphrase or for recipients.

    Raises BackupError for a short passphrase, a wrong recipient, or both or neither.
    """
    import pyrage

    if bool(passphrase) == bool(recipients):
        raise BackupError("protect the key either with a passphrase or with age recipients")
    writing = key.writing
    text = f"# repository: {writing.repository}\n# secret: {writing.secret.hex()}\n{key.identity}\n"
    if passphrase:
        if len(passphrase) < MINIMUM_PASSPHRASE:
            raise BackupError(f"the passphrase is too short; choose at least {MINIMUM_PASSPHRASE} characters")
        return bytes(pyrage.passphrase.encrypt(text.encode(), passphrase))
    try:
        keys = [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]
    except (pyrage.RecipientError, ValueError) as error:
        raise BackupError(f"a recipient is not one of age, which begin with `age1`: {error}") from error
    return bytes(pyrage.encrypt(text.encode(), keys))


def unwrap_key(wrapped: bytes, *, passphrase: str | None = None, identities: str | None = None) -> ReadingKey:
    """Return the keys in a file `key.age`. `identities` is the text of an age identity file. Raises BackupError."""
    import pyrage

    try:
        if identities is not None:
            lines = [line.strip() for line in identities.splitlines() if line.strip() and not line.startswith("#")]
            text = pyrage.decrypt(wrapped, [pyrage.x25519.Identity.from_str(line) for line in lines])
        else:
            text = pyrage.passphrase.decrypt(wrapped, passphrase or "")
    except (pyrage.DecryptError, pyrage.IdentityError, ValueError) as error:
        secret = "identity file" if identities is not None else "passphrase"
        raise BackupError(f"the {secret} does not open this repository; nothing was changed") from error
    content = text.decode("ascii")
    comments = dict(_COMMENT.findall(content))
    identity = next(line for line in content.splitlines() if line.startswith("AGE-SECRET-KEY-"))
    recipient = str(pyrage.x25519.Identity.from_str(identity).to_public())
    return ReadingKey(identity, WritingKey(comments["repository"], recipient, bytes.fromhex(comments["secret"])))


def keep_writing_key(home: Home, key: WritingKey) -> None:
    """Store the writing key in the home, readable by the service alone."""
    path = _writing_key_path(home)
    rights.make_private_folder(path.parent)
    content = {"repository": key.repository, "recipient": key.recipient, "secret": key.secret.hex()}
    aside = durable.aside_of(path)
    aside.touch(mode=0o600)
    rights.restrict_file(aside)
    durable.write_file(path, (json.dumps(content) + "\n").encode())


def read_writing_key(home: Home) -> WritingKey | None:
    """Return the writing key in the home, or None. Raises BackupError for a damaged file."""
    path = _writing_key_path(home)
    try:
        content = json.loads(path.read_text(encoding="ascii"))
        return WritingKey(content["repository"], content["recipient"], bytes.fromhex(content["secret"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{path} is damaged; `rti backup init` with the passphrase writes it again") from error


def _writing_key_path(home: Home) -> Path:
    return home.restricted / "keys" / "backup.json"
