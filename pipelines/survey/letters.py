"""Send invitations and reminders by the channel of the notices, without storing their text: it holds the link.

A new link is made for each letter. Its digest is stored before the letter goes, so that a letter that arrives always
opens the questionnaire; earlier links of the same invitation stay valid, and a draft belongs to the link it was begun
with.
"""

from __future__ import annotations

import logging
import secrets
import smtplib
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.core import clock
from pipelines.core.i18n import tell
from pipelines.core.i18n.periods import format_period
from pipelines.submissions import notices
from pipelines.submissions.notices.words import Letter
from pipelines.survey.bank import text_in
from pipelines.survey.coarsening import Cell
from pipelines.survey.invitation_store import Invitation, Round
from pipelines.survey.links import SurveyLink, make_link
from pipelines.survey.result_links import first_result_day, make_result_token
from pipelines.survey.surveys import Surveys, is_accepting

REMINDER_DAYS = (7, 2)
"""Days before the last day on which people who have not answered are reminded."""
PATH = "/questionnaire"
_LOG = logging.getLogger("rti.survey")


@dataclass(frozen=True, slots=True)
class _Head:
    """Head of a letter to a person who has no account."""

    notice_id: str
    created_at: str
    name: str
    email: str
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class LetterOutcome:
    """Numbers of letters sent and failed; failed ones are tried again at the next run."""

    sent: int
    failed: int


def link_address(portal: str, round_id: str, link: SurveyLink, language: str) -> str:
    """Return the address of a link."""
    return f"{portal.rstrip('/')}{PATH}/{round_id}/{link.token}?lang={language}"


def result_address(surveys: Surveys, portal: str, round_id: str, cell: Cell) -> str:
    """Return the address of the results for a territory and role; empty for a round of earlier software."""
    token = make_result_token(surveys, round_id, cell)
    return f"{portal.rstrip('/')}{PATH}/{round_id}/results/{token}" if token else ""


def send_letters(surveys: Surveys) -> LetterOutcome:
    """Send what is due today: invitations of open rounds, and reminders. Safe to repeat.

    Raises NoticeSettingsError.
    """
    portal = notices.read_notice_settings(surveys.home).portal
    sent = failed = 0
    with notices.open_mail_channel(surveys.home) as send_letter:
        for round_ in surveys.invitations.list_rounds():
            if not is_accepting(round_):
                continue
            for invitation in surveys.invitations.list_invitations(round_.round_id):
                is_reminder = invitation.sent
                if invitation.answered or (is_reminder and invitation.reminded >= count_due_reminders(round_)):
                    continue
                link = make_link()
                invitee = invitation.invitee
                address = link_address(portal, round_.round_id, link, invitee.language)
                results = result_address(surveys, portal, round_.round_id, (invitee.territory, invitee.role))
                letter = write_letter(surveys, round_, invitation, address, results)
                head = _Head(secrets.token_hex(8), clock.format_timestamp(clock.now()), invitee.name, invitee.address)
                surveys.invitations.add_link(invitation.invitation_id, link.invitation_digest)
                try:
                    send_letter(head, letter)
                except (notices.AddressError, notices.DeliveryError, OSError, smtplib.SMTPException) as error:
                    _LOG.warning("a letter of round %s could not be sent: %s", round_.round_id, type(error).__name__)
                    failed += 1
                else:
                    surveys.invitations.mark_sent(invitation.invitation_id, reminder=is_reminder)
                    sent += 1
    return LetterOutcome(sent, failed)


def count_due_reminders(round_: Round) -> int:
    """Return how many reminders a person who has not answered should have by today; none on the day of opening."""
    today = clock.now().date()
    if today <= date.fromisoformat(round_.opens):
        return 0
    time_left = date.fromisoformat(round_.closes) - today
    return sum(time_left <= timedelta(days=days) for days in REMINDER_DAYS)


def write_letter(surveys: Surveys, round_: Round, invitation: Invitation, address: str, results: str = "") -> Letter:
    """Return the letter of an invitation, or of a reminder if the invitation was sent before.

    `results` is the address at which the results can be seen.
    """
    invitee = invitation.invitee
    language = invitee.language
    form = text_in(surveys.bank.lists.forms[round_.form], language)
    period = format_period(round_.period, language)
    minutes = MINUTES[round_.form]
    if invitation.sent:
        title = tell("Reminder: {form}, {period}", language, form=form, period=period)
        first = tell("You can answer until {day}.", language, day=date.fromisoformat(round_.closes))
        draft_hint = tell(
            "If you have begun with the link of an earlier message, go on with that link: your draft is there.",
            language,
        )
        text: tuple[str, ...] = (first, draft_hint)
    else:
        title = tell("Invitation: {form}, {period}", language, form=form, period=period)
        first = tell(
            "Please answer some questions about international cooperation in your work. It takes about {minutes} "
            "minutes, until {day} at the latest.",
            language,
            minutes=minutes,
            day=date.fromisoformat(round_.closes),
        )
        text = (first,)
    anonymous = tell(
        "Your answers are anonymous: they are stored without your name, your institution or the time. Do not forward "
        "this message, because the link is yours and works once.",
        language,
    )
    if surveys.home.kind == "demonstration":
        title = tell("Demonstration: {title}", language, title=title)
    return Letter(
        title=title,
        text=(tell("Dear {name},", language, name=invitee.name), *text, anonymous),
        items=(),
        link=address,
        notes=(
            (
                tell(
                    "From {day} on you can see the results here: {address}",
                    language,
                    day=first_result_day(round_),
                    address=f"{results}?lang={language}",
                ),
            )
            if results
            else ()
        ),
        # The word for a reply is that for an answer in most languages, and answers to the questionnaire are read.
        closing=tell(
            "This message was sent automatically. Do not send messages to this address: nobody reads them.", language
        ),
        language=language,
    )


MINUTES = {"pulse": 8, "full": 30}
"""Minutes that a form is meant to take."""
