"""Limit how many checks run at once: a few per account, the rest wait for their turn.

The pages and the API share one queue. Waiting takes no thread and delays nobody else: an office that sends a hundred
files leaves places for the others.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark

AT_ONCE = 2
"""Checks of one account that run at once."""
WAITING = 40
"""Waiting checks of one account, beyond which it is asked to try again later."""
HELD = 300 * 1024 * 1024
"""Bytes of one account's files that are held while they wait, beyond which it is asked to try again later."""
IN_ALL = 8
"""Checks that run at once in this process: each holds a thread while a reading process works."""
RESERVED = 4
"""Checks beyond those that run at once for accounts of which none runs."""

RETRY_SECONDS = 30
"""Seconds after which a refused account may try again."""
TOO_MANY_BYTES = mark("Files of {limit} MB of this account wait to be checked already.")
TOO_MANY_FILES = mark("{n} files of this account are already waiting to be checked.")

_Result = TypeVar("_Result")


class QueueFullError(UserFacingError):
    """An account has too many files waiting."""


class Queue:
    """Places of one process. Use it from one event loop only."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING, in_all: int = IN_ALL) -> None:
        self._at_once, self._waiting, self._in_all = at_once, waiting, in_all
        self._running: Counter[str] = Counter()
        self._turns: list[tuple[str, asyncio.Future[None]]] = []
        self._present: dict[str, int] = {}
        self._held: dict[str, int] = {}

    def hold_bytes(self, account: str, size: int) -> None:
        """Count bytes that are held for an account. Raises QueueFullError if they would be too many."""
        held_bytes = self._held.get(account, 0)
        if held_bytes + size > HELD:
            raise QueueFullError(TOO_MANY_BYTES, limit=HELD // 1024 // 1024)
        self._held[account] = held_bytes + size

    def release_bytes(self, account: str, size: int) -> None:
        """Subtract bytes that have been released."""
        bytes_left = self._held.get(account, 0) - size
        if bytes_left > 0:
            self._held[account] = bytes_left
        else:
            self._held.pop(account, None)

    async def run(self, account: str, work: Callable[[], _Result]) -> _Result:
        """Run a function in a thread when it is this account's turn. Raises QueueFullError if too many are already
        waiting."""
        present = self._present.get(account, 0)
        if present >= self._at_once + self._waiting:
            raise QueueFullError(TOO_MANY_FILES, n=self._waiting)
        self._present[account] = present + 1
        try:
            await self._enter(account)
            try:
                return await run_in_threadpool(work)
            finally:
                self._leave(account)
        finally:
            self._present[account] -= 1
            if not self._present[account]:
                del self._present[account]

    def _may_run(self, account: str) -> bool:
        limit = self._in_all if self._running[account] else self._in_all + RESERVED
        return self._running[account] < self._at_once and self._running.total() < limit

    async def _enter(self, account: str) -> None:
        """Wait for a place: the account with the fewest running checks is next, then the longest waiting one."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.append((account, turn))
        self._call_next()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave(account)
            else:
                self._turns.remove((account, turn))
            raise

    def _leave(self, account: str) -> None:
        self._running[account] -= 1
        if not self._running[account]:
            del self._running[account]
        self._call_next()

    def _call_next(self) -> None:
        while ready := [entry for entry in self._turns if self._may_run(entry[0]) and not entry[1].done()]:
            account, turn = entry = min(ready, key=lambda entry: self._running[entry[0]])
            self._turns.remove(entry)
            self._running[account] += 1
            turn.set_result(None)
