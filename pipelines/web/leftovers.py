"""What a killed service has left half-written in its home, removed when the next one starts.

A file of the store that the ledger does not know is told by `rti store check` and removed by nobody but a person
(`pipelines/submissions/unknown_bytes.py`).

Such a file holds some or all of a return that nobody was told is kept: its sender sends it again.
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
"""Nothing is written aside for an hour, whoever has the number of the process by now."""
_ASIDE = re.compile(r"\..+?\.(?P<pid>\d+)(\.[0-9a-f]+)?\.new")
"""`.<name>.<process>[.<thread>].new`, as the store, the facts and the keys write."""


def tidy(home: Home) -> list[Path]:
    """Remove what dead processes left half-written; returns what it was. To be called before anything is served."""
    found = [path for deep in (home.store, home.facts, home.restricted / "keys") for path in deep.rglob(".*.new")]
    found += home.restricted.glob(".*.new")
    gone = []
    for path in sorted(found):
        named = _ASIDE.fullmatch(path.name)
        if named is not None and path.is_file() and _abandoned(path, int(named["pid"])):
            path.unlink(missing_ok=True)
            gone.append(path)
    return gone


def _abandoned(path: Path, pid: int) -> bool:
    # Our own number was another's before: a container begins counting anew, and we have written nothing yet.
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
