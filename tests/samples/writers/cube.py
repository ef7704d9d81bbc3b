"""A cube before any file format: dimensions with members, and one value for each combination."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

Number = int | float | str
"""A number, or the office's sign for a missing one."""


@dataclass(frozen=True)
class Dimension:
    """`labels` by language: name of the dimension; `members`: code -> label by language."""

    id: str
    labels: Mapping[str, str]
    members: Mapping[str, Mapping[str, str]]
    time: bool = False
    eliminated_by: str | None = None


@dataclass(frozen=True)
class Cube:
    """Dimensions in the order stub then heading; `value` is called for each combination of member codes."""

    dimensions: Sequence[Dimension]
    value: Callable[[dict[str, str]], Number]
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def list_cells(self) -> list[tuple[dict[str, str], Number]]:
        """Return every combination in row-major order, with its value."""
        names = [dimension.id for dimension in self.dimensions]
        cells = []
        for codes in product(*(dimension.members for dimension in self.dimensions)):
            where = dict(zip(names, codes, strict=True))
            cells.append((where, self.value(where)))
        return cells
