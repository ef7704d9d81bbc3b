"""The list of people who see a draft before its release. It is public: `public/preview.json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines.core import durable
from pipelines.core.home import Home


@dataclass(frozen=True, slots=True)
class PreviewReader:
    """One person who sees drafts, and why."""

    name: str
    organisation: str
    reason: str
    since: str


def preview_path(home: Home) -> Path:
    """Return the path of the list."""
    return home.public / "preview.json"


def read_preview_list(home: Home) -> list[PreviewReader]:
    """Return the list in the order of its entries. Raises DamagedJsonError."""
    path = preview_path(home)
    if not path.exists():
        return []
    return durable.read_shaped_json(path, lambda entries: [PreviewReader(**entry) for entry in entries])


def write_preview_list(home: Home, readers: Sequence[PreviewReader]) -> None:
    """Replace the list durably."""
    text = json.dumps([asdict(reader) for reader in readers], ensure_ascii=False, indent=1) + "\n"
    durable.write_file(preview_path(home), text.encode())
