"""Load the certificates of authorities once for all HTTP clients of a process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest
from httpx._config import create_ssl_context


@contextmanager
def share_certificates() -> Iterator[None]:
    """Let all clients that `httpx` makes in this block have one TLS context for each set of options.

    `httpx` loads the certificates of all authorities for each client, also for one that calls a server without TLS:
    49 ms of processor time for each `httpx.get`, measured on a busy machine.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", cache(create_ssl_context))
        yield
