"""How many checks run at once: a few for each account, the rest wait their turn.

Belongs here: places and waiting.  Does not belong here: the work.  Waiting costs no thread and holds up nobody else:
one office that sends a hundred files leaves places for the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from pipelines.locales import tell
from pipelines.service.api_problems import ProblemError

AT_ONCE = 2
"""Checks of one account that run at once."""
WAITING = 40
"""Checks of one account that wait, beyond which it is asked to come again."""
HELD = 300 * 1024 * 1024
"""Bytes of one account's files that are held while they wait, beyond which it is asked to come again."""
IN_ALL = 8
"""Checks that run at once in this process: each holds a thread while a reading process works."""

_Result = TypeVar("_Result")


class Queue:
    """Places of one process. Used from one event loop."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING, in_all: int = IN_ALL) -> None:
        self._at_once, self._waiting = at_once, waiting
        self._all = asyncio.Semaphore(in_all)
        self._places: dict[str, asyncio.Semaphore] = {}
        self._present: dict[str, int] = {}
        self._held: dict[str, int] = {}

    def hold(self, account: str, language: str, size: int) -> None:
        """Count bytes that are held for an account. Raises ProblemError where it would be too many."""
        held = self._held.get(account, 0)
        if held + size > HELD:
            limit = HELD // 1024 // 1024
            detail = tell("Files of {limit} MB of this account wait to be checked already.", language, limit=limit)
            raise ProblemError(503, detail, language=language, headers={"Retry-After": "30"})
        self._held[account] = held + size

    def release(self, account: str, size: int) -> None:
        """Count bytes that are held no longer."""
        left = self._held.get(account, 0) - size
        if left > 0:
            self._held[account] = left
        else:
            self._held.pop(account, None)

    async def run(self, account: str, language: str, work: Callable[[], _Result]) -> _Result:
        """Do some work in a thread when it is this account's turn. Raises ProblemError where too many wait already."""
        present = self._present.get(account, 0)
        if present >= self._at_once + self._waiting:
            detail = tell("{n} files of this account wait to be checked already.", language, n=self._waiting)
            raise ProblemError(503, detail, language=language, headers={"Retry-After": "30"})
        self._present[account] = present + 1
        place = self._places.setdefault(account, asyncio.Semaphore(self._at_once))
        try:
            async with place, self._all:
                return await run_in_threadpool(work)
        finally:
            self._present[account] -= 1
            if not self._present[account]:
                del self._present[account]
                self._places.pop(account, None)
