"""Search for files that break a reader: damage a good file again and again, read each in a reading process."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pikepdf
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from pipelines.model.content import Content, ReadError
from pipelines.reading.formats.as_json import iter_json
from pipelines.reading.sandbox.child import PRELOAD, Child, Job, Launcher, read_job
from pipelines.reading.sandbox.launchers import make_launcher
from tests.fuzzing.edits import Damage, damage_file, draw_damage
from tests.support.paths import ROOT

SECONDS_A_FILE = 30.0
_ROUND = 200
"""Files read before the clock is looked at and the next good file is damaged."""
_FAULTS = ("read.reader_failed", "read.child_died")


@dataclass(frozen=True, slots=True)
class Target:
    """One reader: its name, its family of tokens, and the smallest files of the demonstration that it reads."""

    name: str
    family: str
    pattern: str

    def list_seeds(self) -> list[bytes]:
        """Return the good files that are damaged; of a PDF also a copy whose streams are not compressed."""
        smallest = sorted((ROOT / "raw_samples").rglob(self.pattern), key=lambda path: (path.stat().st_size, path))[:2]
        seeds = [path.read_bytes() for path in smallest]
        if self.family == "pdf":
            seeds += [_uncompress_pdf(content) for content in seeds]
        return seeds


TARGETS = (
    Target("xlsx", "markup", "*.xlsx"),
    Target("xls", "binary", "*.xls"),
    Target("ods", "markup", "*.ods"),
    Target("docx", "markup", "*.docx"),
    Target("html", "markup", "*.html"),
    Target("sdmx-ml", "markup", "SORS_*.xml"),
    Target("jsonstat", "json", "*.json"),
    Target("px", "px", "*.px"),
    Target("csv", "text", "*.csv"),
    Target("sdmx-csv", "sdmx-csv", "NATC_*.csv"),
    Target("pdf", "pdf", "*.pdf"),
)


@dataclass
class Fault:
    """A damage that broke the reader, made as small as it was found to be."""

    reason: str
    damage: Damage
    data: bytes


@dataclass
class Outcome:
    """Result of a search: files by what became of them (`read` or the rule that refused them), and the faults."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    seconds: float = 0.0


class _BrokenError(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


def read_and_render(job: Job) -> int:
    """Read a file and render what was read, in a reading process; return the number of its parts."""
    return sum(1 for _ in iter_json(_read(job)))


def _read(job: Job) -> Content:
    return read_job(job)


def search_faults(
    target: Target,
    *,
    seconds: float,
    first_seed: int = 0,
    most_files: int | None = None,
    work: Callable[[Job], object] = read_and_render,
) -> Outcome:
    """Damage and read files for so many seconds, or until `most_files` were read. The same seed draws the same files.

    A fault is found once for each of its reasons, and its damage is made smaller as far as hypothesis can.
    """
    outcome = Outcome(target.name)
    began = time.monotonic()
    launcher = make_launcher(work, preload=PRELOAD)
    try:
        reader = _Reader(launcher, outcome)
        for number, data in _repeat_seeds(target):
            if time.monotonic() - began >= seconds or outcome.counts.total() >= (most_files or float("inf")):
                break
            files = _ROUND if most_files is None else min(_ROUND, most_files - outcome.counts.total())
            _search_round(target, data, reader, files, first_seed + number)
        reader.close()
    finally:
        launcher.close()
    outcome.seconds = time.monotonic() - began
    return outcome


def _repeat_seeds(target: Target) -> Iterator[tuple[int, bytes]]:
    seeds = target.list_seeds()
    number = 0
    while True:
        yield number, seeds[number % len(seeds)]
        number += 1


class _Reader:
    """A reading process that is replaced when it has died."""

    def __init__(self, launcher: Launcher, outcome: Outcome) -> None:
        self.launcher, self.outcome = launcher, outcome
        self.child: Child | None = None

    def read_damaged(self, data: bytes) -> str:
        """Read a file, count what became of it, and return the reason if it broke the reader, else nothing."""
        if self.child is None or self.child.dead or not self.child.reusable:
            self.close()
            self.child = self.launcher.start_child()
        result = self.child.run_job(Job(None, data), SECONDS_A_FILE)
        if not isinstance(result, ReadError):
            self.outcome.counts["read"] += 1
            return ""
        self.outcome.counts[result.rule] += 1
        return str(result.params.get("detail") or result.params.get("reason")) if result.rule in _FAULTS else ""

    def close(self) -> None:
        """End the process."""
        if self.child is not None:
            self.child.close()


def _search_round(target: Target, data: bytes, reader: _Reader, files: int, number: int) -> None:
    found_reasons = {fault.reason for fault in reader.outcome.faults}

    @seed(number)
    @settings(
        max_examples=files,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(draw_damage(target.family))
    def read_damaged(damage: Damage) -> None:
        damaged = damage_file(data, damage)
        reason = reader.read_damaged(damaged)
        if reason and reason not in found_reasons:
            raise _BrokenError(Fault(reason, damage, damaged))

    try:
        read_damaged()
    except _BrokenError as broken:
        reader.outcome.faults.append(broken.fault)


@cache
def _uncompress_pdf(data: bytes) -> bytes:
    """Return the PDF with readable streams, so that an edit changes what they draw instead of breaking them."""
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pdf.save(buffer, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.generalized)
    return buffer.getvalue()


def write_faults(outcome: Outcome, folder: Path) -> None:
    """Write the broken files into a folder, each under the name of its reader and its number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, fault in enumerate(outcome.faults, start=1):
        (folder / f"{outcome.name}-{number}").write_bytes(fault.data)
