"""Settings: one declaration for every variable, errors that help, and a reference page that is up to date."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.core import clock, settings, settings_page
from pipelines.core.home import Home, default_root
from pipelines.core.settings import GROUPS, SettingsError, SettingsGroup, read_settings

MISSPELT = "RTI" + "_SESSION"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("RTI_")]:
        monkeypatch.delenv(name)


def test_the_reference_page_is_up_to_date() -> None:
    assert settings_page.PAGE.read_text(encoding="utf-8") == settings_page.write_page()


def test_every_setting_is_described() -> None:
    for group in GROUPS:
        for field in group.model_fields.values():
            assert (field.description or "").endswith("."), field.alias
            assert settings.describe_expected(field), field.alias


def test_names_are_declared_once() -> None:
    names = [name for group in GROUPS for name in settings.list_variables(group)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("group", "name", "value", "expected"),
    [
        (settings.ClockSettings, "RTI_NOW", "yesterday", "a time such as `2026-11-20T09:00:00Z`"),
        (settings.DagsterSettings, "RTI_QUARTER_SENSOR_SECONDS", "3600", "a whole number from 5 to 300, or remove it"),
        (settings.LimitSettings, "RTI_SESSIONS", "0", "a whole number above 0, or remove it for the default, 400"),
        (settings.LimitSettings, "RTI_MESSAGES_PER_MINUTE", "many", "a whole number above 0"),
        (settings.AddressSettings, "RTI_TRUSTED_PROXIES", "*", "`10.0.0.0/24`, separated by commas"),
        (settings.AddressSettings, "RTI_PUBLIC_URL", "https://figures.example/x", "without a path"),
        (settings.AddressSettings, "RTI_PORTAL_URL", "returns.example", "an address such as `https://"),
        (settings.AddressSettings, "RTI_DAGSTER_URL", "ftp://x", "an address such as `https://"),
        (settings.LakeSettings, "RTI_LAKE_DATA", "gs://bucket", "an address such as `s3://bucket/folder`, or a path"),
        (settings.LakeSettings, "RTI_LAKE_S3_ENDPOINT", "storage.example:9000", "an address such as `https://"),
    ],
)
def test_error_names_variable_value_and_remedy(
    monkeypatch: pytest.MonkeyPatch, group: type[SettingsGroup], name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        read_settings(group)
    assert str(error.value).startswith(f"{name} is {value!r}; write ")
    assert expected in str(error.value) and "remove it" in str(error.value)
    with pytest.raises(SettingsError, match=name):
        settings.check_settings()


def test_errors_of_one_group_are_reported_together_and_leave_other_groups_usable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RTI_SESSIONS", "x")
    monkeypatch.setenv("RTI_REQUESTS_PER_MINUTE", "-1")
    with pytest.raises(SettingsError, match=r"RTI_SESSIONS is 'x'.*RTI_REQUESTS_PER_MINUTE is '-1'"):
        read_settings(settings.LimitSettings)
    assert read_settings(settings.ClockSettings).now is None


ADDRESSES = {
    "RTI_DAGSTER_BROKER_URL": "amqp://rti:hunter2@host/rti",
    "RTI_DAGSTER_STORAGE_URL": "postgresql://rti:hunter2@host/dagster",
}
"""Secrets that must be addresses."""


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.list_secret_variables() == {
        "RTI_BACKUP_PASSPHRASE",
        "RTI_DAGSTER_BROKER_URL",
        "RTI_DAGSTER_STORAGE_URL",
        "RTI_LAKE_CATALOGUE",
        "RTI_LAKE_S3_SECRET",
        "RTI_LEDGER_URL",
        "RTI_TOKEN",
        "RTI_OIDC_CLIENT_SECRET",
        "RTI_RELEASES_SECRET",
        "RTI_SMTP_URL",
        "RTI_STORE_SECRET",
        "RTI_WEBHOOK_URL",
        "RTI_WEBHOOK_SECRET",
    }
    for name in settings.list_secret_variables():
        monkeypatch.setenv(name, ADDRESSES.get(name, "hunter2"))
    assert "hunter2" not in " ".join(repr(read_settings(group)) for group in GROUPS)


SECRETS = [(g, name) for g in GROUPS for name, field in g.model_fields.items() if settings.is_secret(field)]


@pytest.mark.parametrize(("group", "name"), SECRETS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_secret_is_read_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, group: type[SettingsGroup], name: str
) -> None:
    variable = str(group.model_fields[name].alias)
    assert f"{variable}_FILE" in settings.list_secret_file_variables()
    assert settings.read_secret(group, name) is None
    monkeypatch.setenv(f"{variable}_FILE", str(tmp_path / "secret"))
    for read in (settings.check_settings, lambda: settings.read_secret(group, name)):
        with pytest.raises(SettingsError, match=rf"{variable}_FILE cannot be read: .*correct the path"):
            read()
    (tmp_path / "secret").write_text(" first\r\n", encoding="utf-8")
    assert settings.read_secret(group, name) == " first"
    (tmp_path / "secret").write_text("second", encoding="utf-8")
    assert settings.read_secret(group, name) == "second", "a changed secret is used at once"
    of_variable = ADDRESSES.get(variable, "of the variable")
    monkeypatch.setenv(variable, of_variable)
    assert settings.read_secret(group, name) == of_variable


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"\n", "names an empty file: .*write the secret into it"), (b"hunter2\xff", "is not text in UTF-8; write")],
)
def test_error_of_a_secret_file_names_the_fault_and_no_content(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, expected: str
) -> None:
    (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv("RTI_SMTP_URL_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsError, match=rf"RTI_SMTP_URL_FILE .*{expected}") as error:
        settings.check_settings()
    assert "hunter2" not in str(error.value)


def test_relative_path_of_a_secret_is_in_the_folder_of_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "rti.ledger-url").write_text("sqlite:///credential\n", encoding="utf-8")
    monkeypatch.setenv("RTI_LEDGER_URL_FILE", "rti.ledger-url")
    with pytest.raises(SettingsError, match="RTI_LEDGER_URL_FILE cannot be read"):
        settings.check_settings()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert Home(tmp_path, "real").ledger_url == "sqlite:///credential"
    (tmp_path / "elsewhere").write_text("sqlite:///elsewhere", encoding="utf-8")
    monkeypatch.setenv("RTI_LEDGER_URL_FILE", str(tmp_path / "elsewhere"))
    assert Home(tmp_path, "real").ledger_url == "sqlite:///elsewhere"


def test_settings_follow_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert default_root() == Path("data").resolve()
    monkeypatch.setenv("RTI_HOME", str(tmp_path))
    assert default_root() == tmp_path
    monkeypatch.setenv("RTI_HOME", "")
    assert default_root() == Path("data").resolve()
    assert Home(tmp_path, "real").ledger_url == f"sqlite:///{tmp_path}/restricted/ledger.sqlite"
    monkeypatch.setenv("RTI_LEDGER_URL", "sqlite:///elsewhere")
    assert Home(tmp_path, "real").ledger_url == "sqlite:///elsewhere"
    monkeypatch.setenv("RTI_TERRITORIES", f"one{os.pathsep}two{os.pathsep}")
    assert read_settings(settings.DeclarationSettings).territories == (Path("one"), Path("two"))


@pytest.mark.parametrize("text", ["2026-11-20T09:00:00Z", "2026-11-20T09:00:00", "2026-11-20T10:00:00.7+01:00"])
def test_clock_reads_the_present_in_utc(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("RTI_NOW", text)
    assert clock.now() == clock.parse_time(text) == datetime(2026, 11, 20, 9, tzinfo=UTC)


def test_unknown_variables_are_reported_with_the_nearest_name() -> None:
    names = [MISSPELT, "RTI" + "_QQQ", "RTI_TEST_ANYTHING", "RTI_HOME", "PATH"]
    assert settings.find_unknown_variables(names) == {MISSPELT: "RTI_SESSIONS", "RTI" + "_QQQ": None}
