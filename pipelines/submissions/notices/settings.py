"""Read how notices are sent: from the environment, or `restricted/notices.yml`, or by default to the outbox folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark
from pipelines.core.settings import (
    LOOPBACK,
    QUIET_HOURS,
    AddressSettings,
    NoticeSettings,
    read_secret,
    read_settings,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.core.home import Home

FILE = "notices.yml"
OUTBOX = "outbox"


class NoticeSettingsError(UserFacingError):
    """A setting of the notices is not valid. The message says which one and how to write it."""


class DeliverySettings(BaseModel):
    """Where notices go. Without `smtp` and `webhook` they become files in the outbox folder."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    smtp: str | None = Field(None, description="smtp://user:password@host:587 (STARTTLS) or smtps://…:465")
    sender: str = Field("rti@localhost", description="The address that mails come from.")
    webhook: str | None = Field(None, description="An https address that takes each notice as JSON.")
    webhook_secret: str | None = Field(None, description="Signs what the webhook is sent.")
    portal: str = Field("http://localhost:8502", description="Address of the portal, for links.")
    quiet_hours: str | None = Field(None, pattern=QUIET_HOURS, description="Hours such as 21-6.")


class MailServer(BaseModel):
    """One mail server, taken from its address."""

    model_config = ConfigDict(frozen=True)

    host: str
    port: int
    security: str
    user: str | None
    password: str | None


def read_notice_settings(home: Home) -> DeliverySettings:
    """Return the settings of a home; environment variables override the file.

    Raises NoticeSettingsError, and SettingsError if a variable is wrong by itself.
    """
    values: dict[str, Any] = _read_file(home.restricted / FILE) | _read_variables()
    try:
        configuration = DeliverySettings(**values)
    except ValidationError as error:
        where = ", ".join(str(part["loc"][0]) for part in error.errors())
        raise NoticeSettingsError(
            mark("{file}: {keys} cannot be used; docs/notices.md says which keys there are"), file=FILE, keys=where
        ) from None
    if configuration.smtp is not None:
        parse_server(configuration.smtp)
    if configuration.webhook is not None:
        _check_webhook(configuration)
    if "@" not in configuration.sender or any(c.isspace() for c in configuration.sender):
        raise NoticeSettingsError(
            mark("the sender of notices, {sender}, is not an address; write one as in name@example.org"),
            sender=configuration.sender,
        )
    return configuration


def outbox_folder(home: Home) -> Path:
    """Return the folder for mails that cannot be sent otherwise."""
    return home.restricted / OUTBOX


def parse_server(address: str) -> MailServer:
    """Parse the address of a mail server. Raises NoticeSettingsError, whose message never contains the password.

    `smtp://` upgrades by STARTTLS before anything else is sent; `?tls=no` skips that for a server on this machine only.
    """
    parts = urlsplit(address)
    try:
        port = parts.port
    except ValueError:
        port = 0
    tls_option = parse_qs(parts.query).get("tls", ["yes"])[0]
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or port == 0 or tls_option not in ("yes", "no"):
        raise NoticeSettingsError(
            mark(
                "RTI_SMTP_URL is not understood; write smtp://user:password@host:587 or smtps://user:password@host:465"
            )
        )
    if tls_option == "no" and parts.hostname not in LOOPBACK:
        raise NoticeSettingsError(mark("RTI_SMTP_URL: tls=no is only for a mail server on this machine; leave it out"))
    security = "tls" if parts.scheme == "smtps" else ("none" if tls_option == "no" else "starttls")
    return MailServer(
        host=parts.hostname,
        port=port or (465 if security == "tls" else 587),
        security=security,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _check_webhook(configuration: DeliverySettings) -> None:
    parts = urlsplit(configuration.webhook or "")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NoticeSettingsError(mark("RTI_WEBHOOK_URL is not an address; write https://host/path"))
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise NoticeSettingsError(mark("RTI_WEBHOOK_URL: http is only for this machine; write https"))
    if not configuration.webhook_secret:
        raise NoticeSettingsError(mark("a webhook needs RTI_WEBHOOK_SECRET, with which what it is sent is signed"))


def _read_variables() -> dict[str, str]:
    """Return the settings of the environment in the names of the file."""
    variables = read_settings(NoticeSettings)
    values = {
        "smtp": read_secret(NoticeSettings, "smtp_url"),
        "sender": variables.mail_from,
        "webhook": read_secret(NoticeSettings, "webhook_url"),
        "webhook_secret": read_secret(NoticeSettings, "webhook_secret"),
        "portal": read_settings(AddressSettings).portal_url,
        "quiet_hours": variables.quiet_hours,
    }
    return {name: value for name, value in values.items() if value is not None}


def _read_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    from pipelines.declarations.yaml_file import load_yaml

    content = load_yaml(path)
    if not isinstance(content, dict):
        raise NoticeSettingsError(mark("{file} holds keys and values; docs/notices.md says which"), file=FILE)
    return {str(key): value for key, value in content.items()}
