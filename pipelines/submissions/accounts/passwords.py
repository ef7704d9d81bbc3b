"""Validate, hash and compare passwords.

The rules follow NIST SP 800-63B: a minimum length, no character classes, nothing that is on a list of common passwords
or made of words related to the account. Limits on attempts are in `throttle.py`.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark
from pipelines.submissions.accounts.own_words import own_words

MINIMUM, MAXIMUM = 12, 256
"""Length in characters. The maximum stops callers who are not signed in from having megabytes hashed."""
LEAST_GUESSES = 10**10
"""Guesses that a new password must withstand by the estimate of zxcvbn; its highest grade. `Summer2026!!` withstands
10^8.4, three unrelated words 10^12."""
_ESTIMATED_LENGTH = 64
"""Characters passed to zxcvbn, whose run time grows with the square of the length."""
_MINIMUM_REMAINDER = 8
"""Characters that must remain of a password after the words related to the account are removed."""
_HASHER = PasswordHasher()
"""Argon2id with the library's defaults (RFC 9106, low memory). If an update raises them, passwords are rehashed."""
_HASH_SLOTS = threading.BoundedSemaphore(4)
"""Limits concurrent hashes, because each takes 64 MB and callers need not be signed in; further ones wait."""
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Alphabet for passwords that are read aloud or typed from paper: no characters that look alike."""


class PasswordError(UserFacingError):
    """A password is not accepted. The message says why."""


def check_password(password: str, account_id: str, display_name: str, email: str | None = None) -> None:
    """Raise PasswordError for a new password that is too short, too long, or easy to guess for this account."""
    if len(password) < MINIMUM:
        raise PasswordError(
            mark("A password must have at least {n} characters. A few words together work well."), n=MINIMUM
        )
    if len(password) > MAXIMUM:
        raise PasswordError(mark("A password must have at most {n} characters."), n=MAXIMUM)
    if len(set(password)) < 5:
        raise PasswordError(mark("This password repeats a few characters; choose one that is hard to guess."))
    plain = _normalise(password)
    for name in filter(None, (_normalise(account_id), _normalise(display_name))):
        # Without the name, the rest must be long enough by itself, unless the name is too short to matter.
        if len(name) >= 4 and name in plain and len(plain.replace(name, "")) < MINIMUM:
            raise PasswordError(mark("This password is made of the account's own name; take another."))
    _refuse_guessable(password, plain, own_words(account_id, display_name, email))


def _refuse_guessable(password: str, plain: str, words: Sequence[str]) -> None:
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # late: its lists take 14 MB

    remainder = plain
    for word in sorted(words, key=len, reverse=True):
        remainder = remainder.replace(word, "")
    if remainder != plain and len(remainder) < _MINIMUM_REMAINDER:
        raise PasswordError(
            mark(
                "This password is made of words that others expect of you: your name, office or territory, or this "
                "project's name. Use four or more unrelated words."
            )
        )
    estimate = zxcvbn(password[:_ESTIMATED_LENGTH], user_inputs=list(words), max_length=_ESTIMATED_LENGTH)
    if estimate["guesses"] < LEAST_GUESSES:
        raise PasswordError(
            mark(
                "This password is easy to guess: it is on lists of common passwords, or follows a pattern such as 1234 "
                "or a date. Use four or more unrelated words."
            )
        )


def hash_password(password: str) -> str:
    """Return the Argon2 hash of a password, with its salt and parameters."""
    with _HASH_SLOTS:
        return _HASHER.hash(password)


def matches_hash(stored: str | None, password: str) -> bool:
    """Return True if a password matches the stored hash.

    If `stored` is None the answer is False, after the same time: one hash is computed anyway.
    """
    candidate = password[: MAXIMUM + 1]
    try:
        with _HASH_SLOTS:
            if stored is None:
                # Hash the candidate itself rather than verify a prepared dummy hash, so that the first attempt of a
                # process takes no longer than later ones.
                _HASHER.hash(candidate)
                return False
            return _HASHER.verify(stored, candidate)
    except (VerifyMismatchError, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Return True if a hash was made with other parameters than the present ones."""
    return _HASHER.check_needs_rehash(stored)


def one_time() -> str:
    """Return a random one-time password: four groups of five characters, 99 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


def _normalise(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
