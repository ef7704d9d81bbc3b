"""Build the small homes in which the program is killed, once for a folder of work.

`desk-0` has a published release and the draft of the next one. `desk-1`, `desk-2` and `desk-3` are the same with one
more return that was uploaded, sent and approved, which no refresh has taken in. `desk-4`, `desk-5` and `desk-6` are
`desk-3` after the first steps of a refresh: counts and records, then protection and public indicators, then the rest
without the draft.
"""

from __future__ import annotations

import json
import os
import shutil
from itertools import pairwise
from pathlib import Path
from unittest import mock

from pipelines.core.home import Home, initialise_home, open_home
from tests.support import small
from tests.support.demonstration import copy_home
from tests.support.service import portal_fixture
from tests.support.service.example_returns import get_identity

NOW, LATER = "2026-11-20T09:00:00Z", "2026-12-01T09:00:00Z"
CORRECTED = "BA_BRC"
HOMES = ("desk-0", "desk-1", "desk-2", "desk-3", "desk-4", "desk-5", "desk-6")
RETURN = "return.xlsx"
_ATTEMPTS = 5
"""On a machine that is busy with other work, reading may take longer than a file may take; it is then refused."""
REASON = "The test publishes a draft that nobody has signed."


def make_environment(root: Path, samples: Path, now: str = LATER) -> dict[str, str]:
    """Return the environment of a process that works on a home."""
    return small.command_environment(root, now, RTI_SAMPLES=str(samples))


def build_world(folder: Path, given: Path | None = None) -> None:
    """Build every home below a folder, unless that was done before.

    `given` is a folder with a home that has a published release and a draft (`home`), and its returns (`samples`).
    """
    if (folder / "built.json").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    first, samples = folder / HOMES[0], folder / "samples"
    if given is None:
        _build_first(first, samples)
    else:
        shutil.copytree(given / "samples", samples)
        copy_home(given / "home", first)
    (samples / RETURN).write_bytes(portal_fixture.make_workbook(portal_fixture.UNUSUAL))
    with mock.patch.dict(os.environ, make_environment(first, samples), clear=True):
        from pipelines.ledger.opening import open_ledger

        engine = open_ledger(open_home(first))
        portal_fixture.make_accounts(engine)
        engine.dispose()
    acts = (upload_return, send_return, approve_return, build_counts, protect_cells, build_indicators)
    for (source, target), act in zip(pairwise(HOMES), acts, strict=True):
        copy_home(folder / source, folder / target)
        with mock.patch.dict(os.environ, make_environment(folder / target, samples), clear=True):
            act(open_home(folder / target))
    (folder / "built.json").write_text(json.dumps({"homes": HOMES}), encoding="utf-8")


def _build_first(root: Path, samples: Path) -> None:
    """Refresh and publish the returns of two jurisdictions, then refresh after one of them was corrected."""
    samples.mkdir(parents=True)
    lines = small.choose_returns(samples, _is_chosen)
    with mock.patch.dict(os.environ, make_environment(root, samples, NOW), clear=True):
        home = initialise_home(root, "demonstration")
        refresh_home(home)
        publish_draft(home)
    corrected = next(line for line in lines if line["jurisdiction"] == CORRECTED and line["periods"] == "2026-Q2")
    small.add_return(
        samples, corrected, (samples / corrected["file"]).read_bytes() + b"\r\n",
        file=corrected["file"].replace(".csv", "_ispravka.csv"), received_at="2026-11-30T09:00:00Z",
        corrects=corrected["file"],
    )  # fmt: skip
    with mock.patch.dict(os.environ, make_environment(root, samples), clear=True):
        refresh_home(home)


def _is_chosen(line: small.Line) -> bool:
    return line["jurisdiction"] in ("AL", CORRECTED) and "2026" in line["periods"]


def refresh_home(home: Home) -> object:
    """Run the whole refresh."""
    from pipelines.operations import run

    return run.run_refresh(home, say=lambda _: None)


def publish_draft(home: Home) -> None:
    """Publish the draft although its checklist is open."""
    from pipelines import refresh as steps
    from pipelines.refresh.release_desk.review import Override

    steps.publish_draft(home, override=Override(REASON))


def upload_return(home: Home) -> str:
    """Upload a return of Albania that raises warnings, and check it; always the same bytes."""
    from pipelines.submissions import service

    desk = service.open_desk(home)
    for _ in range(_ATTEMPTS):
        result = service.upload_file(desk, get_identity(desk, "al-sender"), read_return(), "third.xlsx")
        if result.submission_id is not None and result.state != "refused":
            break
    if result.submission_id is None:
        raise RuntimeError(f"the return was not taken in: {[finding.rule for finding in result.report.findings]}")
    return result.submission_id


def read_return() -> bytes:
    """Return the bytes of the return; a workbook that is written again has another time in it."""
    from pipelines.refresh import find_sample_folder

    return (find_sample_folder() / RETURN).read_bytes()


def send_return(home: Home) -> None:
    """Explain the warnings of the uploaded return and send it."""
    from pipelines.submissions import service

    desk = service.open_desk(home)
    number = find_uploaded(home)
    sender = get_identity(desk, "al-sender")
    service.justify_warnings(desk, sender, number, None, "large_case", "Two large cases were reported in September.")
    service.send_submission(desk, sender, number, reason="late_data")


def approve_return(home: Home) -> None:
    """Approve the sent return as a second person."""
    from pipelines.submissions import service

    desk = service.open_desk(home)
    service.approve_submission(desk, get_identity(desk, "al-approver"), find_uploaded(home))


def build_counts(home: Home) -> None:
    """Take the steps of a refresh up to the figures of case records."""
    from pipelines import refresh as steps

    steps.gather_tables(home)
    steps.build_counts(home)
    steps.build_records(home)


def protect_cells(home: Home) -> None:
    """Take the steps from the protection to the public indicators."""
    from pipelines import refresh as steps

    steps.protect_cells(home)
    steps.build_indicators(home, which="protected")


def build_indicators(home: Home) -> None:
    """Take the steps that the public marts do not need; only the draft is left."""
    from pipelines import refresh as steps
    from pipelines.refresh.measuring import measure_quality

    measure_quality(home)
    steps.build_indicators(home, which="restricted")


def find_uploaded(home: Home) -> str:
    """Return the number of the return that `upload_return` uploaded."""
    from pipelines.ledger import queries
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions import store

    digest = store.compute_digest(read_return())
    rows = queries.list_submissions(open_ledger(home))
    (submission,) = [row for row in rows if row.sha256 == digest and row.state != "refused"]
    return submission.submission_id
