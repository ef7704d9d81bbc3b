"""Order the files of a test run so that all workers are busy to the end.

`--dist loadfile` hands whole files to workers in the order of the collection (`--no-loadscope-reorder`; without it the
files with the fewest tests come last, and those start servers and take minutes). The demonstration home takes a minute
to build: the first file that needs it comes first, so that one worker builds while the others run files without it.
The short files of unit tests come last and fill the gaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xdist.scheduler import LoadFileScheduling

HOME_FIXTURES = frozenset(("built_home",))
"""Fixtures that build the demonstration home; pytest lists them for every test that uses them indirectly."""

MEANWHILE = (
    "tests/e2e/test_eighth_territory.py",
    "tests/integration/faults/test_faults.py",
    "tests/integration/operations/test_run.py",
    "tests/integration/refresh/test_release_desk.py",
    "tests/integration/publication/releases/test_releases.py",
    "tests/integration/submissions/checking/test_large_register.py",
)
"""Files that do not need the home: for two workers, together they take as long as its build."""

TOGETHER: Mapping[str, tuple[str, ...]] = {
    "services and browser": (
        "tests/e2e/dashboards/",
        "tests/e2e/office/",
        "tests/e2e/operations/test_public_imports.py",
        "tests/e2e/survey/test_browser.py",
        "tests/e2e/web/",
    ),
    "rti serve": ("tests/e2e/operations/",),
}
"""Folders and files that one worker takes together, because every other worker would have to make what they share.

The office service, the public app, and Chromium with the scripts that it has compiled take twenty seconds of processor
time. Starting the Dagster UI with its code server takes ten.
"""


class FileScheduling(LoadFileScheduling):  # type: ignore[misc]
    """Hand whole files to workers, and the files of some folders together."""

    def _split_scope(self, nodeid: str) -> str:
        return find_work_unit(nodeid)


def find_work_unit(nodeid: str) -> str:
    """Return what a test is handed to a worker with: the name of its folder in TOGETHER, else its file."""
    path = nodeid.partition("::")[0]
    return next((name for name, folders in TOGETHER.items() if path.startswith(folders)), path)


def order_files(fixtures: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the files of a run in the order in which workers should take them.

    `fixtures` holds, for each file in the order of the collection, the fixtures that its tests use. A worker that has
    begun files that go together would wait in the first of them that needs the home, so all of these come after the
    build. They take longest, and so come before all others.
    """
    needing = [path for path, names in fixtures.items() if HOME_FIXTURES & set(names)]
    builder = needing[:1]
    meanwhile = [path for path in MEANWHILE if path in fixtures and needing]
    works = {find_work_unit(path) for path in needing}
    together = [path for path in fixtures if find_work_unit(path) in works and find_work_unit(path) != path]
    with_home = [path for path in needing if path not in {*builder, *together}]
    others = [path for path in fixtures if path not in {*builder, *meanwhile, *together, *with_home}]
    units = [path for path in others if "/unit/" in f"/{path}"]
    return [*builder, *meanwhile, *together, *(path for path in others if path not in units), *with_home, *units]
