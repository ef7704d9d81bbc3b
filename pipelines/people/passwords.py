"""Passwords: what one must be, how it is kept, when too many wrong ones lock.

Belongs here: the rule, Argon2, the length of a lock.  Does not belong here: whose password it is (`accounts.py`).
The rule is that of NIST SP 800-63B: length counts, no classes of characters, nothing that says the account's own name.
"""

from __future__ import annotations

import secrets
import threading
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from pipelines.locales import mark
from pipelines.told import ToldError

MINIMUM, MAXIMUM = 12, 256
"""Characters. The upper bound keeps whoever is not signed in from having megabytes hashed."""
FAILURES = 5
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=15), timedelta(days=1)
_HASHER = PasswordHasher()
"""Argon2id with the library's parameters (those of RFC 9106 for little memory); raised with it, and then rehashed."""
_AT_ONCE = threading.BoundedSemaphore(4)
"""Each hash takes 64 MB while it is made, and whoever is not signed in may ask for one: the others wait."""
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""For passwords that are read aloud or typed from paper: nothing that looks like another."""


class PasswordError(ToldError):
    """A password that is not taken. The text says why."""


def check(password: str, account_id: str, display_name: str) -> None:
    """Raise PasswordError for a new password that is too short, too long, or made of the account's own name."""
    if len(password) < MINIMUM:
        raise PasswordError(mark("A password has at least {n} characters; a few words together do well."), n=MINIMUM)
    if len(password) > MAXIMUM:
        raise PasswordError(mark("A password has at most {n} characters."), n=MAXIMUM)
    if len(set(password)) < 5:
        raise PasswordError(mark("This password repeats a few characters; take one that nobody guesses."))
    plain = _plain(password)
    for name in filter(None, (_plain(account_id), _plain(display_name))):
        # What is left without the name must be a password by itself, unless the name is too short to matter.
        if len(name) >= 4 and name in plain and len(plain.replace(name, "")) < MINIMUM:
            raise PasswordError(mark("This password is made of the account's own name; take another."))


def hashed(password: str) -> str:
    """The Argon2 hash of a password, with its salt and parameters."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether a password is the stored one. Where there is none it costs the same one hash, and is never."""
    asked = password[: MAXIMUM + 1]
    try:
        with _AT_ONCE:
            if stored is None:
                # One hash with today's parameters, also at the first attempt of a process: there is nothing to prepare.
                _HASHER.hash(asked)
                return False
            return _HASHER.verify(stored, asked)
    except (VerifyMismatchError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


def one_time() -> str:
    """A password for one use: four groups of five characters, 99 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


def lock_after(failed: int) -> timedelta | None:
    """How long an account is locked after so many wrong passwords in a row; None while it is not."""
    if failed < FAILURES:
        return None
    doubled: int = 2 ** min(failed - FAILURES, 10)
    return min(FIRST_LOCK * doubled, LONGEST_LOCK)


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
