"""Servers for the tests of the lake, and an empty lake for each module."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import pytest

from tests.support.lake import Servers, create_lake, run_servers


@pytest.fixture(scope="session")
def lake_servers() -> Iterator[Servers]:
    """Run a PostgreSQL and an object store for the session."""
    with run_servers() as servers:
        yield servers


@pytest.fixture(scope="module")
def lake(lake_servers: Servers) -> Iterator[Mapping[str, str]]:
    """Make an empty lake the lake of this process while a module runs; give the variables that name it."""
    variables = create_lake(lake_servers)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("RTI_LAKE_")]:
            patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables
