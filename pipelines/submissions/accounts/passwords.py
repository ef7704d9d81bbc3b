"""Passwords: what one must be, and how it is kept.

The rule is that of NIST SP 800-63B: length counts, no classes of characters, nothing that is on a list of common
passwords or made of the account's own words. How often one may be tried is in `throttle.py`.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from pipelines.core.errors import ToldError
from pipelines.core.i18n import mark
from pipelines.submissions.accounts.own_words import own_words

MINIMUM, MAXIMUM = 12, 256
"""Characters. The upper bound keeps whoever is not signed in from having megabytes hashed."""
LEAST_GUESSES = 10**10
"""Guesses that a new password must withstand by zxcvbn's estimate, its highest grade. `Summer2026!!` withstands 10^8.4,
three unrelated words 10^12."""
_ESTIMATED = 64
"""Characters that are estimated: zxcvbn takes a time that grows with the square of the length."""
_LEFT = 8
"""Characters that must be left of a password without its owner's words."""
_HASHER = PasswordHasher()
"""Argon2id with the library's parameters (those of RFC 9106 for little memory); raised with it, and then rehashed."""
_AT_ONCE = threading.BoundedSemaphore(4)
"""Each hash takes 64 MB while it is made, and whoever is not signed in may ask for one: the others wait."""
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""For passwords that are read aloud or typed from paper: nothing that looks like another."""


class PasswordError(ToldError):
    """A password that is not taken. The text says why."""


def check(password: str, account_id: str, display_name: str, email: str | None = None) -> None:
    """Raise PasswordError for a new password that is too short, too long, or easy to guess for this account."""
    if len(password) < MINIMUM:
        raise PasswordError(
            mark("A password must have at least {n} characters. A few words together work well."), n=MINIMUM
        )
    if len(password) > MAXIMUM:
        raise PasswordError(mark("A password must have at most {n} characters."), n=MAXIMUM)
    if len(set(password)) < 5:
        raise PasswordError(mark("This password repeats a few characters; choose one that is hard to guess."))
    plain = _plain(password)
    for name in filter(None, (_plain(account_id), _plain(display_name))):
        # What is left without the name must be a password by itself, unless the name is too short to matter.
        if len(name) >= 4 and name in plain and len(plain.replace(name, "")) < MINIMUM:
            raise PasswordError(mark("This password is made of the account's own name; take another."))
    _refuse_guessable(password, plain, own_words(account_id, display_name, email))


def _refuse_guessable(password: str, plain: str, words: Sequence[str]) -> None:
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # late: its lists take 14 MB

    left = plain
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, "")
    if left != plain and len(left) < _LEFT:
        raise PasswordError(
            mark(
                "This password is made of words that others expect of you: your name, office or territory, or this "
                "project's name. Use four or more unrelated words."
            )
        )
    estimate = zxcvbn(password[:_ESTIMATED], user_inputs=list(words), max_length=_ESTIMATED)
    if estimate["guesses"] < LEAST_GUESSES:
        raise PasswordError(
            mark(
                "This password is easy to guess: it is on lists of common passwords, or follows a pattern such as 1234 "
                "or a date. Use four or more unrelated words."
            )
        )


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


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
