"""Cache results that are expensive to make, in memory, so that each is made once however many requests need it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Result = TypeVar("Result")


class ResultCache(Generic[Result]):
    """A least-recently-used cache of at most `kept` results. Thread-safe.

    With `weigh`, the results that it keeps together weigh at most `heaviest`, except that the newest is always kept.
    """

    def __init__(self, kept: int, weigh: Callable[[Result], int] | None = None, heaviest: int = 0) -> None:
        self._kept = kept
        self._weigh = weigh
        self._heaviest = heaviest
        self._weights: dict[Hashable, int] = {}
        self._lock = threading.Lock()
        self._futures: OrderedDict[Hashable, Future[Result]] = OrderedDict()

    def get_or_make(self, key: Hashable, make: Callable[[], Result]) -> Result:
        """Return the result of a key. The first caller makes it while others wait; a failure is not cached."""
        with self._lock:
            future = self._futures.get(key)
            if mine := future is None:
                future = self._futures[key] = Future()
                self._drop_oldest()
            self._futures.move_to_end(key)
        assert future is not None
        if not mine:
            return future.result()
        try:
            result = make()
        except BaseException as error:
            with self._lock:
                if self._futures.get(key) is future:
                    del self._futures[key]
            future.set_exception(error)
            raise
        future.set_result(result)
        if self._weigh is not None:
            with self._lock:
                if self._futures.get(key) is future:
                    self._weights[key] = self._weigh(result)
                    self._drop_oldest()
        return result

    def get_or_make_in_state(self, key: Hashable, state: str | None, make: Callable[[], Result]) -> Result:
        """Return the result of a key for the state of what it is made from, which was read before.

        With None, which says that the state may not show the next change, the result is made and not cached.
        """
        return make() if state is None else self.get_or_make((key, state), make)

    def _drop_oldest(self) -> None:
        """Drop the least recently used results that are too many or too heavy; the caller holds the lock."""
        while len(self._futures) > self._kept or (
            len(self._futures) > 1 and sum(self._weights.values()) > self._heaviest
        ):
            key, _ = self._futures.popitem(last=False)
            self._weights.pop(key, None)

    def add_result(self, key: Hashable, result: Result) -> None:
        """Add a result that was made elsewhere."""
        self.get_or_make(key, lambda: result)

    def __len__(self) -> int:
        return len(self._futures)
