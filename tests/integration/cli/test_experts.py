"""Tests of `rti experts`: list, export, erase, remind and uses on a small home."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.main import main
from pipelines.core import clock
from pipelines.declarations.registry import load
from pipelines.submissions.accounts import accounts
from pipelines.submissions.experts.model import ExpertDetails
from pipelines.submissions.service import experts
from pipelines.submissions.service.desk import Desk
from tests.support.fakes import ledger_fakes

NOW = "2026-10-05T09:00:00Z"


@pytest.fixture
def expert_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Id of an entry in a home on which the commands work as its steward."""
    home, engine = ledger_fakes.home_and_ledger(tmp_path)
    details = ExpertDetails("ME", "Police", "Expert 1 of the office", "police", ("cnr",), ("SOM",), ("joint_team",))
    with clock.freeze_time(clock.parse_time(NOW)):
        steward = accounts.get_identity(engine, "the-steward")
        identity = experts.save_expert(Desk(home, engine, load()), steward, details, "one@me.example")
    engine.dispose()
    monkeypatch.setenv("RTI_HOME", str(home.root))
    monkeypatch.setenv("RTI_NOW", NOW)
    monkeypatch.setenv("RTI_ACTOR", "the-steward")
    return identity


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["experts", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_entry_is_listed_exported_and_erased(capsys: pytest.CaptureFixture[str], expert_id: str) -> None:
    assert run_json(capsys, "remind", "--json") == {"sent": 1, "failed": 0, "erased": 0}
    (listed,) = run_json(capsys, "list", "--json")
    assert (listed["expert_id"], listed["state"]) == (expert_id, "unconfirmed") and "address" not in str(listed)
    assert run_json(capsys, "export", expert_id)["address"] == "one@me.example"
    assert run_json(capsys, "erase", expert_id, "--json") == {"erased": 1}
    assert run_json(capsys, "list", "--json") == []
    assert [use["action"] for use in run_json(capsys, "uses", "--json")] == ["experts.look_up"] * 2


def test_erase_of_unknown_entry_is_refused(capsys: pytest.CaptureFixture[str], expert_id: str) -> None:
    assert main(["experts", "erase", "E00000000000000"]) == 3
    assert "does not exist" in capsys.readouterr().err
