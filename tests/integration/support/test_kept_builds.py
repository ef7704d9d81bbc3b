"""Keeping small builds between sessions: when one is used again, and what makes another."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.core import clock
from tests.support import kept_builds
from tests.support.kept_builds import build_kept, forget_values, keep_value
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


def test_key_covers_the_test_file_its_conftest_files_and_the_modules_that_they_need() -> None:
    names = set(kept_builds._list_code(ROOT / "tests/integration/operations/test_run.py"))
    assert names > {
        "tests/integration/operations/test_run.py", "tests/integration/conftest.py", "tests/conftest.py",
        "tests/__init__.py",
        # Imported within a function, by a module of those, and run as a program.
        "tests/support/releases/publication_fixture.py", "tests/support/ledger_template.py",
        "tests/support/refresh_killed.py",
    }  # fmt: skip
    assert not names & {"tests/support/style_check.py", "tests/support/axe.py", "dashboards"}
    pages = ROOT / "tests/integration/dashboards/public/pages/test_every_sentence.py"
    assert "dashboards" in kept_builds._list_code(pages)
    assert "tests/integration/support/test_kept_builds.py" in kept_builds._list_code(Path(__file__))


def test_key_covers_every_data_file_of_shared_code() -> None:
    """Check each file below `tests` that is neither code, nor an expected result, nor the list of limits of style."""
    not_read = ("tests/golden/", "tests/unit/", "tests/integration/", "tests/e2e/", "tests/support/style_limits.json")
    tracked = subprocess.run(["git", "ls-files", "tests"], cwd=ROOT, capture_output=True, text=True, check=True)
    data = [
        name
        for name in tracked.stdout.split()
        if not name.endswith((".py", *not_read)) and not name.startswith(not_read)
    ]
    assert len(data) > 10
    assert [name for name in data if not name.startswith(kept_builds.SOURCES)] == []
    for name in kept_builds.SOURCES:
        assert (ROOT / name).exists(), name


def _count_values(values: list[str], error: Exception | None = None) -> Callable[[], str]:
    def compute_value() -> str:
        values.append(clock.format_timestamp(clock.now()))
        if error is not None:
            raise error
        return f"{len(values)} at {values[-1]}"

    return compute_value


def test_value_is_computed_once_under_the_clock_of_the_demonstration(
    begin_session: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    values: list[str] = []
    for name, now in (("first", "2027-01-01T00:00:00Z"), ("second", "2028-01-01T00:00:00Z")):
        monkeypatch.setenv("RTI_NOW", now)
        assert keep_value(begin_session(name), "value", _count_values(values)) == "1 at 2026-11-20T09:00:00Z"


def test_value_that_raises_is_computed_again(begin_session: Callable[..., Any]) -> None:
    values: list[str] = []
    with pytest.raises(ValueError, match="busy"):
        keep_value(begin_session("first"), "value", _count_values(values, ValueError("busy")))
    assert keep_value(begin_session("second"), "value", _count_values(values)).startswith("2 at ")


def test_value_is_computed_again_after_a_failed_test_of_its_file(
    begin_session: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_builds, "_VALUES", {})
    values: list[str] = []
    keep_value(begin_session("first"), "value", _count_values(values))
    forget_values(Path(__file__).with_name("test_other.py"))
    assert keep_value(begin_session("second"), "value", _count_values(values)).startswith("1 at ")
    forget_values(Path(__file__))
    assert keep_value(begin_session("third"), "value", _count_values(values)).startswith("2 at ")
    (conftest,) = [{path.with_name("conftest.py"): names} for path, names in kept_builds._VALUES.items()]
    monkeypatch.setattr(kept_builds, "_VALUES", conftest)
    forget_values(Path(__file__))
    assert keep_value(begin_session("fourth"), "value", _count_values(values)).startswith("3 at ")


def test_changed_input_from_outside_the_project_is_computed_again(
    begin_session: Callable[..., Any], tmp_path: Path
) -> None:
    values: list[str] = []
    folder = tmp_path / "inputs"
    folder.mkdir()
    (folder / "file").write_text("one", encoding="ascii")

    def read_number(session: str, version: str) -> str:
        request = begin_session(session)
        return keep_value(request, "value", _count_values(values), inputs=[folder, folder / "file", version])[0]

    assert [read_number("first", "1.0"), read_number("second", "1.0"), read_number("third", "1.1")] == ["1", "1", "2"]
    (folder / "file").write_text("two", encoding="ascii")
    assert read_number("fourth", "1.1") == "3"


def test_kept_builds_import_no_other_test_file() -> None:
    """Check that no kept build depends on a test file other than its own, whose change would make it again."""
    keeping = [
        path
        for path in (ROOT / "tests").rglob("test_*.py")
        if "tests.support.kept_builds import" in path.read_text(encoding="utf-8")
    ]
    assert len(keeping) > 10
    for path in keeping:
        tests = {name for name in kept_builds._list_code(path) if Path(name).name.startswith("test_")}
        assert tests == {path.relative_to(ROOT).as_posix()}
