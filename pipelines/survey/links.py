"""Make the one-time links of invitations, and derive from a link's secret all that the stores may keep of it.

Each use of the secret has its own digest, so that the two stores hold nothing equal: the invitation store knows the
link by one digest, the answer store finds the draft and the mark of a sent answer by two others.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_SECRET_BYTES = 24
_SECRET_LETTERS = 32
_CHECK_LETTERS = 4
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, repr=False)
class SurveyLink:
    """The secret of one link, and its digests."""

    secret: str

    @property
    def token(self) -> str:
        """Return the secret with letters that show whether the link was cut off in a mail."""
        return self.secret + _digest("check", self.secret)[:_CHECK_LETTERS]

    @property
    def invitation_digest(self) -> str:
        """Return the digest by which the invitation store knows the link."""
        return _digest("invitation", self.secret)

    @property
    def spent_digest(self) -> str:
        """Return the digest that the answer store keeps once the answers are sent."""
        return _digest("spent", self.secret)

    @property
    def draft_digest(self) -> str:
        """Return the digest by which the answer store finds the draft."""
        return _digest("draft", self.secret)

    @property
    def draft_key(self) -> bytes:
        """Return the key that encrypts the draft; without the link nobody can read it."""
        return hashlib.sha256(f"draft key|{self.secret}".encode()).digest()

    @property
    def form_token(self) -> str:
        """Return the token that the forms of this link carry."""
        return _digest("form", self.secret)

    def is_form_token(self, submitted: str) -> bool:
        """Return True if a form was rendered for this link."""
        return hmac.compare_digest(submitted.encode("utf-8", "replace"), self.form_token.encode())


def make_link() -> SurveyLink:
    """Return a new link with a random secret of 192 bits."""
    return SurveyLink(secrets.token_urlsafe(_SECRET_BYTES))


def parse_token(token: str) -> SurveyLink | None:
    """Return the link of a token; None if it was cut off or changed on its way."""
    secret = token[:_SECRET_LETTERS]
    if len(token) != _SECRET_LETTERS + _CHECK_LETTERS or not _TOKEN.fullmatch(token):
        return None
    link = SurveyLink(secret)
    return link if hmac.compare_digest(link.token, token) else None


def _digest(use: str, secret: str) -> str:
    return hashlib.sha256(f"{use}|{secret}".encode()).hexdigest()
