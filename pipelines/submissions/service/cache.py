"""Cache the validation reports of stored submissions in memory, so that opening a page again needs no new check."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.submissions.checking.report import Report

KEPT = 48
"""Number of cached reports: a return of 20,000 cells takes about 5 MB of memory."""


class ReportCache:
    """A least-recently-used cache of reports. Thread-safe."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._futures: OrderedDict[Hashable, Future[Report]] = OrderedDict()

    def get_or_make(self, key: Hashable, make: Callable[[], Report]) -> Report:
        """Return the report of a key. The first caller makes it while others wait; a failure is not cached."""
        with self._lock:
            future = self._futures.get(key)
            if mine := future is None:
                future = self._futures[key] = Future()
                while len(self._futures) > self._kept:
                    self._futures.popitem(last=False)
            self._futures.move_to_end(key)
        assert future is not None
        if not mine:
            return future.result()
        try:
            report = make()
        except BaseException as error:
            with self._lock:
                if self._futures.get(key) is future:
                    del self._futures[key]
            future.set_exception(error)
            raise
        future.set_result(report)
        return report

    def add_report(self, key: Hashable, report: Report) -> None:
        """Add a report that was made elsewhere."""
        self.get_or_make(key, lambda: report)

    def __len__(self) -> int:
        return len(self._futures)
