"""A zip container of fixed bytes: parts in the given order, no times, one way of packing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack_parts(parts: Iterable[tuple[str, str | bytes]], *, stored: frozenset[str] = frozenset()) -> bytes:
    """Return the container of the parts (name, content); those named in `stored` are not compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as container:
        for name, content in parts:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            info.create_system = 0
            info.external_attr = 0
            container.writestr(info, content.encode() if isinstance(content, str) else content)
    return buffer.getvalue()
