"""Write and send the letters of the network: to confirm an entry, and messages that are passed on.

They go through the mail channel of the notices and are not stored: the first hold a link, the others what a person
wrote.
"""

from __future__ import annotations

import logging
import secrets
import smtplib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pipelines.core import clock
from pipelines.core.i18n import mark, tell
from pipelines.core.i18n.periods import format_period
from pipelines.ledger.database import open_read_transaction, open_write_transaction
from pipelines.ledger.identity import SYSTEM
from pipelines.submissions import notices
from pipelines.submissions.experts import store
from pipelines.submissions.experts.model import ExpertError, last_day_of_quarter, read_quarter
from pipelines.submissions.experts.store import ExpertRow
from pipelines.submissions.notices.words import Letter

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home

PATH = "/expert-link"
UNCONFIRMED_LIFE = timedelta(days=60)
"""How long an entry that nobody has confirmed is kept."""
_LOG = logging.getLogger("rti.experts")
_FAILURES = (notices.AddressError, notices.DeliveryError, OSError, smtplib.SMTPException)


@dataclass(frozen=True, slots=True)
class _Envelope:
    """Head of a letter to an expert, without a name."""

    notice_id: str
    created_at: str
    email: str
    name: str = ""
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class ReminderOutcome:
    """Numbers of letters sent and failed (these are tried again), and of unconfirmed entries that were erased."""

    sent: int
    failed: int
    erased: int


def remind_experts(home: Home, engine: sa.Engine) -> ReminderOutcome:
    """Send the letters that are due, and erase entries that nobody has confirmed in time. Safe to repeat.

    An entry has a letter when it is new and in each quarter, and reminders before the end of the quarter on the days of
    the reminders of returns (`notices.DAYS`) until it is confirmed. Raises NoticeSettingsError.
    """
    today = clock.now().date()
    erased = _erase_unconfirmed(engine, today)
    with open_read_transaction(engine) as connection:
        waiting = [row for row in store.select_rows(connection) if row.expert.state != "confirmed"]
    quarter, due = read_quarter(today), count_due_letters(today)
    sent = failed = 0
    portal = notices.read_notice_settings(home).portal
    with notices.open_mail_channel(home) as send_letter:
        for row in waiting:
            if row.letter_quarter == quarter and row.letters >= due:
                continue
            with open_write_transaction(engine) as connection:
                if not store.claim_letter(connection, row, quarter):
                    continue
                token = store.add_link(connection, row.expert.expert_id)
            address = f"{portal.rstrip('/')}{PATH}/{token}?lang={row.expert.details.letter_language}"
            try:
                send_letter(_make_envelope(row), write_confirmation(row, quarter, address, home.kind))
            except _FAILURES as error:
                _LOG.warning("a letter to an expert could not be sent: %s", type(error).__name__)
                with open_write_transaction(engine) as connection:
                    store.release_letter(connection, row.expert.expert_id, quarter)
                failed += 1
            else:
                sent += 1
    return ReminderOutcome(sent, failed, erased)


def count_unconfirmed(engine: sa.Engine) -> int:
    """Return how many entries are not confirmed in this quarter. A number alone does not count as a look-up."""
    with open_read_transaction(engine) as connection:
        return sum(row.expert.state != "confirmed" for row in store.select_rows(connection))


def count_due_letters(today: date) -> int:
    """Return how many letters an entry that is not confirmed should have had by today in this quarter."""
    days_left = (last_day_of_quarter(today) - today).days
    return 1 + sum(days_left <= -day for day in notices.DAYS if day < 0)


def _erase_unconfirmed(engine: sa.Engine, today: date) -> int:
    with open_read_transaction(engine) as connection:
        overdue = [
            row
            for row in store.select_rows(connection)
            if row.expert.state == "unconfirmed" and clock.parse_time(row.changed_at).date() + UNCONFIRMED_LIFE < today
        ]
    for row in overdue:
        with open_write_transaction(engine) as connection:
            store.delete_expert(connection, row.expert.expert_id)
            store.record_act(connection, SYSTEM, "experts.erase", store.SUBJECT, {"because": "unconfirmed"})
    if overdue:
        store.empty_log_of_database(engine)
    return len(overdue)


def pass_on(home: Home, row: ExpertRow, text: str, sender: str, reply_to: str) -> None:
    """Send a message to an expert; nothing of it is stored. Raises ExpertError, NoticeSettingsError."""
    letter = write_message(row, text, sender, reply_to, notices.read_notice_settings(home).portal, home.kind)
    try:
        with notices.open_mail_channel(home) as send_letter:
            send_letter(_make_envelope(row), letter)
    except _FAILURES as error:
        _LOG.warning("a message to an expert could not be sent: %s", type(error).__name__)
        raise ExpertError(mark("The message could not be sent. Nothing was stored; try again later.")) from None


def write_confirmation(row: ExpertRow, quarter: str, address: str, kind: str) -> Letter:
    """Return the letter with the link that confirms an entry."""
    language = row.expert.details.letter_language
    if row.expert.state == "unconfirmed":
        title = tell("Confirm your entry in the network of experts", language)
        text = tell(
            "You were entered in the network of experts on joint investigation teams. Nobody can find the "
            "entry before you confirm it. The link also shows what is stored and lets you erase it.",
            language,
        )
    else:
        title = tell("Is your entry still correct? {quarter}", language, quarter=format_period(quarter, language))
        text = tell(
            "Please confirm your entry in the network of experts on joint investigation teams. Without a confirmation "
            "for two quarters it is not offered to anybody. The link also lets you erase it.",
            language,
        )
    once = tell("The link works once and is yours alone. Do not forward this message.", language)
    return _make_letter((text, once), title, address, language, kind)


def write_message(row: ExpertRow, text: str, sender: str, reply_to: str, portal: str, kind: str) -> Letter:
    """Return the letter that passes on a message."""
    language = row.expert.details.letter_language
    title = tell("A message from a colleague in the network of experts", language)
    first = tell(
        "{sender} wrote to you through the network of experts on joint investigation teams and does not know your "
        "address.",
        language,
        sender=sender,
    )
    answer = tell("If you want to answer, write to {address}.", language, address=reply_to)
    return _make_letter((first, text, answer), title, portal.rstrip("/") + "/experts", language, kind)


def _make_letter(text: tuple[str, ...], title: str, link: str, language: str, kind: str) -> Letter:
    if kind == "demonstration":
        title = tell("Demonstration: {title}", language, title=title)
    closing = tell("This is an automatic message. Replies to it are not read.", language)
    return Letter(title=title, text=text, items=(), link=link, notes=(), closing=closing, language=language)


def _make_envelope(row: ExpertRow) -> _Envelope:
    return _Envelope(secrets.token_hex(8), clock.format_timestamp(clock.now()), row.address)
