"""How the tests of the proxy get an nginx: found, installed as root on Debian, or a sentence that says how."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import nginx


@pytest.fixture(autouse=True)
def no_nginx(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let this machine have apt-get and no nginx, and keep its policy on services in a folder of the test."""
    monkeypatch.delenv("RTI_TEST_NGINX", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name, path=None: "/usr/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(nginx, "POLICY", tmp_path / "policy-rc.d")


def test_main_without_root_names_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert nginx.main() == 1
    assert "sudo sh -c 'apt-get update && apt-get install -y nginx'" in capsys.readouterr().err


@pytest.mark.parametrize("has_policy", [False, True])
def test_installation_starts_no_service_and_leaves_the_policy_as_it_was(
    monkeypatch: pytest.MonkeyPatch, *, has_policy: bool
) -> None:
    policies: list[str] = []
    if has_policy:
        nginx.POLICY.write_text("#!/bin/sh\nexit 0\n")

    def install_package(command: list[str], **_options: object) -> None:
        assert "install -y" in command[-1] and command[-1].endswith(" nginx")
        policies.append(nginx.POLICY.read_text())
        monkeypatch.setenv("RTI_TEST_NGINX", "/usr/sbin/nginx")

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(subprocess, "run", install_package)
    assert nginx.main() == 0
    assert policies == ["#!/bin/sh\nexit 0\n" if has_policy else "#!/bin/sh\nexit 101\n"]
    assert nginx.POLICY.exists() is has_policy


def test_main_reports_a_failed_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(subprocess, "run", lambda *_arguments, **_options: None)
    assert nginx.main() == 1
