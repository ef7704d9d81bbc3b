"""Cache of input digests and outcomes of each step, so that unchanged steps are skipped."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.core import asides
from pipelines.core.home import Home

_LOG = logging.getLogger("rti.steps")
_FILE = "steps.json"
_PACKAGE = Path(__file__).resolve().parents[1]


def digest_parts(*parts: str | Path) -> str:
    """Return the SHA-256 over texts, files and (recursively) the files of folders."""
    sha256 = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            sha256.update(b"text\0" + part.encode() + b"\0")
            continue
        for path in sorted(part.rglob("*")) if part.is_dir() else [part]:
            if path.is_file():
                sha256.update(path.name.encode() + b"\0" + _digest_file(path))
    return sha256.hexdigest()


def _digest_file(path: Path) -> bytes:
    """Return the SHA-256 of a file, read in parts: that of a build takes gigabytes after a long history."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").digest()


_SUFFIXES = (".py", ".yml", ".csv", ".html", ".css", ".js", ".po")
"""Endings of the files that determine what a package makes."""


def code_digest(*packages: str) -> str:
    """Return the digest of the source of packages or modules below `pipelines`: changed code is a changed input."""
    return digest_parts(*(path for name in packages for path in _sources(_PACKAGE / name)))


def _sources(place: Path) -> Iterable[Path]:
    return sorted(p for p in place.rglob("*") if p.suffix in _SUFFIXES) if place.is_dir() else [place]


def find_outcome(home: Home, step: str, key: str) -> dict[str, Any] | None:
    """Return the outcome of a step if its last run had this key, else None."""
    record = _load(home).get(step)
    return record["outcome"] if record and record["key"] == key else None


def find_last_outcome(home: Home, step: str) -> dict[str, Any] | None:
    """Return the outcome of the last run of a step, whatever its inputs were, or None."""
    record = _load(home).get(step)
    return record["outcome"] if record else None


def store_outcome(home: Home, step: str, key: str, outcome: dict[str, Any]) -> None:
    """Store the outcome of a step. The file is replaced atomically, and steps that end at the same time take turns."""
    with _hold_file(home):
        _write(home, {**_load(home), step: {"key": key, "outcome": outcome}})


def forget_builds(home: Home) -> None:
    """Let every step with a file of its own run again, as after a restore: these files are in no backup.

    Their outcomes stay, because a draft that waits for publication is checked against them; only their keys go.
    """
    with _hold_file(home):
        records = _load(home)
        if records:
            has_path = {step for step, record in records.items() if "path" in record["outcome"]}
            _write(
                home, {step: {**record, "key": ""} if step in has_path else record for step, record in records.items()}
            )


@contextmanager
def _hold_file(home: Home) -> Iterator[None]:
    """Let one process at a time read and replace the file: two workers may end steps of one run at the same time."""
    from filelock import FileLock

    home.dagster.mkdir(parents=True, exist_ok=True)
    with FileLock(home.dagster / f"{_FILE}.lock", thread_local=False):
        yield


def _write(home: Home, records: dict[str, Any]) -> None:
    with asides.replace_file(home.restricted / _FILE, flush=True) as aside:
        aside.write_text(json.dumps(records, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _load(home: Home) -> dict[str, Any]:
    """Return the recorded steps. A damaged file counts as empty, so every step runs again; it is not an error."""
    path = home.restricted / _FILE
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        records = error
    if isinstance(records, dict) and all(_is_record(record) for record in records.values()):
        return records
    reason = str(records) if isinstance(records, ValueError) else "it does not hold records of steps"
    _LOG.warning("%s is damaged (%s); every step runs again and the file is replaced", path, reason)
    return {}


def _is_record(record: object) -> bool:
    return isinstance(record, dict) and isinstance(record.get("outcome"), dict) and isinstance(record.get("key"), str)
