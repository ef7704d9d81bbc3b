"""Share one pool of reading processes between all threads of this process."""

from __future__ import annotations

import atexit
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.submissions.checking.read_task import PRELOAD, ReadResult, Task, run_task

if TYPE_CHECKING:
    from pipelines.reading.sandbox.pool import ChildPool


class SharedPool:
    """A pool of reading processes for all threads of this process, started on first use."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.pool: ChildPool[Task, ReadResult] | None = None
        self.digest = ""
        self.users: Counter[int] = Counter()
        self.retired: list[ChildPool[Task, ReadResult]] = []

    @contextmanager
    def borrow_pool(self, digest: str) -> Iterator[ChildPool[Task, ReadResult]]:
        """Yield the pool for declarations with this digest; close a pool for other declarations after its last user."""
        from pipelines.reading.sandbox.pool import ChildPool

        with self.lock:
            if self.pool is not None and (self.digest != digest or not self.pool.launcher.is_alive()):
                self.retired.append(self.pool)
                self.pool = None
            if self.pool is None:
                self.pool = ChildPool(run_task, preload=PRELOAD)
                self.digest = digest
                atexit.register(self.pool.close)
            pool = self.pool
            self.users[id(pool)] += 1
        try:
            yield pool
        finally:
            with self.lock:
                self.users[id(pool)] -= 1
                for old in [p for p in self.retired if not self.users[id(p)]]:
                    self.retired.remove(old)
                    del self.users[id(old)]
                    atexit.unregister(old.close)
                    old.close()


SHARED = SharedPool()
