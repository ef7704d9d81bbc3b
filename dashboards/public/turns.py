"""Let few scripts of pages run at the same time.

All scripts of the process share one processor. Many at once do not end sooner: each waits for all others, and so does
the thread that sends what they have drawn.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

AT_ONCE: Final = 2
_TURNS: Final = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def take_turn() -> Iterator[None]:
    """Wait until fewer than `AT_ONCE` scripts run; end the turn also if the script is stopped or fails."""
    with _TURNS:
        yield
