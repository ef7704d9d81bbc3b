"""Keeping small builds between sessions: when one is used again, and what makes another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.core import clock
from tests.support import kept_builds
from tests.support.kept_builds import build_kept, forget_values, keep_value
from tests.support.module_imports import imports_of_modules
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


def test_key_covers_every_module_that_a_kept_build_imports() -> None:
    """Check that test files with kept builds, and what they import, import no other file below `tests`."""
    keeping = [
        path
        for path in (ROOT / "tests").rglob("*.py")
        if "tests.support.kept_builds import" in path.read_text(encoding="utf-8")
    ]
    assert len(keeping) > 10
    shared = [name for name in kept_builds.SOURCES if name.startswith("tests/")]
    imports = imports_of_modules(ROOT, [*keeping, *(ROOT / name for name in shared)])
    covered = tuple(f"{name.replace('/', '.')}." for name in shared)
    for module, names in imports.items():
        packages = {name for name in names if (ROOT / name.replace(".", "/")).is_dir()}
        of_project = {name for name in names - packages if name.startswith(("tests.", "benchmarks."))}
        assert {name for name in of_project if not name.startswith(covered)} == set(), module
