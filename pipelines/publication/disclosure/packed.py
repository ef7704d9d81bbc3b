"""Keep a frame compressed in memory while others are worked on."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import polars as pl


class PackedFrame:
    """A frame as the bytes of a compressed Arrow file, in memory and never on disk.

    The codes of cells repeat so often that they take less than a tenth of their memory.  It can be pickled.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        self.height = frame.height
        packed = BytesIO()
        frame.write_ipc(packed, compression="zstd")
        self._bytes = packed.getvalue()

    def unpack_frame(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return the frame, or some of its columns."""
        return pl.read_ipc(BytesIO(self._bytes), columns=None if columns is None else list(columns))


def pack_cells(cells: pl.DataFrame | PackedFrame) -> PackedFrame:
    """Return cells packed; those that are packed already are returned as they are."""
    return cells if isinstance(cells, PackedFrame) else PackedFrame(cells)
