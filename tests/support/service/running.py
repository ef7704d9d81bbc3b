"""Run the service of a home as a separate process: start it, call its API with tokens, end or kill it by process id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from pipelines.core.home import Home, open_home
from pipelines.core.processes import list_descendants
from tests.support.demonstration import CLOCK, frozen_at
from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.processes import read_processor_time

SAMPLES = ROOT / "raw_samples"
WITHOUT_UPLOADS = [
    sys.executable, "-c", "from dashboards.office import app; app._preload = lambda *_: None; app.main()",
]  # fmt: skip
"""Command of a service that does not load what a first upload would wait for, which takes longer than its start."""
LONGEST_START = 180.0
"""Seconds; on an idle machine it takes six."""


@dataclass
class Service:
    """A running service. `temporary` is the folder for the temporary files of its processes."""

    home: Home
    address: str
    process: subprocess.Popen[bytes]
    log: Path
    temporary: Path
    tokens: dict[str, str] = field(default_factory=dict)
    issuing: threading.Lock = field(default_factory=threading.Lock)

    def issue_token(self, account: str) -> str:
        """Return a token of an account, issued once in the ledger while the service runs.

        Threads take turns: `frozen_at` changes the environment of the whole process. A thread that leaves it while
        another is still inside would let that other thread write to the ledger at today's date.
        """
        from pipelines.ledger.opening import open_ledger
        from pipelines.submissions.accounts import accounts, tokens

        with self.issuing:
            if account not in self.tokens:
                with frozen_at(CLOCK, self.home.root):
                    engine = open_ledger(self.home)
                    self.tokens[account] = tokens.issue_token(
                        engine, accounts.get_identity(engine, account), "a test"
                    ).text
                    engine.dispose()
            return self.tokens[account]

    def open_client(self, account: str, *, timeout: float = 120.0) -> httpx.Client:
        """Return a client of the API with a token of this account."""
        return httpx.Client(
            base_url=f"{self.address}/api/v1",
            headers={"Authorization": f"Bearer {self.issue_token(account)}"},
            timeout=timeout,
            trust_env=False,
        )

    def list_process_ids(self) -> list[int]:
        """Return the process ids of the service and all its descendants."""
        return [self.process.pid, *list_descendants(self.process.pid)]

    def measure_memory(self, kind: str = "Pss") -> float:
        """Return the megabytes of the service with all its processes; shared pages count proportionally.

        The kind `Pss_Anon` leaves out pages of files, which the kernel takes and brings back as it likes.
        """
        kilobytes = 0
        for pid in self.list_process_ids():
            with suppress(OSError):
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith(f"{kind}:"):
                        kilobytes += int(line.split()[1])
        return kilobytes / 1024

    def measure_processor_time(self) -> float:
        """Return the seconds of processor time that the service and its living processes have used so far."""
        return sum(map(read_processor_time, self.list_process_ids()))

    def kill_process(self) -> None:
        """Kill the service with SIGKILL, without warning."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def run_service(
    root: Path, folder: Path, *, environment: Mapping[str, str] | None = None, command: list[str] | None = None
) -> Iterator[Service]:
    """Run the service of the home at `root`, with its log and temporary files in `folder`; end it by process id.

    `command` replaces `python -m dashboards.office.app`; the port is added to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    port, log = free_port(), folder / "service.log"
    settings = {**os.environ, "RTI_HOME": str(root), "RTI_NOW": CLOCK, "TMPDIR": str(temporary), **(environment or {})}
    full_command = [*(command or [sys.executable, "-m", "dashboards.office.app"]), "--port", str(port)]
    with log.open("ab") as output:
        process = subprocess.Popen(full_command, cwd=ROOT, env=settings, stdout=output, stderr=output)
        service = Service(open_home(root), f"http://127.0.0.1:{port}", process, log, temporary)
        try:
            wait_until_healthy(service)
            yield service
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_healthy(service: Service) -> None:
    """Wait until the service reports that it is healthy."""
    began = time.monotonic()
    # `httpx.get` would load the certificates of all authorities for each question.
    with httpx.Client(base_url=service.address, timeout=10, trust_env=False) as client:
        while time.monotonic() - began < LONGEST_START and service.process.poll() is None:
            with suppress(httpx.TransportError):
                if client.get("/health").status_code == 200:
                    return
            time.sleep(0.1)
    log_tail = service.log.read_text(encoding="utf-8", errors="replace")[-3000:]
    raise AssertionError(f"the service did not start:\n{log_tail}")


def warm_service(service: Service, account: str = "sender") -> None:
    """Wait for the answers to two first files, so that later measurements are of a warmed-up service."""
    with service.open_client(account) as client:
        for file in (
            SAMPLES / "RS/justice/SORS_KRIM_THB_2026-Q3.xml",
            SAMPLES / "AL/justice/PP_Trafikimi_2026_T3.xlsx",
        ):
            assert check_file(client, file.read_bytes(), file.name).status_code == 200


def check_file(client: httpx.Client, data: bytes, name: str, **query: Any) -> httpx.Response:
    """Check a file without storing it."""
    return client.post("/check", content=data, headers={"X-Filename": quote(name)}, params=query)


def upload_file(client: httpx.Client, data: bytes, name: str, **query: Any) -> httpx.Response:
    """Submit a file."""
    return client.post("/submissions", content=data, headers={"X-Filename": quote(name)}, params=query)


# ---------------------------------------------------------------------------------------------------------------- files

SENDERS: Mapping[str, str] = {
    "al-nrm-sender": "AL/victims",
    "al-pp-sender": "AL/justice",
    "ba-brc-po-sender": "BA/justice/JT_BD",
    "ba-coord-sender": "BA/victims",
    "ba-fed-po-sender": "BA/justice/FT_FBiH",
    "ba-srp-stat-sender": "BA/justice/RZS",
    "ba-state-po-sender": "BA/justice/TBIH",
    "hr-dzs-sender": "HR/justice",
    "hr-mpu-sender": "HR/register",
    "hr-mup-sender": "HR/victims",
    "me-natc-sender": "ME/victims",
    "me-stat-sender": "ME/justice",
    "mk-nrm-sender": "MK/victims",
    "mk-sso-sender": "MK/justice",
    "rs-centre-sender": "RS/victims",
    "rs-courts-sender": "RS/register",
    "rs-sors-sender": "RS/justice",
    "xk-kpc-sender": "XK/justice",
    "xk-natc-sender": "XK/victims",
    "sender": "AL/justice",
}
"""The demonstration's twenty senders and the folder of each one's returns."""


def find_newest_return(account: str) -> Path:
    """Return the newest return that an account of the demonstration has sent, by the list of arrivals."""
    import csv

    with (SAMPLES / "arrivals.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith(SENDERS[account])]
    rows = [row for row in rows if account in (row["sender"], "sender") and row["kind"] != "nil"]
    return SAMPLES / max(rows, key=lambda row: (row["received_at"], row["file"]))["file"]


def make_variant(path: Path, number: int) -> bytes:
    """Return the same return in bytes that nobody has sent yet; each number gives a different variant."""
    data, suffix = path.read_bytes(), path.suffix.lower()
    if suffix in (".xlsx", ".ods", ".docx"):
        return _repack_archive(data, number)
    if suffix in (".xml", ".html"):
        return data + f"\n<!-- {number} -->\n".encode()
    if suffix == ".pdf":
        return data + f"\n% {number}\n".encode()
    if suffix == ".xls":
        return data + b"\0" * (512 * (number + 1))
    if data.startswith(b"\xff\xfe"):
        return data + "\r\n".encode("utf-16-le") * (1 + number)
    return data.rstrip(b"\r\n") + b"\n" * (2 + number)


def _repack_archive(data: bytes, number: int) -> bytes:
    output = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(output, "w") as new:
        for part in old.infolist():
            part.date_time = (2020 + number // 10_000, 1, 1 + number % 28, number // 28 % 24, number // 672 % 60, 0)
            new.writestr(part, old.read(part), compress_type=part.compress_type)
    return output.getvalue()
