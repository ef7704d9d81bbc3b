"""Remove the half-written files that a killed service left in its home, when the next one starts.

`rti store check` reports files of the store that the ledger does not know; only a person removes those
(`pipelines/submissions/unknown_bytes.py`). Such a file holds some or all of a return whose sender received no
confirmation and therefore sends it again.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.core.home import Home

OLDEST_SECONDS = 3600
"""No temporary file is written for an hour, so an older one is left over even if its process number is in use again."""
_ASIDE = re.compile(r"\..+?\.(?P<pid>\d+)(\.[0-9a-f]+)?\.new")
"""`.<name>.<process>[.<thread>].new`, as the store, the facts and the keys write."""


def remove_leftovers(home: Home) -> list[Path]:
    """Remove what dead processes left half-written, and return it. Call this before anything is served."""
    paths = [path for deep in (home.store, home.facts, home.restricted / "keys") for path in deep.rglob(".*.new")]
    paths += home.restricted.glob(".*.new")
    removed = []
    for path in sorted(paths):
        match = _ASIDE.fullmatch(path.name)
        if match is not None and path.is_file() and _abandoned(path, int(match["pid"])):
            path.unlink(missing_ok=True)
            removed.append(path)
    return removed


def _abandoned(path: Path, pid: int) -> bool:
    # The same process number belonged to another process before: a container starts counting again, and this process
    # has not written anything yet.
    if pid == os.getpid():
        return True
    with suppress(FileNotFoundError):
        if time.time() - path.stat().st_mtime > OLDEST_SECONDS:
            return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
