"""Send waiting notices by mail, by webhook, or to the outbox folder.

No transaction is open while sending. If both mail and webhook are configured, a notice counts as sent after both; the
webhook goes first, because its receiver can detect a repetition by the notice's id.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core import asides, clock, rights
from pipelines.core.settings import NoticeSettings, read_settings
from pipelines.submissions.notices import queue
from pipelines.submissions.notices.mail import Addressed, AddressError, make_mail
from pipelines.submissions.notices.settings import (
    DeliverySettings,
    MailServer,
    outbox_folder,
    parse_server,
    read_notice_settings,
)
from pipelines.submissions.notices.words import write_letter

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home
    from pipelines.declarations.registry import Registry
    from pipelines.submissions.notices.queue import Notice
    from pipelines.submissions.notices.words import Letter

TIMEOUT_SECONDS = 15
SIGNATURE = "RTI-Signature"
Mailer = Callable[[EmailMessage], None]


class DeliveryError(Exception):
    """An attempt failed but may succeed later."""


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """The outcome of one run: `failed` are retried later, `given_up` are not. `ways` names the channels."""

    sent: int
    failed: int
    given_up: int
    ways: tuple[str, ...]


def deliver_notices(
    home: Home, engine: sa.Engine, *, registry: Registry | None = None, again: bool = False
) -> DeliveryOutcome:
    """Send the notices that are due; with `again`, also those pausing or given up. Raises NoticeSettingsError.

    A process without a network (`RTI_SEND_NOTICES=false`) sends nothing; another one of the home does.
    """
    from pipelines.declarations.registry import load

    configuration, declarations = read_notice_settings(home), registry or load()
    ways = _list_channels(configuration)
    sent = failed = given_up = 0
    if not read_settings(NoticeSettings).send_notices:
        return DeliveryOutcome(0, 0, 0, ways)
    waiting = queue.find_due(engine, clock.now(), again=again, quiet_hours=configuration.quiet_hours)
    with _open_mailer(configuration) as mailer:
        for notice in waiting:
            now = clock.now()
            if notice.disabled or queue.is_stale(notice, now):
                why = "the account is disabled" if notice.disabled else "overtaken by time"
                queue.mark_failed(engine, notice, now, why, for_good=True)
                given_up += 1
                continue
            if not queue.claim_notice(engine, notice, now):
                continue
            words = write_letter(notice, declarations, configuration.portal, demonstration=home.kind == "demonstration")
            try:
                _send_notice(home, notice, words, configuration, mailer)
            except AddressError as error:
                queue.mark_failed(engine, notice, clock.now(), str(error), for_good=True)
                given_up += 1
            except (DeliveryError, OSError, smtplib.SMTPException) as error:
                queue.mark_failed(engine, notice, clock.now(), _describe_error(error))
                last = notice.attempts + 1 >= queue.ATTEMPTS
                given_up, failed = given_up + last, failed + (not last)
            else:
                queue.mark_sent(engine, notice, clock.now())
                sent += 1
    return DeliveryOutcome(sent, failed, given_up, ways)


@contextmanager
def open_mail_channel(home: Home) -> Iterator[Callable[[Addressed, Letter], None]]:
    """Yield a function that sends one letter by mail, or puts it into the outbox; nothing of it enters the queue.

    For letters whose text must not be stored, such as a one-time link. The function raises AddressError,
    DeliveryError, OSError or SMTPException. Raises NoticeSettingsError.
    """
    configuration = read_notice_settings(home)
    with _open_mailer(configuration) as mailer:

        def send_letter(addressed: Addressed, letter: Letter) -> None:
            mail = make_mail(addressed, letter, configuration.sender)
            if mailer is not None:
                mailer(mail)
            else:
                write_to_outbox(outbox_folder(home), addressed, mail)

        yield send_letter


def _list_channels(configuration: DeliverySettings) -> tuple[str, ...]:
    ways = [name for name, value in (("webhook", configuration.webhook), ("mail", configuration.smtp)) if value]
    return tuple(ways) or ("outbox",)


def _send_notice(
    home: Home, notice: Notice, words: Letter, configuration: DeliverySettings, mailer: Mailer | None
) -> None:
    if configuration.webhook is not None:
        post_to_webhook(configuration.webhook, configuration.webhook_secret or "", notice, words)
    if mailer is not None and notice.email:
        mailer(make_mail(notice, words, configuration.sender))
    elif configuration.webhook is None or mailer is not None:
        # No channel is configured, or the account has no address: keep it in the outbox.
        write_to_outbox(outbox_folder(home), notice, make_mail(notice, words, configuration.sender))


def _describe_error(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if not isinstance(error, DeliveryError) else str(error)


# ------------------------------------------------------------------------------------------------------------ channels


def write_to_outbox(folder: Path, notice: Addressed, mail: EmailMessage) -> Path:
    """Write a mail atomically to a file in the outbox; the same notice gives the same file."""
    rights.make_private_folder(folder)
    stamp = notice.created_at.replace(":", "").replace("-", "")
    path = folder / f"{stamp}-{notice.notice_id}.eml"
    with asides.replace_file(path) as aside:
        aside.write_bytes(mail.as_bytes())
    return path


@contextmanager
def _open_mailer(configuration: DeliverySettings) -> Iterator[Mailer | None]:
    """Yield a function that sends mails; it connects for the first mail and again after a broken connection.

    Yields None if no mail server is configured.
    """
    if configuration.smtp is None:
        yield None
        return
    mail_server = parse_server(configuration.smtp)
    connections: list[smtplib.SMTP] = []

    def send_mail(mail: EmailMessage) -> None:
        if not connections:
            connections.append(_connect(mail_server))
        try:
            connections[0].send_message(mail)
        except smtplib.SMTPResponseException:
            connections[0].rset()
            raise
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            reply = f"{code} {words.decode('utf-8', 'replace')}"
            raise (AddressError(reply) if code >= 500 else DeliveryError(reply)) from error
        except (OSError, smtplib.SMTPServerDisconnected):
            _close(connections.pop())
            raise

    try:
        yield send_mail
    finally:
        if connections:
            _close(connections[0])


def _connect(mail_server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if mail_server.security == "tls":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            mail_server.host, mail_server.port, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        connection = smtplib.SMTP(mail_server.host, mail_server.port, timeout=TIMEOUT_SECONDS)
    try:
        if mail_server.security == "starttls":
            connection.starttls(context=context)
        if mail_server.user is not None:
            connection.login(mail_server.user, mail_server.password or "")
    except BaseException:
        _close(connection)
        raise
    return connection


def _close(connection: smtplib.SMTP) -> None:
    try:
        connection.quit()
    except (OSError, smtplib.SMTPException):
        connection.close()


def post_to_webhook(address: str, secret: str, notice: Notice, words: Letter) -> None:
    """Send a notice to a webhook as signed JSON. Raises DeliveryError unless the response is a success.

    The signature is HMAC-SHA256 over `<time>.<body>`, so that an old message cannot be replayed.
    """
    import httpx

    body = json.dumps(
        {
            "notice_id": notice.notice_id, "kind": notice.kind, "account": notice.account_id,
            "created_at": notice.created_at, "language": words.language, "title": words.title,
            "text": [*words.text[1:]], "items": [*words.items], "link": words.link, "content": notice.content,
        },
        ensure_ascii=False,
    ).encode()  # fmt: skip
    # Use the machine's time, because the receiver compares it with its own clock, not with that of a demonstration.
    at = str(int(clock.read_wall_clock()))
    headers = {"Content-Type": "application/json", "RTI-Notice": notice.notice_id}
    headers[SIGNATURE] = f"t={at},v1={sign_body(secret, at, body)}"
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=2), timeout=TIMEOUT_SECONDS) as client:
            answer = client.post(address, content=body, headers=headers)
    except httpx.HTTPError as error:
        raise DeliveryError(f"the webhook does not answer: {type(error).__name__}") from error
    if not answer.is_success:
        raise DeliveryError(f"the webhook answers {answer.status_code}")


def sign_body(secret: str, at: str, body: bytes) -> str:
    """Return the signature, which the receiver computes too and compares."""
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
