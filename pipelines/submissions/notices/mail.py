"""A letter as a mail: plain text, and the same as plain HTML."""

from __future__ import annotations

import html
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

from pipelines.core import clock

if TYPE_CHECKING:
    from pipelines.submissions.notices.queue import Notice
    from pipelines.submissions.notices.words import Letter

LIST = "Regional trafficking indicators <notices.rti>"
_NOWHERE = "no-address.invalid"


class AddressError(Exception):
    """An account's address that no mail can be sent to; trying again would not help."""


def message(notice: Notice, letter: Letter, sender: str) -> EmailMessage:
    """The mail of a notice. Its Message-ID is the same whenever it is made. Raises AddressError."""
    mail = EmailMessage(policy=SMTP)
    domain = sender.rpartition("@")[2]
    mail["From"] = Address(display_name="RTI", addr_spec=sender)
    mail["To"] = _recipient(notice)
    mail["Subject"] = _line(letter.title)
    mail["Date"] = clock.parse(notice.created_at)
    mail["Message-ID"] = f"<{notice.notice_id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Id"] = LIST
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(text(letter), cte="quoted-printable")
    mail.add_alternative(page(letter), subtype="html", cte="quoted-printable")
    # Only now: setting a body takes every header of its kind away.
    mail["Content-Language"] = letter.language
    return mail


def text(letter: Letter) -> str:
    """The letter as plain text."""
    parts = [*letter.text]
    if letter.items:
        parts.append("\n".join(f"- {item}" for item in letter.items))
    parts += [letter.link, *letter.notes, f"-- \n{letter.closing}"]
    return "\n\n".join(parts) + "\n"


def page(letter: Letter) -> str:
    """The letter as HTML without styles, pictures or anything that is fetched."""
    body = [f"<p>{html.escape(part)}</p>" for part in letter.text]
    if letter.items:
        body.append("<ul>" + "".join(f"<li>{html.escape(item)}</li>" for item in letter.items) + "</ul>")
    link = html.escape(letter.link, quote=True)
    body.append(f'<p><a href="{link}">{link}</a></p>')
    body += [f"<p><small>{html.escape(note)}</small></p>" for note in (*letter.notes, letter.closing)]
    head = f'<head><meta charset="utf-8"><title>{html.escape(letter.title)}</title></head>'
    content = "\n".join(body)
    return f'<!doctype html>\n<html lang="{letter.language}">{head}\n<body>\n{content}\n</body></html>\n'


def _recipient(notice: Notice) -> Address:
    spec = notice.email or f"{notice.account_id}@{_NOWHERE}"
    try:
        return Address(display_name=_line(notice.name), addr_spec=spec)
    except Exception as error:
        # The header parser raises several of its own, IndexError among them, for what is no address.
        raise AddressError(f"{spec!r} is not an address") from error


def _line(words: str) -> str:
    """One line: a line break in a name or title would begin a header of its own."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())
