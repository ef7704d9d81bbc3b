"""Watch the code server, which serves the definitions and starts the runs of the daemon: is it alive, what does it use?

It has no port of its own. The daemon, which cannot work without it, asks it on its socket and answers for it.
"""

from __future__ import annotations

import socket
import struct
from typing import Final

from pipelines.core.processes import list_descendants

_ANSWER_SECONDS: Final = 10.0
"""Seconds within which a code server answers; it loads the definitions before it listens."""


class CodeServerWatch:
    """Watches the code server that listens on a socket."""

    def __init__(self, path: str, seconds: float = _ANSWER_SECONDS) -> None:
        self._path, self._seconds = path, seconds

    def describe_problem(self) -> str:
        """Return what is wrong with the code server, or an empty text if it answers."""
        import grpc  # type: ignore[import-untyped]
        from dagster._grpc.__generated__ import dagster_api_pb2
        from dagster._grpc.__generated__.dagster_api_pb2_grpc import DagsterApiStub

        try:
            # Dagster's client would wait for a minute.
            with grpc.insecure_channel(f"unix:{self._path}") as channel:
                stub = DagsterApiStub(channel)  # type: ignore[no-untyped-call]
                stub.Ping(dagster_api_pb2.PingRequest(echo=""), timeout=self._seconds)
        except grpc.RpcError:
            return "the code server does not answer, so that nothing is evaluated and no run starts"
        return ""

    def list_processes(self) -> dict[str, list[int]]:
        """Return the processes by part: the code server, and `runs`, all that it has started. Linux only."""
        server = self._find_process()
        if server is None:
            return {"code-server": [], "runs": []}
        return {"code-server": [server], "runs": list_descendants(server)}

    def _find_process(self) -> int | None:
        """Return the process that listens on the socket."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(self._seconds)
                connection.connect(self._path)
                size = struct.calcsize("3i")
                pid: int = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[0]
        except (OSError, AttributeError):
            return None
        return pid
