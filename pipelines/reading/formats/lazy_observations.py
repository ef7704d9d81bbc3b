"""A sequence of observations that are built on demand, because a million of them would cost seconds and memory."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import overload

from pipelines.model.content import CubeObservation


class LazyObservations(Sequence[CubeObservation]):
    """Observations by position in the file. A subclass has their number and builds the one at a position."""

    __slots__ = ()

    @abstractmethod
    def build_at(self, index: int) -> CubeObservation:
        """Return the observation at a position from 0."""

    @overload
    def __getitem__(self, index: int) -> CubeObservation: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[CubeObservation]: ...
    def __getitem__(self, index: int | slice) -> CubeObservation | Sequence[CubeObservation]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self.build_at(index % len(self))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]
