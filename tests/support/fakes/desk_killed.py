"""Hand in and send a return in one process, and kill it at a step.

Run as `python -m tests.support.fakes.desk_killed HOME STEP before|after` by `test_desk_killed.py`: a process of its
own, so that nothing can tidy up behind it.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.home import open_home
from pipelines.ledger import facts
from pipelines.ledger.opening import open_ledger
from pipelines.submissions import decisions, intake, receipt_keys, receipts, record, store
from pipelines.submissions import service as door
from pipelines.submissions.service import Desk
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import SENDER, file, who

STEPS: dict[str, tuple[Any, str]] = {
    "store.put_bytes": (store, "put_bytes"),
    "intake.record_arrival": (intake, "record_arrival"),
    "facts.write_parquet": (facts, "write_parquet"),
    "record.record_reports": (record, "record_reports"),
    "intake.record_check_many": (intake, "record_check_many"),
    "receipt_keys.signing_key": (receipt_keys, "signing_key"),
    "receipts.sign_receipt": (receipts, "sign_receipt"),
    "receipts._issue": (receipts, "_issue"),
    "decisions.apply_changes": (decisions, "apply_changes"),
    "decisions.send_submission": (decisions, "send_submission"),
}
DATA = file()


def _killed(real: Any, after: bool) -> Any:
    def step(*args: Any, **kwargs: Any) -> Any:
        if after:
            real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    return step


def main(root: str, step: str, when: str) -> None:
    """Hand in one return and send it; the kill comes on the way, or the program says that it did not."""
    with pytest.MonkeyPatch.context() as patch:
        desk_fakes.install(patch)
        home = open_home(Path(root))
        desk = Desk(home, open_ledger(home), desk_fakes.REGISTRY)
        sender = who(desk, SENDER)
        module, name = STEPS[step]
        setattr(module, name, _killed(getattr(module, name), when == "after"))
        done = door.upload_file(desk, sender, DATA, "a.csv")
        assert done.submission_id is not None
        given = door.send_submission(desk, sender, done.submission_id)
        sys.stdout.write(given.document + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
