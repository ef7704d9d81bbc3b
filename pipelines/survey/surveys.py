"""Share among the acts of the questionnaire: the question bank, the two stores of one home, and rounds by the day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.core import clock
from pipelines.core.errors import UserFacingError
from pipelines.survey.answer_store import AnswerStore
from pipelines.survey.bank import Bank, load_bank
from pipelines.survey.invitation_store import InvitationStore, Round

if TYPE_CHECKING:
    from pipelines.core.home import Home


class SurveyError(UserFacingError):
    """An act of the questionnaire is refused. The message says why and what to do."""


@dataclass(frozen=True)
class Surveys:
    """The questionnaire of one home. Thread-safe."""

    home: Home
    bank: Bank
    invitations: InvitationStore
    answers: AnswerStore


def open_surveys(home: Home) -> Surveys:
    """Open the questionnaire of a home. Raises DeclarationError, SurveyDatabaseError."""
    return Surveys(home, load_bank(), InvitationStore(home), AnswerStore(home))


def read_today() -> str:
    """Return the day of now, as rounds have it."""
    return clock.now().date().isoformat()


def is_accepting(round_: Round) -> bool:
    """Return True if a round takes answers today."""
    return round_.state == "open" and round_.opens <= read_today() <= round_.closes
