"""A port for a server that a test starts."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress


def free_port() -> int:
    """Return a port of the loopback address that nothing uses at this moment.

    It is below the ephemeral ports: another process may get one of those before the server binds it.
    """
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
