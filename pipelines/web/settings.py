"""Settings of the web services: addresses, trusted proxies, limits, the provider of identities, secrets.

They are read from the environment and from the home's own file of secrets.

| variable | meaning |
|---|---|
| `RTI_PORTAL_URL` | address at which people reach the offices' pages, `https://returns.example`; default: loopback |
| `RTI_PUBLIC_URL` | address of the public dashboard, `https://figures.example`; default: none, any `Host` is answered |
| `RTI_TRUSTED_PROXIES` | addresses or networks of proxies whose `X-Forwarded-For` and `-Proto` count; default: none |
| `RTI_SESSIONS` and the other names in `_LIMITS` | limits on sessions and rates, see `Limits` |
| `RTI_OIDC_METADATA_URL` | discovery document of an OpenID Connect provider; without it the built-in sign-in |
| `RTI_OIDC_CLIENT_ID`, `RTI_OIDC_CLIENT_SECRET` | what that provider calls this service |
"""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pipelines.core.home import Home

_LOG = logging.getLogger(__name__)
IDENTITY_PATH = "/identity"
BUILT_IN_CLIENT = "rti-portal"


class SettingsError(Exception):
    """A setting is missing or wrong. The text names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one web process; "per address" means per IPv4 address or IPv6 /64 network.

    One address may be a whole office or university behind one router, so the limits per address are wide.
    """

    sessions: int = 400
    """Open pages (WebSocket connections) in total; each holds up to 0.5 MB."""
    sessions_per_address: int = 200
    new_sessions_per_minute: int = 200
    """Per address. Twenty browsers that open every page of the portal stay well below."""
    requests_per_minute: int = 6_000
    """Per address. A first page takes about 60 requests for Streamlit's own files."""
    messages_per_minute: int = 240
    """Per open page. More are not refused but read late, at this rate."""


_LIMITS: Mapping[str, str] = {
    "RTI_SESSIONS": "sessions",
    "RTI_SESSIONS_PER_ADDRESS": "sessions_per_address",
    "RTI_NEW_SESSIONS_PER_MINUTE": "new_sessions_per_minute",
    "RTI_REQUESTS_PER_MINUTE": "requests_per_minute",
    "RTI_MESSAGES_PER_MINUTE": "messages_per_minute",
}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Site:
    """How one web process is reached: its public address (empty if none is set) and the proxies in front of it."""

    address: str = ""
    proxies: tuple[str, ...] = ()
    limits: Limits = Limits()

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
        return name.rstrip(".") in (urlsplit(self.address).hostname, *_LOOPBACK)

    def warn_of_missing_proxy(self) -> None:
        """Log a warning if a TLS proxy must exist and none is trusted: all people would then share its address."""
        if self.is_https and not self.proxies:
            _LOG.warning(
                "%s is served by a proxy, and RTI_TRUSTED_PROXIES names none: limits per address count all people as "
                "one. Set it to the proxy's address, such as 127.0.0.1.",
                self.address,
            )

    def uvicorn(self) -> dict[str, Any]:
        """Return uvicorn's options for proxies; by default it would trust any program on this machine."""
        return {"proxy_headers": bool(self.proxies), "forwarded_allow_ips": ",".join(self.proxies)}


def site(address: str, environment: Mapping[str, str] = os.environ) -> Site:
    """Return the site of a process that people reach at `address`. Raises SettingsError."""
    proxies = tuple(part.strip() for part in environment.get("RTI_TRUSTED_PROXIES", "").split(",") if part.strip())
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            raise SettingsError(
                f"RTI_TRUSTED_PROXIES names {proxy!r}, which is not an IP address or network; "
                "write it as 127.0.0.1 or 10.0.0.0/24, separated by commas"
            ) from None
    return Site(
        address,
        proxies,
        Limits(**{field: _limit(name, environment) for name, field in _LIMITS.items() if environment.get(name)}),
    )


def public_site(environment: Mapping[str, str] = os.environ) -> Site:
    """Return the site of the public dashboard. Raises SettingsError."""
    address = environment.get("RTI_PUBLIC_URL", "").rstrip("/")
    parts = urlsplit(address)
    if address and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path):
        raise SettingsError(f"RTI_PUBLIC_URL is {address!r}; write it as https://name, without a path")
    return site(address, environment)


def _limit(name: str, environment: Mapping[str, str]) -> int:
    text = environment[name]
    if not text.isdecimal() or not int(text):
        raise SettingsError(f"{name} is {text!r}; write a whole number above 0, or remove it for the default")
    return int(text)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one run. `issuer` is that of the built-in provider, empty if another one identifies people."""

    address: str
    client_id: str
    client_secret: str = field(repr=False)
    cookie_secret: str = field(repr=False)
    metadata_url: str
    issuer: str
    site: Site = Site()

    @property
    def redirect_uri(self) -> str:
        """Return the address to which the provider redirects people; register it there letter by letter."""
        return f"{self.address}/oauth2callback"

    def streamlit(self) -> dict[str, Any]:
        """Return the settings in Streamlit's names."""
        return {
            "auth": {
                "redirect_uri": self.redirect_uri,
                "cookie_secret": self.cookie_secret,
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "server_metadata_url": self.metadata_url,
            },
            "rti": {"issuer": self.issuer},
        }


def settings(home: Home, port: int) -> Settings:
    """Return the settings of a home served on a port of the loopback address. Raises SettingsError."""
    address = os.environ.get("RTI_PORTAL_URL", f"http://127.0.0.1:{port}").rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
        raise SettingsError(f"RTI_PORTAL_URL is {address!r}; write it as https://name, without a path")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise SettingsError(f"RTI_PORTAL_URL is {address!r}: passwords and returns would travel unprotected; use https")
    reached = site(address)
    secrets = _read_or_create_secrets(home.restricted / "keys" / "portal.json")
    metadata_url = os.environ.get("RTI_OIDC_METADATA_URL")
    if metadata_url is None:
        issuer = f"{address}{IDENTITY_PATH}"
        # The service requests this from itself by the loopback address, since its public name may not lead here behind
        # a proxy.
        issuer_address = f"http://127.0.0.1:{port}{IDENTITY_PATH}" if parts.scheme == "http" else issuer
        document = f"{issuer_address}/.well-known/openid-configuration"
        return Settings(
            address, BUILT_IN_CLIENT, secrets["client_secret"], secrets["cookie_secret"], document, issuer, reached
        )
    values = [os.environ.get(name, "") for name in ("RTI_OIDC_CLIENT_ID", "RTI_OIDC_CLIENT_SECRET")]
    if not all(values):
        raise SettingsError("RTI_OIDC_METADATA_URL is set, so RTI_OIDC_CLIENT_ID and RTI_OIDC_CLIENT_SECRET are needed")
    return Settings(address, values[0], values[1], secrets["cookie_secret"], metadata_url, "", reached)


def _read_or_create_secrets(path: Path) -> dict[str, str]:
    """Return the home's own secrets, created on first use; anybody who has them can sign in as anybody."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}.new")
        content = {name: secrets.token_urlsafe(48) for name in ("client_secret", "cookie_secret")}
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(content, file)
        try:
            os.link(aside, path)  # the first of two services that start at the same time wins
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    stored: dict[str, str] = json.loads(path.read_text(encoding="ascii"))
    return stored
