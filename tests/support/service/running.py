"""The service of a home as a process of its own: started, asked with tokens, ended or killed by its process id."""

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
from tests.support.demonstration import CLOCK, frozen_at
from tests.support.paths import ROOT
from tests.support.ports import free_port

SAMPLES = ROOT / "raw_samples"
LONGEST_START = 180.0
"""Seconds: on a machine that does nothing else it takes six."""


@dataclass
class Service:
    """A running service. `temporary` is the folder that its processes use for what is not kept."""

    home: Home
    address: str
    process: subprocess.Popen[bytes]
    log: Path
    temporary: Path
    tokens: dict[str, str] = field(default_factory=dict)
    issuing: threading.Lock = field(default_factory=threading.Lock)

    def token(self, account: str) -> str:
        """A token of an account, issued once in the ledger beside the service.

        Threads take turns: `frozen_at` changes the environment of the whole process, and one that leaves it while
        another is still inside would let that one write to the ledger at today's date.
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

    def client(self, account: str, *, timeout: float = 120.0) -> httpx.Client:
        """A client of the API that goes with a token of this account."""
        return httpx.Client(
            base_url=f"{self.address}/api/v1",
            headers={"Authorization": f"Bearer {self.token(account)}"},
            timeout=timeout,
            trust_env=False,
        )

    def family(self) -> list[int]:
        """Process ids of the service and all its descendants."""
        found, waiting = [], [self.process.pid]
        while waiting:
            one = waiting.pop()
            found.append(one)
            for task in Path(f"/proc/{one}/task").glob("*/children"):
                with suppress(OSError):
                    waiting += [int(child) for child in task.read_text().split()]
        return found

    def megabytes(self) -> float:
        """Memory of the service with all its processes, shared pages counted by their share."""
        kilobytes = 0
        for pid in self.family():
            with suppress(OSError):
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        kilobytes += int(line.split()[1])
        return kilobytes / 1024

    def seconds(self) -> float:
        """Processor time that the service and those of its processes that live have used so far."""
        return sum(map(_seconds_of, self.family()))

    def kill(self) -> None:
        """SIGKILL, without a word before."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def _seconds_of(pid: int) -> float:
    """Processor time of a process in user and system mode; none of one that has ended meanwhile."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


@contextmanager
def serving(
    root: Path, folder: Path, *, environment: Mapping[str, str] | None = None, command: list[str] | None = None
) -> Iterator[Service]:
    """The service of the home at `root`; its log and temporary files lie in `folder`. Ended by its process id.

    `command` replaces `python -m dashboards.office.app`; the port is added to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    port, log = free_port(), folder / "service.log"
    settings = {**os.environ, "RTI_HOME": str(root), "RTI_NOW": CLOCK, "TMPDIR": str(temporary), **(environment or {})}
    asked = [*(command or [sys.executable, "-m", "dashboards.office.app"]), "--port", str(port)]
    with log.open("ab") as output:
        process = subprocess.Popen(asked, cwd=ROOT, env=settings, stdout=output, stderr=output)
        service = Service(open_home(root), f"http://127.0.0.1:{port}", process, log, temporary)
        try:
            wait(service)
            yield service
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait(service: Service) -> None:
    """Until it says that it is well."""
    began = time.monotonic()
    while time.monotonic() - began < LONGEST_START and service.process.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(f"{service.address}/health", timeout=10, trust_env=False).status_code == 200:
                return
        time.sleep(0.1)
    said = service.log.read_text(encoding="utf-8", errors="replace")[-3000:]
    raise AssertionError(f"the service did not start:\n{said}")


def warm(service: Service, account: str = "sender") -> None:
    """Until a first file is answered, so that what is measured afterwards is a service that has run a while."""
    with service.client(account) as client:
        for file in (
            SAMPLES / "RS/justice/SORS_KRIM_THB_2026-Q3.xml",
            SAMPLES / "AL/justice/PP_Trafikimi_2026_T3.xlsx",
        ):
            assert check(client, file.read_bytes(), file.name).status_code == 200


def check(client: httpx.Client, data: bytes, name: str, **query: Any) -> httpx.Response:
    """Check a file; nothing is kept."""
    return client.post("/check", content=data, headers={"X-Filename": quote(name)}, params=query)


def upload(client: httpx.Client, data: bytes, name: str, **query: Any) -> httpx.Response:
    """Hand in a file."""
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
"""The demonstration's twenty senders, and where the returns of each lie."""


def newest(account: str) -> Path:
    """The newest return that an account of the demonstration has sent, by the list of arrivals."""
    import csv

    with (SAMPLES / "arrivals.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith(SENDERS[account])]
    rows = [row for row in rows if account in (row["sender"], "sender") and row["kind"] != "nil"]
    return SAMPLES / max(rows, key=lambda row: (row["received_at"], row["file"]))["file"]


def other_bytes(path: Path, number: int) -> bytes:
    """The same return in bytes that nobody has sent yet: another one for each number."""
    data, suffix = path.read_bytes(), path.suffix.lower()
    if suffix in (".xlsx", ".ods", ".docx"):
        return _packed_anew(data, number)
    if suffix in (".xml", ".html"):
        return data + f"\n<!-- {number} -->\n".encode()
    if suffix == ".pdf":
        return data + f"\n% {number}\n".encode()
    if suffix == ".xls":
        return data + b"\0" * (512 * (number + 1))
    if data.startswith(b"\xff\xfe"):
        return data + "\r\n".encode("utf-16-le") * (1 + number)
    return data.rstrip(b"\r\n") + b"\n" * (2 + number)


def _packed_anew(data: bytes, number: int) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for part in old.infolist():
            part.date_time = (2020 + number // 10_000, 1, 1 + number % 28, number // 28 % 24, number // 672 % 60, 0)
            new.writestr(part, old.read(part), compress_type=part.compress_type)
    return made.getvalue()
