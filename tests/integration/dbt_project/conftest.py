"""The counts of the made-up world, built once for each module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.core import clock
from pipelines.core.home import Home, init
from pipelines.warehouse import dbt
from tests.support.warehouse.dbt_facts import at
from tests.support.warehouse.made_up_world import NOW, Counts, made_up_world


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with clock.frozen(at(NOW)):
        home = init(tmp_path_factory.mktemp("home") / "data", "demonstration")
        made_up_world().write(home)
        yield home


@pytest.fixture(scope="module")
def counts(home: Home) -> Counts:
    return Counts(dbt.build_counts(home))
