"""Remove what killed processes left half-written in a home, when the service starts.

`rti store check` reports files of the store that the ledger does not know; only a person removes those
(`pipelines/submissions/unknown_bytes.py`). Such a file holds some or all of a return whose sender received no
confirmation and therefore sends it again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core import asides
from pipelines.submissions.notices.settings import outbox_folder
from pipelines.submissions.service import practice

if TYPE_CHECKING:
    from pipelines.core.home import Home


def remove_leftovers(home: Home) -> list[Path]:
    """Remove the temporary files and folders that nobody writes any more, and return them."""
    whole = (home.store, home.facts, home.restricted / "protection")
    paths = [path for folder in whole for path in folder.rglob(".*.new")]
    flat = (home.root, home.restricted, home.restricted / "keys", home.root / practice.FOLDER, outbox_folder(home))
    paths += [path for folder in flat for path in folder.glob(".*.new")]
    return asides.remove_abandoned(paths)
