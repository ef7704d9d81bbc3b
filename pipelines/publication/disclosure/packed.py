"""Keep cells compressed in memory while others are worked on."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipelines.core.packing import pack_frame, unpack_frame


class PackedCells:
    """Cells as the bytes of a compressed Arrow file, in memory and never on disk.

    Their codes repeat so often that they take less than a tenth of their memory. It can be pickled.
    """

    def __init__(self, cells: pl.DataFrame) -> None:
        self.height = cells.height
        self._bytes = pack_frame(cells)

    def unpack_cells(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return the cells, or some of their columns."""
        return unpack_frame(self._bytes, columns)


def pack_cells(cells: pl.DataFrame | PackedCells) -> PackedCells:
    """Return cells packed; those that are packed already are returned as they are."""
    return cells if isinstance(cells, PackedCells) else PackedCells(cells)
