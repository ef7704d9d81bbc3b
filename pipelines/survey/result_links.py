"""Make and read the links by which respondents see the results: one for each territory and role of a round.

Everybody of one territory and role has the same link, so that it names nobody, and it opens public results only.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, timedelta

from pipelines.survey.coarsening import Cell
from pipelines.survey.invitation_store import Round
from pipelines.survey.surveys import Surveys

_LETTERS = 32


def make_result_token(surveys: Surveys, round_id: str, cell: Cell) -> str:
    """Return the token of a territory and role; empty for a round of earlier software."""
    secret = surveys.invitations.find_result_secret(round_id)
    return _derive_token(secret, cell) if secret is not None else ""


def find_result_cell(surveys: Surveys, round_id: str, token: str, territories: list[str]) -> Cell | None:
    """Return the territory and role of a token, or None."""
    secret = surveys.invitations.find_result_secret(round_id)
    if secret is None:
        return None
    cells = [(territory, role) for territory in territories for role in surveys.bank.lists.roles]
    token_bytes = token.encode("utf-8", "replace")
    return next(
        (cell for cell in cells if hmac.compare_digest(_derive_token(secret, cell).encode(), token_bytes)), None
    )


def first_result_day(round_: Round) -> date:
    """Return the day from which the results of a round can be seen: the day after its last day."""
    return date.fromisoformat(round_.closes) + timedelta(days=1)


def _derive_token(secret: str, cell: Cell) -> str:
    return hmac.new(bytes.fromhex(secret), "|".join(cell).encode(), hashlib.sha256).hexdigest()[:_LETTERS]
