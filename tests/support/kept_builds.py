"""Build small homes and tables once for all workers of a session, and keep them for later sessions.

What is kept depends on nothing but the product, the samples, the code below `tests/` that is not a test, the test file
that builds it, and what `home_cache.make_key` adds.  A change of any of them makes another entry, as for the
demonstration home; `--fresh-home` (`make test-all`) builds everything.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from pipelines.core import clock
from tests.support import home_cache
from tests.support.paths import ROOT
from tests.support.shared_builds import build_once

SOURCES = (
    "pipelines", "expectations", "dashboards", "dbt_project", "raw_samples", "requirements.lock", "pyproject.toml",
    "tests/faults", "tests/fuzzing", "tests/kills", "tests/oracles", "tests/persons", "tests/records", "tests/samples",
    "tests/simulation", "tests/support",
)  # fmt: skip
"""Files and folders that any build may read; no test file imports another."""


_LOADED_AT = clock.read_wall_clock()
_UNUSED_SECONDS = 3600.0
"""All entries of one version of the code take 400 MB, so those that no session uses are removed earlier than homes."""


def build_kept(
    request: pytest.FixtureRequest, name: str, build: Callable[[Path], None], *, reads_home: bool = False
) -> Path:
    """Return a folder made by `build`, which all workers of the session share; a test that writes must copy it.

    An earlier session may have made it, so `build` must read nothing that is not of the project. `reads_home` says that
    it reads the demonstration home: what is made of another one (`RTI_TEST_HOME`) is not kept. Absolute paths in the
    folder, such as those of DuckDB's views, lead to where it was made: an entry of the cache, which stays there while a
    session uses it.
    """
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    digest = _digest_code(Path(inspect.getfile(build)))
    is_fresh = request.config.getoption("--fresh-home") or (reads_home and os.environ.get("RTI_TEST_HOME"))
    if is_fresh or digest is None:
        return build_once(factory, name, build)
    entries = home_cache.entries_folder(f"kept-builds/{name}")

    def copy_or_build(root: Path) -> None:
        key = home_cache.make_key(digest)
        home_cache.copy_or_build(root, build, entries=entries, key=key, unused_seconds=_UNUSED_SECONDS)

    return build_once(factory, name, copy_or_build)


def _digest_code(test_file: Path) -> str | None:
    """Return the digest of all that a build may read, None if any of it changed after this process had loaded it."""
    digests = [_digest_unchanged(SOURCES), _digest_unchanged(tuple(_list_test_files(test_file)))]
    return None if None in digests else "".join(map(str, digests))


@cache
def _digest_unchanged(names: tuple[str, ...]) -> str | None:
    if any(path.stat().st_mtime > _LOADED_AT for path in home_cache.list_source_files(ROOT, names)):
        return None
    return home_cache.digest_sources(ROOT, names)


def _list_test_files(test_file: Path) -> Iterator[str]:
    """Yield the test file and each `conftest.py` that applies to it, relative to the root of the project."""
    yield test_file.relative_to(ROOT).as_posix()
    for folder in test_file.parents:
        if folder == ROOT:
            break
        if (folder / "conftest.py").is_file():
            yield (folder / "conftest.py").relative_to(ROOT).as_posix()
