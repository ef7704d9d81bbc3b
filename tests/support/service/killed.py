"""The service that is killed at a step: `python -m tests.support.service.killed STEP before|after NUMBER --port N`.

Run by `test_kills.py`; nothing can tidy up behind it, since the kill is SIGKILL by itself of itself at the step's
NUMBER-th time.
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
from pipelines.ledger import facts
from pipelines.reading.sandbox.pool import ChildPool
from pipelines.submissions import decisions, intake, receipts, record, store

# Only `os.fsync` of the store, not that of everybody.
store.os = SimpleNamespace(**{name: getattr(os, name) for name in dir(os)})  # type: ignore[assignment]
STEPS: dict[str, tuple[Any, str]] = {
    "read in the child": (ChildPool, "_release"),
    "half stored": (store.os, "fsync"),
    "stored": (store, "put_bytes"),
    "entered": (intake, "record_arrival"),
    "facts half written": (pl.DataFrame, "write_parquet"),
    "facts written": (facts, "write_parquet"),
    "recorded": (record, "record_reports"),
    "check recorded": (intake, "record_check_many"),
    "receipt signed": (receipts, "sign_receipt"),
    "receipt given": (receipts, "_issue"),
    "decided": (decisions, "apply_changes"),
    "facts laid": (facts, "accept_facts"),
    "fact linked": (facts, "_link_as"),
}


def main(step: str, when: str, number: str) -> None:
    """Serve until the step comes."""
    owner, name = STEPS[step]
    real, times = getattr(owner, name), itertools.count(1)

    def killed(*args: Any, **kwargs: Any) -> Any:
        last = next(times) == int(number)
        if last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        made = real(*args, **kwargs)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    setattr(owner, name, killed)
    app.main()


if __name__ == "__main__":
    asked = sys.argv[1:4]
    del sys.argv[1:4]
    main(*asked)
