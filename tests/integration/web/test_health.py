"""Tests of `/health`: 200 while pages can be answered, otherwise 503 with the reason."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pipelines.core.home import Home, open_home
from pipelines.reading.sandbox.isolation import measure_isolation
from pipelines.web import health, office_health
from tests.support import disks
from tests.support.fakes.ledger_fakes import home_and_ledger


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Home, sa.Engine]]:
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    home, engine = home_and_ledger(tmp_path)
    yield home, engine
    engine.dispose()


def _get_health(measure: Any) -> tuple[int, dict[str, Any]]:
    with TestClient(Starlette(routes=[health.health_route(measure)])) as client:
        response = client.get("/health")
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, response.json()


def test_portal_health_is_ok_with_ledger_store_and_disk(opened: tuple[Home, sa.Engine]) -> None:
    home, engine = opened
    response = _get_health(lambda: office_health.portal_health(home, engine))
    checks = {"ledger": "ok", "store": "ok", "disk": "ok", "reading": measure_isolation()}
    assert response == (200, {"status": "ok", "checks": checks})


def test_portal_health_reports_a_missing_ledger(opened: tuple[Home, sa.Engine]) -> None:
    home, engine = opened
    (home.restricted / "ledger.sqlite").unlink()
    code, content = _get_health(lambda: office_health.portal_health(home, engine))
    assert (code, content["status"], content["checks"]["ledger"]) == (503, "failing", "the ledger is missing")


def test_portal_health_reports_a_damaged_ledger(opened: tuple[Home, sa.Engine]) -> None:
    home, engine = opened
    engine.dispose()
    (home.restricted / "ledger.sqlite").write_bytes(b"x" * 100_000)
    code, content = _get_health(lambda: office_health.portal_health(home, engine))
    assert (code, content["checks"]["ledger"]) == (503, "the ledger cannot be read (damaged)")


def test_portal_health_reports_a_missing_store(opened: tuple[Home, sa.Engine]) -> None:
    home, engine = opened
    home.store.rmdir()
    _, content = _get_health(lambda: office_health.portal_health(home, engine))
    assert content["checks"]["store"] == "missing folder: store"


def test_portal_health_reports_a_full_disk(tmp_path: Path) -> None:
    with disks.small_disk(tmp_path, 4096) as disk:
        home, engine = home_and_ledger(disk)
        disks.fill_disk(disk, leave=0)
        code, content = _get_health(lambda: office_health.portal_health(home, engine))
        engine.dispose()
    assert (code, content["checks"]["disk"]) == (503, "the disk is full")


@pytest.fixture
def published(release_root: Path, tmp_path: Path) -> Home:
    """A home with one published release, which a test may damage."""
    root = tmp_path / "published"
    shutil.copytree(release_root, root, symlinks=True)
    return open_home(root)


def test_release_health_is_ok_while_the_release_opens(published: Home) -> None:
    assert _get_health(lambda: health.release_health(published)) == (
        200, {"status": "ok", "checks": {"release": "ok", "records": "ok"}}
    )  # fmt: skip


@pytest.mark.parametrize("is_open", [False, True])
def test_release_health_reports_a_truncated_release(published: Home, is_open: bool) -> None:
    import duckdb

    path = published.current.resolve() / "release.duckdb"
    path.chmod(0o644)
    connection = duckdb.connect(str(path), read_only=True) if is_open else None
    path.open("r+b").truncate(path.stat().st_size - 300_000)
    code, content = _get_health(lambda: health.release_health(published))
    if connection is not None:
        connection.close()
    assert code == 503
    assert content["checks"]["release"].startswith(f"release {published.current.resolve().name} ")
    assert str(published.root) not in str(content)


def test_release_health_reports_missing_rows(published: Home) -> None:
    import duckdb

    path = published.current.resolve() / "release.duckdb"
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute("delete from cell where value is not null")
    assert "lacks rows in cell" in _get_health(lambda: health.release_health(published))[1]["checks"]["release"]


@pytest.mark.parametrize("content", [b"{\n", b"7\n"])
@pytest.mark.parametrize("name", ["calendar.json", "notices.json", "preview.json", "publications.jsonl"])
def test_release_health_names_a_damaged_file_next_to_the_releases(published: Home, name: str, content: bytes) -> None:
    """Damage a file, or give it the content of another shape."""
    (published.public / name).write_bytes(content)
    code, content = _get_health(lambda: health.release_health(published))
    assert (code, content["checks"]) == (503, {"release": "ok", "records": f"damaged: {name}"})


def test_release_health_reports_that_nothing_is_published(opened: tuple[Home, sa.Engine]) -> None:
    assert _get_health(lambda: health.release_health(opened[0])) == (
        503, {"status": "failing", "checks": {"release": "nothing has been published", "records": "ok"}}
    )  # fmt: skip
