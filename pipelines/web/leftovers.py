"""Remove the half-written files that killed processes left in a home, when the service starts.

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
    """Remove abandoned temporary files and folders, and return them."""
    with_subfolders = (home.store, home.facts, home.restricted / "protection")
    paths = [path for folder in with_subfolders for path in folder.rglob(".*.new")]
    alone = (home.root, home.restricted, home.restricted / "keys", home.root / practice.FOLDER, outbox_folder(home))
    paths += [path for folder in alone for path in folder.glob(".*.new")]
    return asides.remove_abandoned(paths)
