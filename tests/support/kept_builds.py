"""Build small homes, tables and values once for all workers of a session, and keep them for later sessions.

What is kept depends on nothing but the product, the samples, the test file that builds it with its `conftest.py` files,
the modules of tests and dashboards that these name at any depth, and what `home_cache.make_key` adds.  A change of any
of them makes another entry, as for the demonstration home; `--fresh-home` (`make test-all`) builds everything.
"""

from __future__ import annotations

import inspect
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pipelines.core import clock
from tests.support import home_cache
from tests.support.demonstration import CLOCK
from tests.support.module_imports import find_named_modules, find_needed_modules
from tests.support.paths import ROOT
from tests.support.shared_builds import build_once

SOURCES = (
    "pipelines", "expectations", "dbt_project", "raw_samples", "requirements.lock", "pyproject.toml",
    "tests/persons/corpus.csv", "tests/samples/cooperation", "tests/support/eighth_territory",
)  # fmt: skip
"""Files and folders that any build may read, besides the modules that its test file needs."""

_DASHBOARDS = "dashboards"
"""Read as a whole, with templates and styles, by the builds whose test file needs any module of it."""

_LOADED_AT = clock.read_wall_clock()
_ENVIRONMENT = dict(os.environ)
"""The settings of the session. Those that tests make follow from their code."""
_VALUES: dict[Path, set[str]] = {}
"""Names of values that this process has read, by the file of the function that computes them."""
_VALUE = "value"
_UNUSED_SECONDS = 3600.0
"""All entries of one version of the code take 400 MB, so those that no session uses are removed earlier than homes."""


Value = TypeVar("Value")


def build_kept(
    request: pytest.FixtureRequest, name: str, build: Callable[[Path], None], *, reads_home: bool = False
) -> Path:
    """Return a folder made by `build`, which all workers of the session share; a test that writes must copy it.

    An earlier session may have made it, so `build` must read nothing that is not of the project. `reads_home` says that
    it reads the demonstration home: what is made of another one (`RTI_TEST_HOME`) is not kept. Absolute paths in the
    folder, such as those of DuckDB's views, lead to where it was made: an entry of the cache, which stays there while a
    session uses it.
    """
    return _build_kept(request, name, build, _find_file(build), reads_home=reads_home)


def keep_value(
    request: pytest.FixtureRequest,
    name: str,
    compute: Callable[[], Value],
    *,
    reads_home: bool = False,
    inputs: Iterable[Path | str] = (),
) -> Value:
    """Return what `compute` returns, for tests that check it; see `build_kept`.

    It runs under the clock of the demonstration, so that the value is the same on every day. Nothing is kept if it
    raises, or if a test of the same file fails, so that another run tries again. `inputs` are files and folders outside
    the project that it reads, and versions of programs.
    """

    def write_value(root: Path) -> None:
        root.mkdir(parents=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RTI_NOW", CLOCK)
            (root / _VALUE).write_bytes(pickle.dumps(compute()))

    test_file = _find_file(compute)
    folder = _build_kept(request, name, write_value, test_file, reads_home=reads_home, inputs=inputs)
    _VALUES.setdefault(test_file, set()).add(name)
    value: Value = pickle.loads((folder / _VALUE).read_bytes())
    return value


def forget_values(test_file: Path) -> None:
    """Remove the values that tests of a file have read, also those of functions in a `conftest.py` above it."""
    files = [test_file, *(folder / "conftest.py" for folder in test_file.parents)]
    for name in sorted(name for file in files for name in _VALUES.get(file, ())):
        home_cache.remove_entries(_entries_folder(name))


def _find_file(function: Callable[..., Any]) -> Path:
    return Path(inspect.getfile(function))


def _entries_folder(name: str) -> Path:
    return home_cache.entries_folder(f"kept-builds/{name}")


def _build_kept(
    request: pytest.FixtureRequest,
    name: str,
    build: Callable[[Path], None],
    test_file: Path,
    *,
    reads_home: bool,
    inputs: Iterable[Path | str] = (),
) -> Path:
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    digest = _digest_code(test_file)
    is_fresh = request.config.getoption("--fresh-home") or (reads_home and os.environ.get("RTI_TEST_HOME"))
    if is_fresh or digest is None:
        return build_once(factory, name, build)
    key = home_cache.make_key("\0".join([digest, *map(_digest_input, inputs)]), environment=_ENVIRONMENT)

    def copy_or_build(root: Path) -> None:
        home_cache.copy_or_build(root, build, entries=_entries_folder(name), key=key, unused_seconds=_UNUSED_SECONDS)

    return build_once(factory, name, copy_or_build)


def _digest_input(item: Path | str) -> str:
    return item if isinstance(item, str) else home_cache.digest_sources(item.parent, [item.name])


def _digest_code(test_file: Path) -> str | None:
    """Return the digest of all that a build may read, None if any of it changed after this process had loaded it."""
    digests = [_digest_unchanged(SOURCES), _digest_unchanged(_list_code(test_file))]
    return None if None in digests else "".join(map(str, digests))


@cache
def _digest_unchanged(names: tuple[str, ...]) -> str | None:
    if any(path.stat().st_mtime > _LOADED_AT for path in home_cache.list_source_files(ROOT, names)):
        return None
    return home_cache.digest_sources(ROOT, names)


@cache
def _list_code(test_file: Path) -> tuple[str, ...]:
    """Return a test file, its `conftest.py` files, the modules of tests that they need, and dashboards if needed."""
    files = find_needed_modules(ROOT, [ROOT / name for name in _list_test_files(test_file)], "tests")
    needs_dashboards = any(find_named_modules(ROOT, path, _DASHBOARDS) for path in files)
    names = sorted(path.relative_to(ROOT).as_posix() for path in files)
    return (*names, _DASHBOARDS) if needs_dashboards else tuple(names)


def _list_test_files(test_file: Path) -> Iterator[str]:
    """Yield the test file and each `conftest.py` that applies to it, relative to the root of the project."""
    yield test_file.relative_to(ROOT).as_posix()
    for folder in test_file.parents:
        if folder == ROOT:
            break
        if (folder / "conftest.py").is_file():
            yield (folder / "conftest.py").relative_to(ROOT).as_posix()
