"""A task that a running service does for its home whenever it is asked and the next attempt is due."""

from __future__ import annotations

import time
from collections.abc import Callable

from pipelines.core.home import Home


class HomeTask:
    """Base of such tasks: errors are reported and not raised; tests pass their own `monotonic` clock."""

    def __init__(
        self, home: Home, *, report: Callable[[str], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._home = home
        self._report = report
        self._monotonic = monotonic
        self._next_attempt = 0.0

    def _is_due(self) -> bool:
        return self._monotonic() >= self._next_attempt

    def _wait(self, seconds: float) -> None:
        self._next_attempt = self._monotonic() + seconds
