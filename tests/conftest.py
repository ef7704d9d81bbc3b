"""Fixtures that several folders of tests share: one demonstration home, built once a session, the databases of
ledgers, and one browser.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.core.home import Home, open_home
from tests.support import home_cache, kept_builds, postgres, sampling
from tests.support.demonstration import CLOCK, build_home, copy_home
from tests.support.memory_folder import use_memory
from tests.support.processor_time import ProcessorTimePlugin
from tests.support.schedule import FileScheduling, order_files
from tests.support.shared_builds import build_once
from tests.support.worker_messages import leave_out_messages

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from xdist.remote import Producer

# Before pytest or anything else makes a temporary file.
use_memory()

_OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""Python's default is 700. Searching for garbage took a fifth of the processor time of the unit tests."""

_EXAMPLES = 100
"""Examples that Hypothesis tries of a property that states no number of its own in `make test-all`: its default.

Trying 100 of every property in `make test`, too, took a quarter of the processor time of the unit tests."""

_CHROMIUM = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Pages of one site share a process, which has compiled their scripts: 1.4 s of processor time a page, not 1.6.
    "--process-per-site",
    # Scripts are compiled and memory is cleared in the page's own thread: 5.7 s of processor time for two pages in five
    # widths with axe, not 6.1. Without the compositor's threads it would be 5.0, but a page that is not in front would
    # draw no frame, and a click would wait for one.
    "--js-flags=--single-threaded",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options to build the demonstration home even if the user's cache has it, and to measure files."""
    parser.addoption(
        "--fresh-home", action="store_true", help="build the demonstration home, whatever an earlier session has kept"
    )
    parser.addoption(
        "--processor-time", action="store_true", help="print the processor time of each test file and shared fixture"
    )


@pytest.fixture(scope="session")
def built_home(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Root of a demonstration home, made from `raw_samples/` by the real job and published; read-only by agreement.

    All workers of a session share it: the first builds under a lock, the others wait.  A later session copies it from
    the user's cache, unless a file that the build reads has changed (`tests/support/home_cache.py`) or `--fresh-home`
    is given.  Its release and its clock never change within a session; a test that writes asks for `copied_home`.
    For work on single tests, `RTI_TEST_HOME` names such a home that is there already.
    """
    if os.environ.get("RTI_TEST_HOME"):
        return Path(os.environ["RTI_TEST_HOME"])
    if request.config.getoption("--fresh-home"):
        return build_once(tmp_path_factory, "built-home", build_home)

    entries = home_cache.entries_folder()

    def build_entry(root: Path) -> None:
        build_home(root, home_cache.protection_folder(entries))

    def copy_or_build(root: Path) -> None:
        home_cache.copy_or_build(root, build_entry, entries=entries, key=home_cache.home_key())

    return build_once(tmp_path_factory, "built-home", copy_or_build)


@pytest.fixture(scope="session")
def release_root(request: pytest.FixtureRequest) -> Path:
    """Root of a home with the small release that is written by hand; read-only by agreement."""
    from tests.support.releases import release_fixture

    return kept_builds.build_kept(request, "release-by-hand", release_fixture.make_home)


@pytest.fixture(scope="session")
def editions_root(request: pytest.FixtureRequest) -> Path:
    """Root of a home with two such releases, of which the newer one is current; read-only by agreement."""
    from tests.support.releases import two_editions

    return kept_builds.build_kept(request, "two-releases-by-hand", two_editions.make_home)


@pytest.fixture(scope="session")
def editions_and_draft_root(request: pytest.FixtureRequest) -> Path:
    """Root of a home with these two releases and the draft of a third one; read-only by agreement."""
    from tests.support.releases import two_editions

    return kept_builds.build_kept(request, "two-releases-and-draft", two_editions.make_home_with_draft)


@pytest.fixture(scope="session")
def publication_home(request: pytest.FixtureRequest) -> Home:
    """The home of `publication_fixture`, with a release and the draft of the next one; read-only by agreement."""
    from tests.support.releases import publication_fixture

    return open_home(kept_builds.build_kept(request, "release-and-draft", publication_fixture.make_home) / "home")


@pytest.fixture(scope="session")
def planted_root(request: pytest.FixtureRequest) -> Path:
    """Root of a home with three such releases and known changes between them; read-only by agreement."""
    from tests.support.releases import planted_changes

    return kept_builds.build_kept(request, "three-releases-by-hand", planted_changes.make_home)


@pytest.fixture
def demonstration(built_home: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The built home, opened under its frozen clock, to be read."""
    monkeypatch.setenv("RTI_NOW", CLOCK)
    monkeypatch.setenv("RTI_HOME", str(built_home))
    return open_home(built_home)


@pytest.fixture
def copied_home(built_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A copy of the built home that a test may change, under the frozen clock."""
    root = tmp_path / "home"
    copy_home(built_home, root)
    monkeypatch.setenv("RTI_NOW", CLOCK)
    monkeypatch.setenv("RTI_HOME", str(root))
    yield open_home(root)


_MAIN = sys.modules["__main__"]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Put back the main module of the process, which Streamlit replaces by the script of each page that it runs.

    multiprocessing runs the main module again in every process that it starts.
    """
    sys.modules["__main__"] = _MAIN


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import the test modules without searching for garbage, and exempt what they made from later searches."""
    gc.disable()
    try:
        return (yield)
    finally:
        _let_streamlit_loggers_propagate()
        gc.freeze()
        gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
        gc.enable()


def _let_streamlit_loggers_propagate() -> None:
    """Let the root logger have the messages of Streamlit's loggers.

    Streamlit makes some sixty that do not propagate. pytest would attach a handler to each of them, and remove it, six
    times a test. Their own handlers stay.
    """
    for name, logger in logging.root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger) and name.partition(".")[0] == "streamlit":
            logger.propagate = True


def pytest_report_header() -> str:
    """Name the turn of this run, so that it can be repeated."""
    last = sampling.TURNS - 1
    return f"samples: turn {sampling.find_turn()}; {sampling.TURN_VARIABLE} from 0 to {last} chooses another"


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks of sampled tests and of those that need a PostgreSQL, and what Hypothesis may spend.

    Its default limit is 200 ms for each example, which other work on the machine uses up.
    """
    from hypothesis import settings

    config.addinivalue_line("markers", "postgres: needs a PostgreSQL (python -m tests.support.postgres)")
    config.addinivalue_line("markers", sampling.DESCRIPTION)
    if config.getoption("--fresh-home"):
        sampling.run_everything()
    examples = sampling.count_examples(_EXAMPLES)
    settings.register_profile("project", settings(), deadline=None, max_examples=examples)
    settings.load_profile("project")
    # A report in JUnit's format lists setups and teardowns as well.
    if hasattr(config, "workerinput") and not config.getoption("xmlpath"):
        leave_out_messages(config.pluginmanager)
    if config.getoption("--processor-time"):
        config.pluginmanager.register(ProcessorTimePlugin(), "processor-time")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the next session compute again what a failed test has read."""
    report = yield
    if report.failed:
        kept_builds.forget_values(item.path)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the cases that only `make test-all` runs, before pytest selects tests by their marks.

    Put the files in the order in which workers should take them; tests of one file keep theirs.
    """
    sampling.mark_cases_outside_samples(items)
    fixtures: dict[str, set[str]] = {}
    for item in items:
        names = getattr(item, "fixturenames", ())
        fixtures.setdefault(item.nodeid.partition("::")[0], set()).update(names)
    places = {path: place for place, path in enumerate(order_files(fixtures))}
    items.sort(key=lambda item: places[item.nodeid.partition("::")[0]])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileScheduling | None:
    """Hand work to workers by our own units if whole files are asked for (`make test`)."""
    return FileScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[postgres.Databases]:
    """A PostgreSQL of this session, started when the first test asks for it."""
    with postgres.run_server() as address:
        databases = postgres.Databases(address)
        yield databases
        databases.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Each test once for each database: homes opened in it keep their ledger there. Gives the database's name."""
    if request.param == "sqlite":
        monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
        yield "sqlite"
        return
    databases: postgres.Databases = request.getfixturevalue("postgres_databases")
    url = databases.take_migrated()
    monkeypatch.setenv("RTI_LEDGER_URL", url)
    yield "postgresql"
    databases.give_back(url)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set the clock."""
    return lambda moment: monkeypatch.setenv("RTI_NOW", moment)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium, one a process, since Playwright takes no second loop.

    The tests are skipped where there is none (`python -m tests.support.chromium` names the command).
    """
    from playwright.sync_api import sync_playwright

    from tests.support.chromium import FLAGS, find_chromium

    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium found; `python -m tests.support.chromium` installs one or names the command")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *_CHROMIUM], headless=True)
        yield chromium
        chromium.close()
