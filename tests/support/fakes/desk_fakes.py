"""Made-up forms of two offices, one of both, and one of practice, with accounts for each role: for tests of the desk.

A file's first word is `form:<id>` (or `unknown`, `broken`, `person`); then lines of `period;measure;value`, as in
`check_fakes`.  A negative value is an error, one above 100 a warning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.home import initialise_home
from pipelines.ledger import facts
from pipelines.ledger.identity import SYSTEM, Grant, Identity
from pipelines.submissions import service as door
from pipelines.submissions.accounts import accounts
from pipelines.submissions.checking.read_task import ReadResult, Task
from pipelines.submissions.service import Desk
from tests.support.fakes import check_fakes
from tests.support.ledger_template import open_prepared_ledger


def _form(identity: str, jurisdiction: str, instrument: str) -> SimpleNamespace:
    series = identity.rsplit("-", 1)[0] + "-OFFICE"
    return SimpleNamespace(
        id=identity,
        series=series,
        title=f"Return of {jurisdiction}",
        titles={"mk": f"Извештај на {jurisdiction}"},
        jurisdiction=jurisdiction,
        instrument=instrument,
        freq="Q",
        valid="2020-Q1..",
    )


FORMS = {
    form.id: form
    for form in (
        _form("QQ-JUSTICE-1", "QQ", "justice"),
        _form("QQ-VICTIMS-1", "QQ", "victims"),
        _form("RR-JUSTICE-1", "RR", "justice"),
        _form("TT-JUSTICE-1", "TT", "justice"),
    )
}
BOTH = "QQ-JUSTICE-9"
"""A form of QQ whose rows are of QQ and of RR."""
FORMS[BOTH] = _form(BOTH, "QQ", "justice")
KINDS = {"QQ": "national", "RR": "national", "TT": "training"}


def _territory(code: str) -> SimpleNamespace:
    name = SimpleNamespace(language="en", name=f"Office {code}", accepted_only=False, footnote=None)
    part = SimpleNamespace(code=code, names=[name])
    return SimpleNamespace(code=code, kind=KINDS[code], names=[name], jurisdictions=[part])


TERRITORIES = {code: _territory(code) for code in KINDS}
REGISTRY: Any = SimpleNamespace(
    digest="d" * 64, forms=FORMS, territories=TERRITORIES, territory_of=lambda code: TERRITORIES[code]
)


def read_task(task: Task) -> ReadResult:
    """Read the made-up format for the form that its first word names."""
    word, _, body = task.data.decode().partition("\n")
    if not word.startswith("form:"):
        return _plain(task)
    form = FORMS[task.form or word.removeprefix("form:").strip()]
    result = _plain(replace(task, data=body.encode()))
    assert result.reading is not None
    rows = result.reading.observations.with_columns(
        pl.lit(form.jurisdiction).alias("jurisdiction"),
        pl.lit(form.instrument).alias("instrument"),
        pl.lit(form.series).alias("form"),
    )
    if form.id == BOTH:
        rows = pl.concat([rows, rows.with_columns(pl.lit("RR").alias("jurisdiction"))])
    reading = replace(result.reading, form=form.id, series=form.series, observations=rows)
    return replace(result, form=form.id, candidates=(form.id,), reading=reading)


_plain = check_fakes.read_task


def install_fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    check_fakes.install_fakes(monkeypatch)
    monkeypatch.setattr(check_fakes, "read_task", read_task)


def make_file(
    form: str = "QQ-JUSTICE-1", period: str = "2025-Q4", value: float = 3, measure: str = "reported"
) -> bytes:
    return f"form:{form}\n{period};{measure};{value:g}".encode()


SENDER = "qq-sender"
ACCOUNTS_MADE_AT = datetime(2026, 1, 11, 9, tzinfo=UTC)
"""Earlier than any frozen clock of a test: the ledger rejects an entry dated before those it already has."""
PEOPLE: dict[str, tuple[Grant, ...]] = {
    SENDER: (Grant("submitter", "QQ"),),
    "qq-second": (Grant("submitter", "QQ"),),
    "qq-approver": (Grant("approver", "QQ"),),
    "qq-viewer": (Grant("viewer", "QQ"),),
    "rr-sender": (Grant("submitter", "RR"),),
    "rr-approver": (Grant("approver", "RR"),),
    "both-sender": (Grant("submitter", "QQ"), Grant("submitter", "RR")),
    "both-approver": (Grant("approver", "QQ"), Grant("approver", "RR")),
    "the-steward": (Grant("steward"),),
    "nobody-yet": (),
}


def open_desk(folder: Path, *, kind: door.Desk | Any = "national") -> Desk:
    """Create a home with all of `PEOPLE` and return a desk over it."""
    home = initialise_home(folder / "home", "demonstration")
    facts.prepare_fact_folders(home)
    return Desk(home, open_prepared_ledger(home, create_people), REGISTRY, kind)


def create_people(engine: sa.Engine) -> None:
    """Create an account for each of `PEOPLE`."""
    new = [accounts.NewAccount(name, name.title(), grants) for name, grants in PEOPLE.items()]
    with clock.freeze_time(ACCOUNTS_MADE_AT):
        accounts.create_many(engine, new, by=SYSTEM)


def get_identity(desk: Desk, account: str) -> Identity:
    return accounts.get_identity(desk.engine, account)


@dataclass(frozen=True)
class Case:
    """A submission in a state, and how it came there."""

    submission_id: str
    state: str
    draft: bool


def make_draft_with_warning(desk: Desk, account: str = SENDER, **options: Any) -> str:
    """Upload a draft with one open warning and return its submission id."""
    upload = door.upload_file(desk, get_identity(desk, account), make_file(value=101, **options), "warned.csv")
    assert upload.submission_id is not None
    return upload.submission_id


def make_sent_return(desk: Desk, account: str = SENDER, reason: str | None = None, **options: Any) -> str:
    """Upload a return, send it, and return its submission id."""
    person = get_identity(desk, account)
    upload = door.upload_file(desk, person, make_file(**options), "return.csv")
    assert upload.submission_id is not None
    door.send_submission(desk, person, upload.submission_id, reason=reason)
    return upload.submission_id


def make_accepted_return(desk: Desk, account: str = SENDER, approver: str = "qq-approver", **options: Any) -> str:
    """Send a return, approve it, and return its submission id."""
    identity = make_sent_return(desk, account, **options)
    door.approve_submission(desk, get_identity(desk, approver), identity)
    return identity
