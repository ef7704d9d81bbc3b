"""Build small homes and tables once for all workers of a session, and keep them for later sessions.

What is kept depends on nothing but the product, the samples, the code below `tests/` that is not a test, the test file
that builds it, and what `home_cache.make_key` adds.  A change of any of them makes another entry, as for the
demonstration home; `--fresh-home` (`make test-all`) builds everything.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support import home_cache
from tests.support.paths import ROOT
from tests.support.shared_builds import build_once

SOURCES = (
    "pipelines", "expectations", "dbt_project", "raw_samples", "requirements.lock", "pyproject.toml",
    "tests/faults", "tests/oracles", "tests/persons", "tests/records", "tests/samples", "tests/simulation",
    "tests/support",
)  # fmt: skip
"""Files and folders that any build may read; no test file imports another."""


def build_kept(request: pytest.FixtureRequest, name: str, build: Callable[[Path], None]) -> Path:
    """Return a folder made by `build`, which all workers of the session share; a test that writes must copy it.

    An earlier session may have made it; `build` must not read the demonstration home, or anything else that is not of
    the project. Absolute paths in it, such as those of DuckDB's views, lead to where it was
    made: an entry of the cache, which stays there while a session uses it.
    """
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    if request.config.getoption("--fresh-home"):
        return build_once(factory, name, build)
    entries = home_cache.entries_folder(f"kept-builds/{name}")
    key = home_cache.make_key(_digest_code(Path(inspect.getfile(build))))

    def copy_or_build(root: Path) -> None:
        home_cache.copy_or_build(root, build, entries=entries, key=key)

    return build_once(factory, name, copy_or_build)


@cache
def _digest_code(test_file: Path) -> str:
    return home_cache.digest_sources(ROOT, [*SOURCES, *_list_test_files(test_file)])


def _list_test_files(test_file: Path) -> Iterator[str]:
    """Yield the test file and each `conftest.py` that applies to it, relative to the root of the project."""
    yield test_file.relative_to(ROOT).as_posix()
    for folder in test_file.parents:
        if folder == ROOT:
            break
        if (folder / "conftest.py").is_file():
            yield (folder / "conftest.py").relative_to(ROOT).as_posix()
