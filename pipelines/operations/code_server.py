"""Load the definitions once for the Dagster UI and the daemon of `rti serve`.

`python -m pipelines.operations.code_server` listens on a socket in a folder that only this user can enter. Started by
themselves, the UI and the daemon each load the definitions in a server of their own.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pipelines.core.garbage import collect_rarely
from pipelines.core.settings import SettingsError
from pipelines.core.structured_log import configure_log

if TYPE_CHECKING:
    from dagster._core.workspace.load_target import WorkspaceLoadTarget

DEFINITIONS: Final = "pipelines.definitions"
_PATIENCE: Final = 90.0


def add_socket_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the socket of a shared code server."""
    parser.add_argument("--code-server", metavar="SOCKET", help="the socket of a code server that runs already")


def choose_definitions(socket: str | None) -> WorkspaceLoadTarget:
    """Return where Dagster finds the definitions: a shared server, once it answers, or else a server of its own.

    Both have the same name, so that sensors keep their state. If the shared server does not answer in a minute and a
    half, the caller starts without it; Dagster connects later.
    """
    from dagster._cli.workspace.cli_target import workspace_opts_to_load_target
    from dagster._core.workspace.load_target import GrpcServerTarget
    from dagster_shared.cli import WorkspaceOpts

    if socket is None:
        return workspace_opts_to_load_target(WorkspaceOpts(module_name=(DEFINITIONS,)))
    _wait_for_server(socket)
    return GrpcServerTarget(host="localhost", port=None, socket=socket, location_name=DEFINITIONS)


def _wait_for_server(socket: str) -> None:
    from dagster._core.errors import DagsterUserCodeUnreachableError
    from dagster._grpc.client import DagsterGrpcClient

    client, end = DagsterGrpcClient(socket=socket), time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            client.ping("")
            return
        except DagsterUserCodeUnreachableError:
            time.sleep(0.1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the definitions on a socket until the process is asked to end."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.operations.code_server", description=__doc__)
    parser.add_argument("--socket", required=True)
    socket = parser.parse_args(arguments).socket
    try:
        configure_log("code-server")
    except SettingsError as error:
        raise SystemExit(f"rti: {error}") from None
    collect_rarely()
    from dagster._cli.api import grpc_command

    options = [
        "--module-name",
        DEFINITIONS,
        "--location-name",
        DEFINITIONS,
        "--socket",
        socket,
        "--log-level",
        "warning",
    ]
    grpc_command(options, standalone_mode=True)


if __name__ == "__main__":
    main()
