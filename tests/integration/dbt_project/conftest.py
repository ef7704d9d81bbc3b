"""The made-up world and its counts: built once, and copied for each module, which may write to its copy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.core import clock
from pipelines.core.home import Home, initialise_home, open_home
from pipelines.warehouse import dbt
from tests.support.kept_builds import build_kept
from tests.support.warehouse.dbt_facts import parse_moment
from tests.support.warehouse.made_up_world import NOW, Counts, made_up_world


def build_counts_of_made_up_world(root: Path) -> None:
    """Make a home of the made-up world and build its counts."""
    with clock.freeze_time(parse_moment(NOW)):
        home = initialise_home(root, "demonstration")
        made_up_world().write_files(home)
        dbt.build_counts(home)


@pytest.fixture(scope="session")
def made_up_root(request: pytest.FixtureRequest) -> Path:
    """Root of a home of the made-up world whose counts are built, to be copied."""
    return build_kept(request, "made-up-world", build_counts_of_made_up_world)


@pytest.fixture(scope="module")
def home(made_up_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home of the made-up world whose counts are built, under its frozen clock."""
    root = tmp_path_factory.mktemp("home") / "data"
    shutil.copytree(made_up_root, root, symlinks=True)
    with clock.freeze_time(parse_moment(NOW)):
        yield open_home(root)


@pytest.fixture(scope="module")
def counts(home: Home) -> Counts:
    """The counts of the made-up world."""
    path = dbt.latest_counts(home)
    assert path is not None
    return Counts(path)
