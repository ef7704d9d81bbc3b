"""Notices on published figures that were wrong. They are public, and stay with the data of every later release.

`public/notices.json` has one entry for each notice. It is written from the audit log (`pipelines/refresh/embargo.py`);
each draft takes the notices into its table `note`, from which pages and files show them next to the figures.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines.core import durable
from pipelines.core.home import Home


@dataclass(frozen=True, slots=True)
class CorrectionNotice:
    """One notice: the release in which figures were wrong, the area, the period (empty: all), and what was wrong."""

    notice_id: str
    release: str
    area: str
    period: str
    text: str
    issued_at: str


def notices_path(home: Home) -> Path:
    """Return the path of the notices."""
    return home.notices


def read_notices(home: Home) -> list[CorrectionNotice]:
    """Return all notices, oldest first. Raises DamagedJsonError."""
    path = notices_path(home)
    if not path.exists():
        return []
    return durable.read_shaped_json(path, lambda entries: [CorrectionNotice(**entry) for entry in entries])


def write_notices(home: Home, notices: Sequence[CorrectionNotice]) -> None:
    """Replace the notices durably; do nothing if they are the same."""
    text = json.dumps([asdict(notice) for notice in notices], ensure_ascii=False, indent=1) + "\n"
    path = notices_path(home)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        durable.write_file(path, text.encode())
