"""Run a coroutine from a test, whatever else runs in the process."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def run_async(coroutine: Coroutine[object, object, Result]) -> Result:
    """Run a coroutine to its end in a thread of its own and return its result.

    A browser that an earlier test of the session opened keeps an event loop running in the main thread, in which
    `asyncio.run` refuses to start another.
    """
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(asyncio.run, coroutine).result()
