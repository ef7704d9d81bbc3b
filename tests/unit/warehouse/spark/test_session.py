"""Without Spark or its folder, errors say what to do; sessions themselves are tested by `make test-spark`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pipelines.core.settings import SettingsError
from pipelines.warehouse.dbt_runner import WarehouseError
from pipelines.warehouse.spark import builds, session


def test_open_session_without_spark_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with (
        pytest.raises(WarehouseError, match="Spark is not installed; install it with `make spark`"),
        session.open_session(tmp_path),
    ):
        pytest.fail("a session was opened")


def test_list_builds_without_a_folder_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RTI_SPARK_DATA", raising=False)
    with pytest.raises(SettingsError, match="RTI_SPARK_DATA is not set; name a folder"):
        builds.list_builds("counts")


def test_list_builds_gives_completed_builds_in_their_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RTI_SPARK_DATA", str(tmp_path))
    assert builds.list_builds("counts") == []
    for name in ("9", "10", ".building-x"):
        (tmp_path / "counts" / name).mkdir(parents=True)
    assert [path.name for path in builds.list_builds("counts")] == ["9", "10"]


def test_a_completed_build_gets_the_next_number(tmp_path: Path) -> None:
    for number in (1, 2):
        built = tmp_path / f".building-{number}"
        built.mkdir()
        (built / "build.json").write_text("{}", encoding="utf-8")
        assert builds._give_number(built, tmp_path) == tmp_path / str(number)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2"]
