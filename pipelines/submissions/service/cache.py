"""Reports that this process has made of stored submissions, so that a page opened twice costs one check."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.submissions.checking.report import Report

KEPT = 48
"""Reports kept: a return of 20,000 cells is about 5 MB in memory."""


class Reports:
    """A bounded store of reports; the one that was asked for longest ago goes first."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._futures: OrderedDict[Hashable, Future[Report]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Report]) -> Report:
        """The report of a key; made by the first who asks while others wait for it. A failure is kept for nobody."""
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

    def put(self, key: Hashable, report: Report) -> None:
        """Keep a report that was made elsewhere."""
        self.get(key, lambda: report)

    def __len__(self) -> int:
        return len(self._futures)
