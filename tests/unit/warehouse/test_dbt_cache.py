"""The cache of the parsed dbt project; dbt itself runs in `tests/integration/warehouse/test_manifest.py`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.core.home import initialise_home
from pipelines.warehouse import count_builds, dbt_cache


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RTI_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "project"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "one.sql").write_text("select 1", encoding="utf-8")
    (folder / "target").mkdir()
    dbt_cache.project_key.cache_clear()
    return folder


def write_parse_output(project: Path, content: str = "{}") -> None:
    with dbt_cache.parse_target(project) as target:
        (target / "manifest.json").write_text(content, encoding="utf-8")
        (target / "partial_parse.msgpack").write_bytes(b"record")


def test_find_manifest_after_parse_returns_it_and_leaves_nothing_else(project: Path) -> None:
    assert dbt_cache.find_manifest(project) is None
    write_parse_output(project)
    manifest = dbt_cache.find_manifest(project)
    assert manifest is not None and manifest.read_text(encoding="utf-8") == "{}"
    assert [path.name for path in dbt_cache.cache_folder().iterdir()] == [manifest.parent.name]
    assert list((project / "target").iterdir()) == []


def test_find_manifest_of_changed_project_is_none_and_seeds_the_next_parse(project: Path) -> None:
    write_parse_output(project)
    dbt_cache.project_key.cache_clear()
    (project / "models" / "one.sql").write_text("select 2", encoding="utf-8")
    assert dbt_cache.find_manifest(project) is None
    with dbt_cache.parse_target(project) as target:
        assert (target / "partial_parse.msgpack").read_bytes() == b"record"
        (target / "manifest.json").write_text("{}", encoding="utf-8")


def test_read_parsed_returns_the_record_of_the_project_as_it_is(project: Path) -> None:
    assert dbt_cache.read_parsed(project) is None
    write_parse_output(project)
    assert dbt_cache.read_parsed(project) == b"record"
    assert dbt_cache.read_parsed(project, "other variables") is None
    dbt_cache.project_key.cache_clear()
    (project / "models" / "one.sql").write_text("select 2", encoding="utf-8")
    assert dbt_cache.read_parsed(project) is None


def test_parse_target_ignores_record_of_another_checkout(project: Path, tmp_path: Path) -> None:
    write_parse_output(project)
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(project, elsewhere)
    with dbt_cache.parse_target(elsewhere) as target:
        assert not (target / "partial_parse.msgpack").exists()
        for name in ("manifest.json", "partial_parse.msgpack"):
            (target / name).write_text("{}", encoding="utf-8")


def test_find_manifest_removes_damaged_entry(project: Path) -> None:
    write_parse_output(project, '{"nodes": {')
    assert dbt_cache.find_manifest(project) is None
    write_parse_output(project)
    assert dbt_cache.find_manifest(project) is not None


def test_failed_parse_stores_nothing(project: Path) -> None:
    with pytest.raises(RuntimeError), dbt_cache.parse_target(project) as target:
        (target / "manifest.json").write_text("{}", encoding="utf-8")
        raise RuntimeError
    assert list(dbt_cache.cache_folder().iterdir()) == []


def test_two_parses_at_once_share_no_folder(project: Path) -> None:
    with dbt_cache.parse_target(project) as target:
        write_parse_output(project)
        assert list(target.iterdir()) == []
        for name in ("manifest.json", "partial_parse.msgpack"):
            (target / name).write_text("{}", encoding="utf-8")
    assert dbt_cache.find_manifest(project) is not None


def test_cache_folder_without_writable_home_is_private_temporary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.delenv("RTI_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "below"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = dbt_cache.cache_folder()
    assert folder.parent.parent == tmp_path and folder.parent.stat().st_mode & 0o777 == 0o700
    folder.parent.chmod(0o777)
    with pytest.raises(PermissionError, match="RTI_CACHE"):
        dbt_cache.cache_folder()


def test_remove_unfinished_builds_keeps_finished_ones(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "demonstration")
    unfinished = count_builds.create_building(home.warehouse, "indicators-restricted")
    assert count_builds.create_building(home.warehouse, "indicators-restricted") != unfinished
    old = home.warehouse / ".indicators-restricted.duckdb.building"
    protected = home.protected / "abc" / ".indicators.duckdb.building"
    protected.parent.mkdir()
    finished = home.warehouse / "counts-000001.duckdb"
    for path in (old, protected, finished):
        path.touch()
    assert len(count_builds.remove_unfinished_builds(home)) == 4
    assert [path.name for path in home.warehouse.iterdir()] == [finished.name]
    assert not protected.exists()
