"""Upload and send a return in one process, and kill it at a step.

Run as `python -m tests.support.fakes.desk_killed HOME STEP before|after` by `test_desk_killed.py`: a separate
process, so that nothing can clean up after it.
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
from pipelines.submissions import decisions, intake, receipt_keys, receipts, store, waiting_checks
from pipelines.submissions import service as door
from pipelines.submissions.service import Desk
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import SENDER, get_identity, make_file

STEPS: dict[str, tuple[Any, str]] = {
    "store.put_bytes": (store, "put_bytes"),
    "intake.record_arrival": (intake, "record_arrival"),
    "facts.write_parquet": (facts, "write_parquet"),
    "waiting_checks.record_reports": (waiting_checks, "record_reports"),
    "intake.record_check_many": (intake, "record_check_many"),
    "receipt_keys.signing_key": (receipt_keys, "signing_key"),
    "receipts.sign_receipt": (receipts, "sign_receipt"),
    "receipts._issue": (receipts, "_issue"),
    "decisions.apply_changes": (decisions, "apply_changes"),
    "decisions.send_submission": (decisions, "send_submission"),
}
DATA = make_file()


def _killed(real: Any, after: bool) -> Any:
    def kill_process(*args: Any, **kwargs: Any) -> Any:
        if after:
            real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    return kill_process


def main(root: str, step: str, when: str) -> None:
    """Upload one return and send it, and be killed at the step; print the receipt if the kill never happened."""
    with pytest.MonkeyPatch.context() as patch:
        desk_fakes.install_fakes(patch)
        home = open_home(Path(root))
        desk = Desk(home, open_ledger(home), desk_fakes.REGISTRY)
        sender = get_identity(desk, SENDER)
        module, name = STEPS[step]
        setattr(module, name, _killed(getattr(module, name), when == "after"))
        upload = door.upload_file(desk, sender, DATA, "a.csv")
        assert upload.submission_id is not None
        receipt = door.send_submission(desk, sender, upload.submission_id)
        sys.stdout.write(receipt.document + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
