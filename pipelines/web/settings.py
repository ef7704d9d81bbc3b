"""Settings of the web services: addresses, trusted proxies, limits, the provider of identities, secrets.

The variables are declared in `pipelines.core.settings`; a home has its own file of secrets.
"""

from __future__ import annotations

import json
import logging
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipelines.core import asides, durable, rights
from pipelines.core.settings import (
    LOOPBACK,
    AddressSettings,
    Limits,
    LimitSettings,
    SettingsError,
    SignInSettings,
    read_secret,
    read_settings,
)

if TYPE_CHECKING:
    from pipelines.core.home import Home

_LOG = logging.getLogger(__name__)
_SECONDS_OPEN = 65
"""For which a connection stays open without a request: longer than proxies and clients usually keep one, 5 to 60 s."""


@dataclass(frozen=True, slots=True)
class Site:
    """How one web process is reached: its public address (empty if none is set) and the proxies in front of it."""

    address: str = ""
    proxies: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @property
    def is_https(self) -> bool:
        """Return True if people reach the site over TLS."""
        return self.address.startswith("https://")

    def is_host_allowed(self, host: str) -> bool:
        """Return True for a `Host` header that names the public address or the loopback, or if no address is set."""
        if not self.address:
            return True
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name.rstrip(".") in (urlsplit(self.address).hostname, *LOOPBACK)

    def warn_of_missing_proxy(self) -> None:
        """Log a warning if a TLS proxy must exist and none is trusted: all people would then share its address."""
        if self.is_https and not self.proxies:
            _LOG.warning(
                "%s is served by a proxy, and RTI_TRUSTED_PROXIES names none: limits per address count all people as "
                "one. Set it to the proxy's address, such as 127.0.0.1.",
                self.address,
            )

    def list_uvicorn_options(self) -> dict[str, Any]:
        """Return uvicorn's options for proxies and connections that stay open.

        By default uvicorn would trust any program on this machine as a proxy. It would also close a connection after
        five seconds without a request, which is just when many clients use one again: their request then fails.
        """
        return {
            "proxy_headers": bool(self.proxies),
            "forwarded_allow_ips": ",".join(self.proxies),
            "timeout_keep_alive": _SECONDS_OPEN,
        }


def read_site(address: str) -> Site:
    """Return the site of a process that people reach at `address`. Raises SettingsError."""
    return Site(address, read_settings(AddressSettings).trusted_proxies, read_settings(LimitSettings))


def public_site() -> Site:
    """Return the site of the public dashboard. Raises SettingsError."""
    return read_site(read_settings(AddressSettings).public_url or "")


@dataclass(frozen=True, slots=True)
class Provider:
    """The OpenID Connect provider that identifies people: its discovery document, and our registration there."""

    metadata_url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Settings of one run. Without a provider, people sign in here with a password."""

    address: str
    cookie_secret: str = field(repr=False)
    provider: Provider | None = None
    site: Site = Site()

    @property
    def redirect_uri(self) -> str:
        """Return the address to which the provider redirects people; register it there letter by letter."""
        return f"{self.address}/oauth2callback"


def read_web_settings(home: Home, port: int) -> WebSettings:
    """Return the settings of a home served on a port of the loopback address. Raises SettingsError."""
    address = (read_settings(AddressSettings).portal_url or f"http://127.0.0.1:{port}").rstrip("/")
    parts = urlsplit(address)
    if parts.path:
        raise SettingsError(f"RTI_PORTAL_URL is {address!r}; write it as https://name, without a path")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise SettingsError(f"RTI_PORTAL_URL is {address!r}: passwords and returns would travel unprotected; use https")
    site, provider = read_site(address), _read_provider()
    return WebSettings(address, _read_or_create_secret(home.restricted / "keys" / "portal.json"), provider, site)


def _read_provider() -> Provider | None:
    configured = read_settings(SignInSettings)
    if configured.oidc_metadata_url is None:
        return None
    secret = read_secret(SignInSettings, "oidc_client_secret")
    if configured.oidc_client_id is None or secret is None:
        raise SettingsError(
            "RTI_OIDC_METADATA_URL is set, so RTI_OIDC_CLIENT_ID is needed, and RTI_OIDC_CLIENT_SECRET or "
            "RTI_OIDC_CLIENT_SECRET_FILE"
        )
    return Provider(configured.oidc_metadata_url, configured.oidc_client_id, secret)


def _read_or_create_secret(path: Path) -> str:
    """Return the secret that signs the home's cookies, created on first use; anybody who has it can sign in as
    anybody."""
    if not path.exists():
        rights.make_private_folder(path.parent)
        # The first of two services that start at the same time wins.
        with asides.replace_file(path, mode=rights.choose_private_mode(path.parent), keep=True) as aside:
            aside.write_text(json.dumps({"cookie_secret": secrets.token_urlsafe(48)}), encoding="ascii")
    stored: dict[str, str] = durable.read_json(path)
    return stored["cookie_secret"]
