"""Targets of the dbt project outside the home: the parts that each builds, and from which files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

from pipelines.core.home import Home

if TYPE_CHECKING:
    import duckdb

    from pipelines.warehouse.dbt_runner import NodeResult

IndicatorPart = Literal["restricted", "protected"]
"""The indicators of the second dbt phase, from restricted or from protected counts."""
Part = Literal["counts", "restricted", "protected"]
"""The counts of the first dbt phase, or indicators of the second."""


@dataclass(frozen=True)
class IndicatorInputs:
    """Files of the second dbt phase: `pipelines.warehouse.dbt.build_indicators` describes them.

    `counts` is a Parquet file, `dimensions` and `records` are folders of Parquet files.
    """

    counts: Path
    dimensions: Path
    records: Path


class Build(Protocol):
    """A completed build of one part."""

    @property
    def place(self) -> str:
        """Where the build is, in words for the person who started it."""

    @property
    def tests(self) -> tuple[NodeResult, ...]:
        """The results of its tests."""


B = TypeVar("B", bound=Build)


@dataclass(frozen=True)
class BuildTarget(Generic[B]):
    """A target outside the home: its name in `dbt_project/profiles.yml`, how it builds each part and opens a build.

    The functions raise WarehouseError. `open_build` gives the newest completed build of a part, attached as
    `warehouse`; it raises if there is none.
    """

    name: Literal["lake", "spark"]
    build_counts: Callable[[Home], B]
    build_indicators: Callable[[Home, IndicatorPart, IndicatorInputs], B]
    open_build: Callable[[Part], AbstractContextManager[duckdb.DuckDBPyConnection]]
