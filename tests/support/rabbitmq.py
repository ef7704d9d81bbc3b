"""A RabbitMQ for the tests of workers: find Debian's, install it as root if missing, run one on loopback.

Run as `python -m tests.support.rabbitmq` by `make test-workers`, to check the packages. Exits with 1 and the command to
run otherwise. The program kustomize, with which the manifests of Kubernetes are rendered, is looked for as well.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.ports import free_port

PACKAGES = ("rabbitmq-server", "kustomize")
_SCRIPTS = Path("/usr/lib/rabbitmq/bin")
"""Debian's programs in /usr/sbin run these as the user of the service."""
_LONGEST = 120.0
"""Seconds that the server may take to start."""


class Broker:
    """A server on loopback with a folder of its own, which tests may stop and start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port, distribution, epmd = free_port(), free_port(), free_port()
        self.address = f"amqp://guest:guest@127.0.0.1:{self._port}//"
        (folder / "enabled_plugins").write_text("[].\n", encoding="utf-8")
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self._port}\nlog.file.level = warning\ndisk_free_limit.absolute = 50MB\n",
            encoding="utf-8",
        )
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "RABBITMQ_NODENAME": f"rti{secrets.token_hex(4)}@localhost",
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_SCHEMA_DIR": str(folder / "schema"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_DIST_PORT": str(distribution),
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # One scheduler: the server has little to do.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start_server(self) -> None:
        """Start the server and wait until it answers."""
        output = (self._folder / "output").open("ab")
        with output:
            self._process = subprocess.Popen(
                [_SCRIPTS / "rabbitmq-server"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        end = time.monotonic() + _LONGEST
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 2) as connection:
                connection.settimeout(10)
                # A server that is ready answers a protocol that it does not know with its own header.
                connection.sendall(b"AMQP\x00\x00\x00\x00")
                if connection.recv(4) == b"AMQP":
                    return
            time.sleep(0.3)
        output_text = (self._folder / "output").read_text(errors="replace")
        self.stop_server()
        raise RuntimeError(f"RabbitMQ did not start: {output_text[-2000:]}")

    def stop_server(self) -> None:
        """Kill the server and its children, as in a crash; what it has stored stays."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        epmd = next(Path("/usr/lib/erlang").glob("erts-*/bin/epmd"), None) or shutil.which("epmd")
        # The server starts this program of Erlang, which would stay for ever. It does not end before it has noticed
        # that the server is gone.
        for _ in range(50) if epmd is not None else ():
            ended = subprocess.run([epmd, "-kill"], env=self.environment, capture_output=True, text=True, check=False)
            if "living nodes" not in ended.stdout + ended.stderr:
                return
            time.sleep(0.1)


@contextmanager
def run_broker() -> Iterator[Broker]:
    """Run a server until the block ends."""
    if not (_SCRIPTS / "rabbitmq-server").is_file():
        raise RuntimeError("no RabbitMQ is found; install it with `python -m tests.support.rabbitmq`")
    folder = Path(tempfile.mkdtemp(prefix="rti-rabbitmq-"))
    broker = Broker(folder)
    try:
        broker.start_server()
        yield broker
    finally:
        broker.stop_server()
        shutil.rmtree(folder, ignore_errors=True)


def find_missing() -> list[str]:
    """Return the Debian packages whose programs are not on this machine."""
    is_there = {
        "rabbitmq-server": (_SCRIPTS / "rabbitmq-server").is_file(),
        "kustomize": bool(shutil.which("kustomize")),
    }
    return [name for name in PACKAGES if not is_there[name]]


def main() -> int:
    """Find or install RabbitMQ and kustomize; return 0 if they are there in the end."""
    if not (missing := find_missing()):
        print(f"RabbitMQ and kustomize for the tests of workers: {_SCRIPTS}, {shutil.which('kustomize')}")
        return 0
    command = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(missing)}"
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(
            f"The tests of workers need {' and '.join(missing)}. Install with: sudo sh -c '{command}'", file=sys.stderr
        )
        return 1
    print(f"Installing Debian's {' and '.join(missing)} (about a minute)")
    # In this run level Debian's scripts start no service: only the programs are needed.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run(["sh", "-c", f"{command} -qq"], check=True, env=environment, stdout=subprocess.DEVNULL)
    return 1 if find_missing() else 0


if __name__ == "__main__":
    sys.exit(main())
