"""Serve until a step, then die: `python -m tests.support.service.killed STEP before|after NUMBER --port N`.

Run by `test_kills.py`. The process sends itself SIGKILL when the step comes for the NUMBER-th time, so that nothing can
clean up.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from types import SimpleNamespace
from typing import Any

import polars as pl

from dashboards.office import app
from pipelines.core import file_store
from pipelines.ledger import facts
from pipelines.reading.sandbox.pool import ChildPool
from pipelines.submissions import decisions, intake, receipts, store, waiting_checks

# Replace `os.fsync` for the files of the store only, not for every other module.
file_store.os = SimpleNamespace(**{name: getattr(os, name) for name in dir(os)})  # type: ignore[assignment]
STEPS: dict[str, tuple[Any, str]] = {
    "read in the child": (ChildPool, "_release"),
    "half stored": (file_store.os, "fsync"),
    "stored": (store, "put_bytes"),
    "entered": (intake, "record_arrival"),
    "facts half written": (pl.DataFrame, "write_parquet"),
    "facts written": (facts, "write_parquet"),
    "recorded": (waiting_checks, "record_reports"),
    "check recorded": (intake, "record_check_many"),
    "receipt signed": (receipts, "sign_receipt"),
    "receipt given": (receipts, "_issue"),
    "decided": (decisions, "apply_changes"),
    "facts laid": (facts, "accept_facts"),
    "fact linked": (facts, "_link_as"),
}


def main(step: str, when: str, number: str) -> None:
    """Serve until the step comes, and kill this process before or after it."""
    owner, name = STEPS[step]
    run_step, calls = getattr(owner, name), itertools.count(1)

    def run_and_kill(*args: Any, **kwargs: Any) -> Any:
        is_last_call = next(calls) == int(number)
        if is_last_call and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = run_step(*args, **kwargs)
        if is_last_call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, run_and_kill)
    app.main()


if __name__ == "__main__":
    arguments = sys.argv[1:4]
    del sys.argv[1:4]
    main(*arguments)
