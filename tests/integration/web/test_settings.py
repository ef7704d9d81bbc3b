"""Tests of the settings of the offices' pages: identity provider and cookie secret."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from pipelines.core.home import Home, initialise_home
from pipelines.core.settings import SettingsError
from pipelines.web.settings import read_web_settings

METADATA = "https://id.example/.well-known/openid-configuration"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return initialise_home(tmp_path / "home", "real")


def test_settings_without_a_provider_use_passwords(home: Home) -> None:
    settings = read_web_settings(home, 8502)
    assert settings.provider is None
    assert settings.redirect_uri == "http://127.0.0.1:8502/oauth2callback"


def test_settings_of_a_provider_need_its_client(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_OIDC_METADATA_URL", METADATA)
    monkeypatch.setenv("RTI_OIDC_CLIENT_ID", "the-offices")
    with pytest.raises(SettingsError, match="RTI_OIDC_CLIENT_SECRET"):
        read_web_settings(home, 8502)
    monkeypatch.setenv("RTI_OIDC_CLIENT_SECRET", "a secret of both")
    settings = read_web_settings(home, 8502)
    assert settings.provider is not None
    assert (settings.provider.metadata_url, settings.provider.client_id) == (METADATA, "the-offices")
    assert settings.provider.client_secret == "a secret of both"
    assert "a secret of both" not in repr(settings) and settings.cookie_secret not in repr(settings)


def test_cookie_secret_is_made_once_and_readable_only_by_its_owner(home: Home) -> None:
    secret = read_web_settings(home, 8502).cookie_secret
    path = home.restricted / "keys" / "portal.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == {"cookie_secret": secret} and len(secret) >= 64
    assert read_web_settings(home, 9000).cookie_secret == secret


def test_secrets_of_an_older_version_are_read_and_left_unchanged(home: Home) -> None:
    path = home.restricted / "keys" / "portal.json"
    path.parent.mkdir(exist_ok=True)
    stored = json.dumps({"client_secret": "of the provider that was built in", "cookie_secret": "c" * 64})
    path.write_text(stored, encoding="ascii")
    assert read_web_settings(home, 8502).cookie_secret == "c" * 64
    assert path.read_text(encoding="ascii") == stored
