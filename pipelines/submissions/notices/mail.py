"""Convert a letter to a mail with plain text and simple HTML."""

from __future__ import annotations

import html
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Protocol

from pipelines.core import clock

if TYPE_CHECKING:
    from pipelines.submissions.notices.words import Letter

LIST = "Regional trafficking indicators <notices.rti>"
_NOWHERE = "no-address.invalid"


class Addressed(Protocol):
    """Head of a mail: a notice of the queue, or an invitation to a questionnaire."""

    @property
    def notice_id(self) -> str: ...

    @property
    def account_id(self) -> str: ...

    @property
    def created_at(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def email(self) -> str | None: ...


class AddressError(Exception):
    """An account's address is not valid, so trying again would not help."""


def make_mail(notice: Addressed, letter: Letter, sender: str) -> EmailMessage:
    """Return the mail of a notice, always with the same Message-ID. Raises AddressError."""
    mail = EmailMessage(policy=SMTP)
    domain = sender.rpartition("@")[2]
    mail["From"] = Address(display_name="RTI", addr_spec=sender)
    mail["To"] = _address_of(notice)
    mail["Subject"] = _as_one_line(letter.title)
    mail["Date"] = clock.parse_time(notice.created_at)
    mail["Message-ID"] = f"<{notice.notice_id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Id"] = LIST
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(as_plain_text(letter), cte="quoted-printable")
    mail.add_alternative(as_html(letter), subtype="html", cte="quoted-printable")
    # Set this last: setting a body removes all Content-* headers.
    mail["Content-Language"] = letter.language
    return mail


def as_plain_text(letter: Letter) -> str:
    """Return the letter as plain text."""
    parts = [*letter.text]
    if letter.items:
        parts.append("\n".join(f"- {item}" for item in letter.items))
    parts += [letter.link, *letter.notes, f"-- \n{letter.closing}"]
    return "\n\n".join(parts) + "\n"


def as_html(letter: Letter) -> str:
    """Return the letter as HTML without styles, pictures or anything to download."""
    body = [f"<p>{html.escape(part)}</p>" for part in letter.text]
    if letter.items:
        body.append("<ul>" + "".join(f"<li>{html.escape(item)}</li>" for item in letter.items) + "</ul>")
    link = html.escape(letter.link, quote=True)
    body.append(f'<p><a href="{link}">{link}</a></p>')
    body += [f"<p><small>{html.escape(note)}</small></p>" for note in (*letter.notes, letter.closing)]
    head = f'<head><meta charset="utf-8"><title>{html.escape(letter.title)}</title></head>'
    content = "\n".join(body)
    return f'<!doctype html>\n<html lang="{letter.language}">{head}\n<body>\n{content}\n</body></html>\n'


def _address_of(notice: Addressed) -> Address:
    spec = notice.email or f"{notice.account_id}@{_NOWHERE}"
    try:
        return Address(display_name=_as_one_line(notice.name), addr_spec=spec)
    except Exception as error:
        # For invalid addresses, the header parser raises various exceptions, IndexError among them.
        raise AddressError(f"{spec!r} is not an address") from error


def _as_one_line(value: str) -> str:
    """Return text as one line, because a line break in a name or title would start a new header."""
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())
