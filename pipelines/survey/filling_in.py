"""Fill in a questionnaire by a one-time link: open it, save a draft, send the answers.

An answer is confirmed only after it is on the disk. The mark that a person has answered follows in the other store; if
the process ends between the two, the next visit of the link sets it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pipelines.core.i18n import mark
from pipelines.survey.answer_rules import Answers, Questionnaire
from pipelines.survey.answer_store import AlreadySentError, RoundClosedError, SentAnswers
from pipelines.survey.bank_model import Question
from pipelines.survey.invitation_store import Invitation, Round
from pipelines.survey.links import SurveyLink, parse_token
from pipelines.survey.surveys import SurveyError, Surveys, is_accepting, read_today

LinkProblem = Literal["cut", "unknown", "not_open", "closed", "sent"]
_TEXTS: Mapping[LinkProblem, str] = {
    "cut": mark(
        "The link is not complete. Open it from the message again, or copy all of it. Answers that you have saved are "
        "not lost."
    ),
    "unknown": mark(
        "This link is not known. Open the link of the newest message that you received, or ask the secretariat for a "
        "new one."
    ),
    "not_open": mark("This questionnaire is not open yet. It opens on {day}."),
    "closed": mark(
        "This questionnaire is closed. Answers that were sent count; drafts were deleted. The message with your "
        "invitation has the address of the results."
    ),
    "sent": mark("Your answers have been received. This link has been used and cannot show or change them."),
}
_sending = tuple(threading.Lock() for _ in range(64))
"""Two links of one invitation have the same lock and never send at the same time, so that nobody answers twice."""


class LinkError(SurveyError):
    """A link opens no questionnaire; `problem` says why."""

    def __init__(self, problem: LinkProblem, **params: object) -> None:
        super().__init__(_TEXTS[problem], **params)
        self.problem = problem


class IncompleteError(SurveyError):
    """Required questions are not answered."""

    def __init__(self, questions: tuple[Question, ...]) -> None:
        super().__init__(mark("Some questions still need an answer."))
        self.questions = questions


@dataclass(frozen=True)
class Visit:
    """A respondent at an open questionnaire, with the answers saved so far."""

    link: SurveyLink
    round: Round
    territory: str
    language: str
    questionnaire: Questionnaire
    answers: Answers


def open_visit(surveys: Surveys, round_id: str, token: str) -> Visit:
    """Return the questionnaire of a link with its draft. Raises LinkError."""
    return _read_visit(surveys, *_find_invitation(surveys, round_id, token))


def _read_visit(surveys: Surveys, link: SurveyLink, round_: Round, invitation: Invitation) -> Visit:
    if invitation.answered:
        raise LinkError("sent")
    try:
        draft = surveys.answers.read_draft(link)
    except AlreadySentError:
        surveys.invitations.mark_answered(invitation.invitation_id)
        raise LinkError("sent") from None
    invitee = invitation.invitee
    questionnaire = Questionnaire(surveys.bank, round_.form, invitee.role)
    answers = {question: tuple(values) for question, values in draft.get("answers", {}).items()}
    return Visit(link, round_, invitee.territory, invitee.language, questionnaire, answers)


def save_page(surveys: Surveys, visit: Visit, page_answers: Answers) -> Visit:
    """Save the answers of one page, on the disk on return, and return the visit with them. Raises LinkError."""
    answers = {**visit.answers, **page_answers}
    answers = {question: values for question, values in answers.items() if values}
    try:
        surveys.answers.save_draft(visit.round.round_id, visit.link, {"answers": answers})
    except AlreadySentError:
        raise LinkError("sent") from None
    except RoundClosedError:
        raise LinkError("closed") from None
    return Visit(visit.link, visit.round, visit.territory, visit.language, visit.questionnaire, answers)


def send_answers(surveys: Surveys, round_id: str, token: str) -> None:
    """Send the saved answers of a link; on return they are on the disk and the link is burnt.

    Raises LinkError, IncompleteError if a required question has no answer.
    """
    _link, _round, first_look = _find_invitation(surveys, round_id, token)
    with _sending[int(first_look.invitation_id, 16) % len(_sending)]:
        link, round_, invitation = _find_invitation(surveys, round_id, token)
        visit = _read_visit(surveys, link, round_, invitation)
        questionnaire = visit.questionnaire
        if missing := questionnaire.find_missing(visit.answers):
            raise IncompleteError(missing)
        answers = questionnaire.keep_visible(visit.answers)
        questions = {question.id: question for question in questionnaire.list_visible(answers)}
        codes = {questions[q].series: v for q, v in answers.items() if questions[q].kind != "free_text"}
        texts = {questions[q].series: v[0] for q, v in answers.items() if questions[q].kind == "free_text"}
        try:
            surveys.answers.send_answers(
                round_id,
                link,
                SentAnswers(round_.form, visit.territory, questionnaire.role, codes, texts),
            )
        except AlreadySentError:
            raise LinkError("sent") from None
        except RoundClosedError:
            raise LinkError("closed") from None
        surveys.invitations.mark_answered(invitation.invitation_id)


def _find_invitation(surveys: Surveys, round_id: str, token: str) -> tuple[SurveyLink, Round, Invitation]:
    """Return what a token belongs to. A closed round is reported for every whole token: its digests are deleted."""
    link = parse_token(token)
    if link is None:
        raise LinkError("cut")
    round_, invitation = surveys.invitations.find_visit(round_id, link.invitation_digest)
    if round_ is None:
        raise LinkError("unknown")
    if round_.state in ("closing", "closed") or read_today() > round_.closes:
        raise LinkError("closed")
    if invitation is None:
        raise LinkError("unknown")
    if not is_accepting(round_):
        raise LinkError("not_open", day=date.fromisoformat(round_.opens))
    return link, round_, invitation
