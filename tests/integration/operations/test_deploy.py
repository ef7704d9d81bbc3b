"""Tests of `deploy/`: units are valid and confined, and every part has the rights that docs/hardening.md names."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.cli.release import Part
from pipelines.core.settings import GROUPS, list_secret_variables, list_variables
from pipelines.operations.serve import PORTS
from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]
LIMIT = 30
"""Ten times the exposure that `systemd-analyze security` may report."""
DAEMONS = {"public": "rti-public", "office": "rti-office", "daemon": "rti-worker", "dagster-ui": "rti-dagster-ui"}


@pytest.fixture(scope="module")
def analyze() -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not on this machine")
    return program


def _read_unit(name: str) -> dict[str, list[str]]:
    """Return the values of each directive of a unit, in order."""
    directives: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / f"{name}.service").read_text(encoding="utf-8").splitlines():
        if (match := re.fullmatch(r"(\w+)=(.*)", line)) is not None:
            directives.setdefault(match[1], []).append(match[2])
    return directives


def _read_compose() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((DEPLOY / "container" / "compose.yml").read_text("utf-8"))["services"]
    return services


def test_units_pass_systemd_analyze_verify(analyze: str, tmp_path: Path) -> None:
    program = shutil.which("true")
    for path in UNITS:
        content = path.read_text(encoding="utf-8")
        # `verify` asks whether the programs exist; those of a deployment are not on this machine.
        content = re.sub(r"/opt/rti/\.venv/bin/(rti|python)\b", str(program), content)
        (tmp_path / path.name).write_text(content, encoding="utf-8")
    units = [str(tmp_path / path.name) for path in UNITS]
    completed = subprocess.run([analyze, "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stderr.strip()) == (0, "")


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_exposure_of_units_is_low(analyze: str, path: Path) -> None:
    command = [analyze, "security", "--offline=true", f"--threshold={LIMIT}", "--no-pager", str(path)]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout.splitlines()[-1]


def test_every_part_has_a_unit_and_a_container() -> None:
    assert set(DAEMONS) == {part.value for part in Part}
    for part, unit in DAEMONS.items():
        assert _read_unit(unit)["ExecStart"] == [f"/opt/rti/.venv/bin/rti serve --only {part}"]
        assert ["serve", "--only", part] in [service.get("command") for service in _read_compose().values()]
        assert f"{unit}.service" in (DEPLOY / "systemd" / "rti.target").read_text(encoding="utf-8")


def test_public_part_has_a_user_and_sees_releases_only() -> None:
    unit = _read_unit("rti-public")
    assert (unit["User"], unit["Group"]) == (["rti-public"], ["rti-public"])
    assert unit["TemporaryFileSystem"] == ["/srv/rti:ro"]
    assert unit["BindReadOnlyPaths"] == ["/srv/rti/home/home.json /srv/rti/home/public"]
    assert unit["EnvironmentFile"] == ["-/etc/rti/public.env"]
    assert "ReadWritePaths" not in unit
    service = _read_compose()["public"]
    assert service["env_file"] == ["public.env"]
    assert all(volume.endswith(":ro") for volume in service["volumes"])
    assert {volume.split(":")[-2] for volume in service["volumes"]} == {
        "/srv/rti/home/home.json",
        "/srv/rti/home/public",
    }


def test_parts_have_users_of_their_own_that_share_the_home() -> None:
    units = {path.stem: _read_unit(path.stem) for path in SERVICES if path.stem != "rti-public"}
    assert {unit["Group"][0] for unit in units.values()} == {"rti"}
    work = "rti-worker"  # Dagster's storage has one writer
    assert {name: unit["User"][0] for name, unit in units.items()} == {
        "rti-office": "rti-office", "rti-worker": work, "rti-step-worker@": work, "rti-dagster-ui": work,
        "rti-doctor": work, "rti-backup": "rti-backup",
    }  # fmt: skip
    declared = (DEPLOY / "sysusers" / "rti.conf").read_text(encoding="utf-8")
    members = re.findall(r"^u (\S+) -:rti ", declared, re.MULTILINE)
    assert "\ng rti -\n" in declared and sorted(members) == ["rti-backup", "rti-office", "rti-worker"]
    caches = {unit["User"][0]: folder for unit in units.values() for folder in unit.get("CacheDirectory", ())}
    assert caches == {user: user for user in ("rti-office", "rti-worker")}
    users = {name: service["user"] for name, service in _read_compose().items() if "user" in service}
    assert {user.split(":")[1] for name, user in users.items() if name != "public"} == {"10001"}
    assert users["worker"] == users["dagster-ui"]
    assert len({users["public"].split(":")[1], "10001"}) == len({users["office"], users["worker"]}) == 2
    image = (DEPLOY / "container" / "Containerfile").read_text(encoding="utf-8")
    identities = dict(re.findall(r"useradd --system --uid (\d+) --gid (\d+)", image))
    assert {tuple(user.split(":")) for user in users.values()} <= set(identities.items())


def test_secrets_are_credentials_of_all_units_but_the_public_one() -> None:
    for path in SERVICES:
        expected = None if path.stem == "rti-public" else ["rti.*"]
        assert _read_unit(path.stem).get("ImportCredential") == expected, path.stem
    variables = re.findall(
        r"`(RTI_\w+)_FILE=(rti\.[a-z-]+)`", (ROOT / "docs" / "hardening.md").read_text(encoding="utf-8")
    )
    assert {name for name, _ in variables} <= list_secret_variables() and len(variables) == 8
    assert all(file == f"rti.{name.removeprefix('RTI_').lower().replace('_', '-')}" for name, file in variables)
    for name, service in _read_compose().items():
        is_public = name in ("public", "proxy")
        assert ("./secrets:/run/secrets:ro" in service["volumes"]) is not is_public, name
        assert ("CREDENTIALS_DIRECTORY" in service.get("environment", {})) is not is_public, name


def test_worker_and_backup_have_no_network() -> None:
    for unit in ("rti-worker", "rti-backup", "rti-doctor"):
        assert _read_unit(unit)["PrivateNetwork"] == ["yes"]
    assert "RTI_SEND_NOTICES=false" in _read_unit("rti-worker")["Environment"]
    worker = _read_compose()["worker"]
    assert (worker["network_mode"], worker["environment"]["RTI_SEND_NOTICES"]) == ("none", "false")


def test_processes_that_read_files_may_leave_the_network_and_the_home() -> None:
    # The system calls of Landlock are in `@sandbox`, which `@system-service` does not include.
    for unit in ("rti-office", "rti-worker", "rti-step-worker@", "rti-doctor"):
        filters = _read_unit(unit)["SystemCallFilter"]
        assert _read_unit(unit)["RestrictNamespaces"] == ["user net"]
        assert not any("unshare" in value for value in filters)
        assert "@sandbox" in filters[-1].split()


@pytest.mark.parametrize("name", ["public", "office", "worker", "dagster-ui"])
def test_containers_are_confined(name: str) -> None:
    service = _read_compose()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "ports" not in service


def test_ports_of_the_proxy_are_those_of_the_parts() -> None:
    text = (DEPLOY / "nginx" / "rti.conf").read_text(encoding="utf-8")
    upstreams = {int(port) for port in re.findall(r"proxy_pass http://127\.0\.0\.1:(\d+)", text)}
    assert upstreams == {*PORTS.values(), 4180}


def test_variables_in_deployment_files_exist() -> None:
    declared = {name for group in GROUPS for name in list_variables(group)}
    paths = [path for path in DEPLOY.rglob("*") if path.is_file()] + [ROOT / "docs" / "hardening.md"]
    names = {name for path in paths for name in re.findall(r"\bRTI_[A-Z_]+[A-Z]", path.read_text(encoding="utf-8"))}
    assert names - declared == set()


def test_image_copies_what_the_package_needs() -> None:
    text = (DEPLOY / "container" / "Containerfile").read_text(encoding="utf-8")
    copied = set(re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE))
    assert copied == {"pipelines", "expectations", "dashboards", "dbt_project"}
    assert "--require-hashes" in text and "\nUSER rti-office\n" in text
