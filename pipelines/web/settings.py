"""Settings of the web services: addresses, trusted proxies, limits, the provider of identities, secrets.

The variables are declared in `pipelines.core.settings`; a home has its own file of secrets.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipelines.core.settings import (
    LOOPBACK,
    AddressSettings,
    Limits,
    LimitSettings,
    SettingsError,
    SignInSettings,
    read_settings,
)

if TYPE_CHECKING:
    from pipelines.core.home import Home

_LOG = logging.getLogger(__name__)
IDENTITY_PATH = "/identity"
BUILT_IN_CLIENT = "rti-portal"


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
        """Return uvicorn's options for proxies; by default it would trust any program on this machine."""
        return {"proxy_headers": bool(self.proxies), "forwarded_allow_ips": ",".join(self.proxies)}


def read_site(address: str) -> Site:
    """Return the site of a process that people reach at `address`. Raises SettingsError."""
    return Site(address, read_settings(AddressSettings).trusted_proxies, read_settings(LimitSettings))


def public_site() -> Site:
    """Return the site of the public dashboard. Raises SettingsError."""
    return read_site(read_settings(AddressSettings).public_url or "")


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

    def list_streamlit_options(self) -> dict[str, Any]:
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


def read_web_settings(home: Home, port: int) -> Settings:
    """Return the settings of a home served on a port of the loopback address. Raises SettingsError."""
    address = (read_settings(AddressSettings).portal_url or f"http://127.0.0.1:{port}").rstrip("/")
    parts = urlsplit(address)
    if parts.path:
        raise SettingsError(f"RTI_PORTAL_URL is {address!r}; write it as https://name, without a path")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise SettingsError(f"RTI_PORTAL_URL is {address!r}: passwords and returns would travel unprotected; use https")
    reached = read_site(address)
    secrets = _read_or_create_secrets(home.restricted / "keys" / "portal.json")
    provider = read_settings(SignInSettings)
    if provider.oidc_metadata_url is None:
        issuer = f"{address}{IDENTITY_PATH}"
        # The service requests this from itself by the loopback address, since its public name may not lead here behind
        # a proxy.
        issuer_address = f"http://127.0.0.1:{port}{IDENTITY_PATH}" if parts.scheme == "http" else issuer
        document = f"{issuer_address}/.well-known/openid-configuration"
        return Settings(
            address, BUILT_IN_CLIENT, secrets["client_secret"], secrets["cookie_secret"], document, issuer, reached
        )
    if provider.oidc_client_id is None or provider.oidc_client_secret is None:
        raise SettingsError("RTI_OIDC_METADATA_URL is set, so RTI_OIDC_CLIENT_ID and RTI_OIDC_CLIENT_SECRET are needed")
    return Settings(
        address,
        provider.oidc_client_id,
        provider.oidc_client_secret.get_secret_value(),
        secrets["cookie_secret"],
        provider.oidc_metadata_url,
        "",
        reached,
    )


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
