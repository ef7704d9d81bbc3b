"""Name the readers of a release: the public, and insiders who know the figures of some areas exactly."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from pipelines.publication.disclosure.space import Array, Space

PUBLIC = "public"
PRINTED = "printed"
"""Name of the public that also knows the annual totals that offices print themselves."""
ELSEWHERE = "elsewhere"
"""Name of the public that also knows the figures that another publisher states as the release would."""


class UnknownReaderError(ValueError):
    """No figures come from this reader; the text lists those that there are."""


@dataclass(frozen=True)
class InformedReader:
    """Someone who reads all releases and knows the figures of some areas exactly, whether they are withheld or not."""

    name: str
    areas: frozenset[str] = frozenset()
    knows: str = ""
    """Further knowledge of the reader: PRINTED, ELSEWHERE or none."""

    def find_own_columns(self, known: Space) -> Array:
        """Return a mask of the variables that count only persons of its areas."""
        columns: Array = np.array([owner in self.areas for owner in known.owners], dtype=bool)
        return columns


def find_reader(cells: pl.DataFrame, name: str) -> InformedReader:
    """Return the public, with or without other figures, a territory, or one or more jurisdictions (`A+B`) by name."""
    if name in (PUBLIC, PRINTED, ELSEWHERE):
        return InformedReader(name, knows="" if name == PUBLIC else name)
    not_regional = cells.filter(pl.col("area_kind") != "region")
    parts: dict[str, frozenset[str]] = {}
    for (territory,), areas in not_regional.group_by("territory", maintain_order=True):
        parts |= {area: frozenset([area]) for area in areas["area"].unique()}
        parts[str(territory)] = frozenset([str(territory), *areas["area"].unique()])
    if unknown := [part for part in name.split("+") if part not in parts]:
        raise UnknownReaderError(f"{', '.join(unknown)} reports nothing; reporters are {', '.join(sorted(parts))}")
    return InformedReader(name, frozenset().union(*(parts[part] for part in name.split("+"))))


def list_readers(cells: pl.DataFrame) -> list[InformedReader]:
    """Return the public, each territory, and each pair of jurisdictions of a territory that report these cells."""
    not_regional = cells.filter(pl.col("area_kind") != "region").select("area_kind", "area", "territory")
    distinct = not_regional.unique().sort("area_kind", "area")
    readers = [InformedReader(PUBLIC)]
    for (territory,), areas in distinct.group_by("territory", maintain_order=True):
        readers.append(InformedReader(str(territory), frozenset([str(territory), *areas["area"]])))
    for _, areas in distinct.filter(area_kind="jurisdiction").group_by("territory", maintain_order=True):
        readers += [InformedReader("+".join(pair), frozenset(pair)) for pair in combinations(areas["area"], 2)]
    return readers
