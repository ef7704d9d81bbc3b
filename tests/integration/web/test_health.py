"""`/health`: 200 while pages can be answered, 503 with the reason when they cannot."""

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
from pipelines.web import health
from tests.support import disks
from tests.support.fakes.ledger_fakes import home_and_ledger
from tests.support.releases import release_fixture


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Home, sa.Engine]]:
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    home, engine = home_and_ledger(tmp_path)
    yield home, engine
    engine.dispose()


def _ask(measure: Any) -> tuple[int, dict[str, Any]]:
    with TestClient(Starlette(routes=[health.health_route(measure)])) as client:
        response = client.get("/health")
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, response.json()


def test_the_portal_is_healthy_while_ledger_store_and_disk_are(opened: tuple[Home, sa.Engine]) -> None:
    home, engine = opened
    told = _ask(lambda: health.portal_health(home, engine))
    assert told == (200, {"status": "ok", "checks": {"ledger": "ok", "store": "ok", "disk": "ok"}})


def test_the_portal_says_that_its_ledger_is_gone(opened: tuple[Home, sa.Engine]) -> None:
    home, engine = opened
    (home.restricted / "ledger.sqlite").unlink()
    code, told = _ask(lambda: health.portal_health(home, engine))
    assert (code, told["status"], told["checks"]["ledger"]) == (503, "failing", "the ledger is missing")


def test_the_portal_says_that_its_ledger_is_damaged(opened: tuple[Home, sa.Engine]) -> None:
    home, engine = opened
    engine.dispose()
    (home.restricted / "ledger.sqlite").write_bytes(b"x" * 100_000)
    code, told = _ask(lambda: health.portal_health(home, engine))
    assert (code, told["checks"]["ledger"]) == (503, "the ledger cannot be read (damaged)")


def test_the_portal_says_that_its_store_is_gone(opened: tuple[Home, sa.Engine]) -> None:
    home, engine = opened
    home.store.rmdir()
    assert _ask(lambda: health.portal_health(home, engine))[1]["checks"]["store"] == "missing folder: store"


def test_the_portal_says_that_its_disk_is_full(tmp_path: Path) -> None:
    with disks.small_disk(tmp_path, 4096) as disk:
        home, engine = home_and_ledger(disk)
        disks.fill(disk, leave=0)
        code, told = _ask(lambda: health.portal_health(home, engine))
        engine.dispose()
    assert (code, told["checks"]["disk"]) == (503, "the disk is full")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release_fixture.make_home(tmp_path_factory.mktemp("published") / "home").root


@pytest.fixture
def published(made: Path, tmp_path: Path) -> Home:
    """A home with one published release, which a test may damage."""
    root = tmp_path / "published"
    shutil.copytree(made, root, symlinks=True)
    return open_home(root)


def test_the_public_pages_are_healthy_while_the_release_opens(published: Home) -> None:
    assert _ask(lambda: health.release_health(published)) == (200, {"status": "ok", "checks": {"release": "ok"}})


@pytest.mark.parametrize("is_open", [False, True])
def test_the_public_pages_say_that_the_release_is_cut(published: Home, is_open: bool) -> None:
    import duckdb

    path = published.current.resolve() / "release.duckdb"
    path.chmod(0o644)
    connection = duckdb.connect(str(path), read_only=True) if is_open else None
    path.open("r+b").truncate(path.stat().st_size - 300_000)
    code, told = _ask(lambda: health.release_health(published))
    if connection is not None:
        connection.close()
    assert code == 503
    assert told["checks"]["release"].startswith(f"release {published.current.resolve().name} ")
    assert str(published.root) not in str(told)


def test_the_public_pages_say_that_a_table_lost_rows(published: Home) -> None:
    import duckdb

    path = published.current.resolve() / "release.duckdb"
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute("delete from cell where value is not null")
    assert "lacks rows in cell" in _ask(lambda: health.release_health(published))[1]["checks"]["release"]


def test_the_public_pages_say_that_nothing_is_published(opened: tuple[Home, sa.Engine]) -> None:
    assert _ask(lambda: health.release_health(opened[0])) == (
        503, {"status": "failing", "checks": {"release": "nothing has been published"}}
    )  # fmt: skip
