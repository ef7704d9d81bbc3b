"""Nothing new means no work: what each step was last made of.

Belongs here: digests of inputs and the record of the last outcome of each step.  Does not belong here: the steps.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipelines.home import Home

_FILE = "steps.json"
_PACKAGE = Path(__file__).resolve().parent


def digest(*parts: str | Path) -> str:
    """SHA-256 over texts, files and (recursively) the files of folders."""
    out = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            out.update(b"text\0" + part.encode() + b"\0")
            continue
        for path in sorted(part.rglob("*")) if part.is_dir() else [part]:
            if path.is_file():
                out.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return out.hexdigest()


def code(*packages: str) -> str:
    """Digest of the source of packages or modules below `pipelines`: a changed rule is a new input."""
    return digest(*(path for name in packages for path in _sources(_PACKAGE / name)))


def _sources(place: Path) -> Iterable[Path]:
    return sorted(p for p in place.rglob("*") if p.suffix in (".py", ".yml", ".csv")) if place.is_dir() else [place]


def remembered(home: Home, step: str, key: str) -> dict[str, Any] | None:
    """The outcome of a step, if it was last done with this very key."""
    record = _load(home).get(step)
    return record["outcome"] if record and record["key"] == key else None


def last(home: Home, step: str) -> dict[str, Any] | None:
    """The last outcome of a step, whatever it was made of."""
    record = _load(home).get(step)
    return record["outcome"] if record else None


def remember(home: Home, step: str, key: str, outcome: dict[str, Any]) -> None:
    """Record the outcome of a step, aside and renamed."""
    records = _load(home)
    records[step] = {"key": key, "outcome": outcome}
    path = home.restricted / _FILE
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(records, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    aside.replace(path)


def _load(home: Home) -> dict[str, Any]:
    path = home.restricted / _FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
