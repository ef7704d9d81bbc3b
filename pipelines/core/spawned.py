"""Work in other processes, which end with the one that started them."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait


def open_pool(processes: int) -> ProcessPoolExecutor:
    """Return an executor of at most so many processes, to be used as a context.

    Functions, arguments and results must be picklable.  A process needs about a second to start, as it imports what it
    uses.  They are spawned, because a fork of a process with threads of Polars may never end.
    """
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, mp_context=context, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """Let this process end when the one that started it does, also if that was killed and could not say so.

    Otherwise it would wait for work for ever: it holds both ends of the queue itself.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_for_end, args=(parent.sentinel,), name="end-with-parent", daemon=True).start()


def _wait_for_end(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
