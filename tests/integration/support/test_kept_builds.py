"""Keeping small builds between sessions: when one is used again, and what makes another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support import kept_builds
from tests.support.kept_builds import build_kept
from tests.support.paths import ROOT


@pytest.fixture
def begin_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that returns the request of a fixture in a new session, with an empty cache of builds."""
    monkeypatch.setenv("RTI_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.setattr(kept_builds, "_digest_code", lambda _: "digest")

    def make_request(name: str, *, fresh: bool = False) -> Any:
        folder = tmp_path / name
        folder.mkdir()
        factory = SimpleNamespace(getbasetemp=lambda: folder)
        return SimpleNamespace(
            config=SimpleNamespace(getoption=lambda _: fresh), getfixturevalue=lambda _: factory, folder=folder
        )

    return make_request


def _count_builds(builds: list[Path]) -> Callable[[Path], None]:
    def write_file(root: Path) -> None:
        root.mkdir(parents=True)
        (root / "file").write_text(str(len(builds)), encoding="ascii")
        builds.append(root)

    return write_file


def test_build_is_kept_for_later_sessions(begin_session: Callable[..., Any]) -> None:
    builds: list[Path] = []
    for name in ("first", "second"):
        request = begin_session(name)
        for _ in range(2):
            root = build_kept(request, "world", _count_builds(builds))
            assert root == request.folder / "world" and (root / "file").read_text(encoding="ascii") == "0"
    assert len(builds) == 1


def test_changed_code_and_fresh_home_build_again(
    begin_session: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    builds: list[Path] = []
    build_kept(begin_session("first"), "world", _count_builds(builds))
    build_kept(begin_session("fresh", fresh=True), "world", _count_builds(builds))
    assert len(builds) == 2
    monkeypatch.setattr(kept_builds, "_digest_code", lambda _: "other digest")
    build_kept(begin_session("changed"), "world", _count_builds(builds))
    assert len(builds) == 3


def test_key_covers_the_test_file_and_its_conftest_files_and_all_code_that_is_not_a_test() -> None:
    own_file = Path(__file__)
    names = set(kept_builds._list_test_files(ROOT / "tests/integration/dbt_project/test_vintages.py"))
    assert names == {
        "tests/integration/dbt_project/test_vintages.py", "tests/integration/dbt_project/conftest.py",
        "tests/integration/conftest.py", "tests/conftest.py",
    }  # fmt: skip
    assert own_file.relative_to(ROOT).as_posix() in set(kept_builds._list_test_files(own_file))
    folders = {path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "tests").glob("*/__init__.py")}
    assert folders - {"tests/unit", "tests/integration", "tests/e2e"} <= set(kept_builds.SOURCES)
    for name in kept_builds.SOURCES:
        assert (ROOT / name).exists(), name
