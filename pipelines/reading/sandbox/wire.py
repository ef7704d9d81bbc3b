"""Exchange jobs and results with the reading children: framing, fast pickling, restricted unpickling.

A child has parsed an untrusted file, so what it sends is unpickled with an allow-list: plain values, and classes
defined in trusted packages, never functions.
"""

from __future__ import annotations

import dataclasses
import gc
import io
import pickle
import socket
import struct
import sys
import time
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from pipelines.core.packing import pack_frame, unpack_frame
from pipelines.model import content

if TYPE_CHECKING:
    import polars as pl

_HEADER = struct.Struct("!Q")
MAX_FRAME = 1 << 30
_PLAIN = {
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("builtins", "bytearray"): bytearray,
    ("builtins", "complex"): complex,
}
_SAFE_MODULES = ("datetime", "decimal", "fractions", "collections", "uuid")


class ClosedError(Exception):
    """The other side has closed the connection."""


class TimedOutError(Exception):
    """The other side did not answer in time."""


def _make_reducer(cls: type[Any]) -> Callable[[Any], tuple[Any, ...]]:
    if issubclass(cls, tuple):
        return lambda item: (cls, tuple(item))
    names = [field.name for field in dataclasses.fields(cls)]
    getter = attrgetter(*names)
    if len(names) == 1:
        return lambda item: (cls, (getter(item),))
    return lambda item: (cls, getter(item))


_SHAPES = (
    content.Where,
    content.SourceCell,
    content.SourceTable,
    content.Remark,
    content.Grid,
    content.Member,
    content.SourceDimension,
    content.CubeObservation,
)
# Frozen classes with slots are pickled by a Python loop over their fields. A call with all fields is several times
# as fast, and a grid holds two objects per cell.
_DISPATCH: dict[type, Callable[[Any], tuple[Any, ...]]] = {cls: _make_reducer(cls) for cls in _SHAPES}


class PackedFrame:
    """Data frame in transit, packed; unpickling one returns the frame."""

    def __new__(cls, data: bytes) -> pl.DataFrame:  # type: ignore[misc]
        import polars as pl

        try:
            return unpack_frame(data)
        except pl.exceptions.PolarsError as error:
            raise pickle.UnpicklingError(f"a frame could not be unpacked ({type(error).__name__})") from error


def _reduce_frame(frame: pl.DataFrame) -> tuple[type, tuple[bytes]]:
    return PackedFrame, (pack_frame(frame),)


def dump_value(value: Any) -> bytes:
    """Pickle a job or a result."""
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=5)
    polars = sys.modules.get("polars")  # a process that has not imported polars sends no frame
    pickler.dispatch_table = _DISPATCH if polars is None else {**_DISPATCH, polars.DataFrame: _reduce_frame}
    pickler.dump(value)
    return buffer.getvalue()


class _RestrictedUnpickler(pickle.Unpickler):
    """Unpickler that allows only plain values and classes of trusted packages."""

    def __init__(self, data: bytes, trusted: tuple[str, ...]) -> None:
        super().__init__(io.BytesIO(data))
        self.trusted = trusted

    def find_class(self, module: str, name: str) -> Any:
        plain = _PLAIN.get((module, name))
        if plain is not None:
            return plain
        package = module.partition(".")[0]
        if "." not in name and (package in self.trusted or module in _SAFE_MODULES):
            attribute = super().find_class(module, name)
            # Allow only classes defined in that module: no functions, and nothing the module imported from elsewhere.
            if isinstance(attribute, type) and (attribute.__module__ == module or module in _SAFE_MODULES):
                return attribute
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a result")


def load(data: bytes, trusted: tuple[str, ...]) -> Any:
    """Unpickle a result of a child; raises pickle.UnpicklingError for anything but plain values and trusted classes."""
    was_enabled = gc.isenabled()
    gc.disable()  # creating 20,000 cells would start the collector dozens of times, without any garbage to collect
    try:
        return _RestrictedUnpickler(data, trusted).load()
    finally:
        if was_enabled:
            gc.enable()


def send_frame(sock: socket.socket, frame: bytes, deadline: float | None = None) -> None:
    """Send one frame; raises ClosedError or TimedOutError. `deadline` is a time of `time.monotonic`."""
    _set_timeout(sock, deadline)
    try:
        sock.sendall(_HEADER.pack(len(frame)))
        sock.sendall(frame)
    except TimeoutError as error:
        raise TimedOutError from error
    except OSError as error:
        raise ClosedError from error


def receive_frame(sock: socket.socket, deadline: float | None = None) -> bytes:
    """Receive one frame; raises ClosedError or TimedOutError."""
    (length,) = _HEADER.unpack(_receive_exactly(sock, _HEADER.size, deadline))
    if length > MAX_FRAME:
        raise ClosedError
    return _receive_exactly(sock, length, deadline)


def _receive_exactly(sock: socket.socket, length: int, deadline: float | None) -> bytes:
    """Receive a number of bytes before the deadline."""
    buffer = bytearray(length)
    view = memoryview(buffer)
    received = 0
    while received < length:
        _set_timeout(sock, deadline)
        try:
            count = sock.recv_into(view[received:])
        except TimeoutError as error:
            raise TimedOutError from error
        except OSError as error:
            raise ClosedError from error
        if count == 0:
            raise ClosedError
        received += count
    return bytes(buffer)


def _set_timeout(sock: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        sock.settimeout(None)
        return
    seconds_left = deadline - time.monotonic()
    if seconds_left <= 0:
        raise TimedOutError
    sock.settimeout(seconds_left)
