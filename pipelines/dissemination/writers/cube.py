"""Arrange observations as a cube: every combination of the codes in use, in the order of the dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Final

import polars as pl

from pipelines.dissemination import periods
from pipelines.dissemination.notes import find_language
from pipelines.dissemination.structures import TIME_PERIOD, StructureError
from pipelines.dissemination.writers.extract import Extract

LARGEST_CUBE: Final = 1_000_000
"""Combinations that a cube may have, empty ones included."""
_CONSTANTS: Final = frozenset({"_T", "_Z"})


class CubeTooLargeError(StructureError):
    """A selection whose codes make more combinations than a file of cubes should have."""

    def __init__(self, combinations: int) -> None:
        super().__init__(
            f"The selection makes {combinations} combinations; the most for this format is {LARGEST_CUBE}. "
            "Select fewer codes or periods."
        )
        self.combinations = combinations


@dataclass(frozen=True)
class CubeAxis:
    """One dimension of a cube with the codes in use."""

    name: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class ExtractCube:
    """A cube of an extract. Periods are the last axis, so that a series is a row."""

    extract: Extract
    axes: tuple[CubeAxis, ...]

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Return how many codes each axis has."""
        return tuple(len(axis.codes) for axis in self.axes)

    @cached_property
    def positions(self) -> list[int]:
        """Return the position in the cube of each observation."""
        factor = 1
        terms = []
        for axis in reversed(self.axes):
            place = pl.col(axis.name).cast(pl.String).replace_strict(
                axis.codes, [factor * number for number in range(len(axis.codes))], return_dtype=pl.Int64
            )  # fmt: skip
            terms.append(place)
            factor *= len(axis.codes)
        rows = self.extract.observations
        return rows.select(pl.sum_horizontal(terms)).to_series().to_list() if terms else [0] * rows.height

    def label_codes(self, axis: CubeAxis, language: str) -> list[str]:
        """Return the labels of the codes of an axis. Equal labels get their code in brackets."""
        if axis.name == TIME_PERIOD:
            return [periods.label_period(code, find_language(language)) for code in axis.codes]
        codelist = self.extract.dataflow.structure.codelists[axis.name]
        labels = [self.extract.structures.find_label(codelist, code, language) for code in axis.codes]
        return [
            f"{label} ({code})" if labels.count(label) > 1 else label
            for label, code in zip(labels, axis.codes, strict=True)
        ]


def make_cube(extract: Extract, *, keeps_constants: bool = True) -> ExtractCube:
    """Return the cube of an extract. Raises CubeTooLargeError for more than `LARGEST_CUBE` combinations.

    Without `keeps_constants`, dimensions that are at their total or do not apply in all observations are left out,
    unless they distinguish observations.
    """
    rows = extract.observations
    axes = [
        CubeAxis(name, tuple(str(code) for code in rows[name].unique().sort()))
        for name in extract.dataflow.structure.dimension_ids
    ]
    spans = sorted(map(periods.parse_period, rows[TIME_PERIOD].unique()), key=lambda span: (span.start, span.end))
    if not keeps_constants:
        axes = _drop_constants(axes, rows)
    cube = ExtractCube(extract, (*axes, CubeAxis(TIME_PERIOD, tuple(span.code for span in spans))))
    if prod(cube.sizes) > LARGEST_CUBE:
        raise CubeTooLargeError(prod(cube.sizes))
    return cube


def _drop_constants(axes: Sequence[CubeAxis], rows: pl.DataFrame) -> list[CubeAxis]:
    """Return the axes without those that say only "total" or "not applicable", if the others still name each row."""
    remaining = list(axes)
    for axis in axes:
        others = [item.name for item in remaining if item is not axis]
        if set(axis.codes) <= _CONSTANTS and not rows.select(*others, TIME_PERIOD).is_duplicated().any():
            remaining.remove(axis)
    return remaining
