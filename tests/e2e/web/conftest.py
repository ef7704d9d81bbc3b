"""Fixtures of a service of one module alone: for tests that kill it or measure its times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.demonstration import copy_home
from tests.support.service.running import Service, run_service


@pytest.fixture(scope="module")
def home_of_module(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the built home that the tests of one module change."""
    root = tmp_path_factory.mktemp("service") / "home"
    copy_home(built_home, root)
    return root


@pytest.fixture(scope="module")
def service(home_of_module: Path) -> Iterator[Service]:
    """The service of that home."""
    with run_service(home_of_module, home_of_module.parent) as running:
        yield running
