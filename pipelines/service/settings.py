"""What the service of the offices must know of where it runs: its address, its provider of identities, its secrets.

Belongs here: reading environment and the home's own file of secrets.  Does not belong here: serving (`dashboards/`).

| variable | meaning |
|---|---|
| `RTI_PORTAL_URL` | by which people reach the pages, `https://returns.example`; without it the loopback address |
| `RTI_OIDC_METADATA_URL` | discovery document of an OpenID Connect provider; without it the built-in sign-in |
| `RTI_OIDC_CLIENT_ID`, `RTI_OIDC_CLIENT_SECRET` | what that provider calls this service |
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pipelines.home import Home

IDENTITY_PATH = "/identity"
BUILT_IN_CLIENT = "rti-portal"


class SettingsError(Exception):
    """A setting is missing or wrong. The text names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run. `issuer` is the built-in provider's, empty where another one vouches for people."""

    address: str
    client_id: str
    client_secret: str = field(repr=False)
    cookie_secret: str = field(repr=False)
    metadata_url: str
    issuer: str

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to; to be entered there letter by letter."""
        return f"{self.address}/oauth2callback"

    def streamlit(self) -> dict[str, Any]:
        """What Streamlit wants to know, in its own words."""
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
    """The settings of a home served on a port of the loopback address. Raises SettingsError."""
    address = os.environ.get("RTI_PORTAL_URL", f"http://127.0.0.1:{port}").rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
        raise SettingsError(f"RTI_PORTAL_URL is {address!r}; write it as https://name, without a path")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise SettingsError(f"RTI_PORTAL_URL is {address!r}: passwords and returns would travel unprotected; use https")
    kept = _kept(home.restricted / "keys" / "portal.json")
    metadata_url = os.environ.get("RTI_OIDC_METADATA_URL")
    if metadata_url is None:
        issuer = f"{address}{IDENTITY_PATH}"
        # The service asks itself, and by the loopback address: behind a proxy its public name may not lead here.
        own = f"http://127.0.0.1:{port}{IDENTITY_PATH}" if parts.scheme == "http" else issuer
        document = f"{own}/.well-known/openid-configuration"
        return Settings(address, BUILT_IN_CLIENT, kept["client_secret"], kept["cookie_secret"], document, issuer)
    values = [os.environ.get(name, "") for name in ("RTI_OIDC_CLIENT_ID", "RTI_OIDC_CLIENT_SECRET")]
    if not all(values):
        raise SettingsError("RTI_OIDC_METADATA_URL is set, so RTI_OIDC_CLIENT_ID and RTI_OIDC_CLIENT_SECRET are needed")
    return Settings(address, values[0], values[1], kept["cookie_secret"], metadata_url, "")


def _kept(path: Path) -> dict[str, str]:
    """The home's own secrets, made at the first time: whoever has them can sign in as anybody."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}.new")
        content = {name: secrets.token_urlsafe(48) for name in ("client_secret", "cookie_secret")}
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(content, file)
        try:
            os.link(aside, path)  # the first of two services that start at once wins
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    found: dict[str, str] = json.loads(path.read_text(encoding="ascii"))
    return found
