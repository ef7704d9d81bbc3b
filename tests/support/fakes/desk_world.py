"""A desk with one return in each state, and the functions that look at a return and act on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.core.home import open_home
from pipelines.ledger import audit_log, queries
from pipelines.ledger.acts import Arrival
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.identity import Identity
from pipelines.ledger.opening import open_ledger
from pipelines.submissions import intake, release_log, store
from pipelines.submissions import service as door
from pipelines.submissions.service import Desk
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import (
    SENDER,
    get_identity,
    make_accepted_return,
    make_draft_with_warning,
    make_file,
    make_sent_return,
)
from tests.support.fakes.ledger_fakes import time_at

FORGED = "S0123456789abcde"
DRAFTS = ("received", "checked", "refused", "withdrawn draft")
LATER = ("sent", "approved", "published", "withdrawn later")


@dataclass(frozen=True)
class World:
    """A desk with one return of QQ's justice in each state, all sent by `qq-sender`, and one of both offices."""

    desk: Desk
    ids: dict[str, str]

    def read_state(self) -> tuple[int, tuple[int, str], dict[str, str]]:
        """Return what a refused act must leave unchanged: events, head of the audit log, states."""
        with open_read_transaction(self.desk.engine) as connection:
            head = audit_log.read_head(connection)
        states = {s.submission_id: s.state for s in queries.list_submissions(self.desk.engine)}
        return len(queries.list_events(self.desk.engine)), head, states


def make_world(folder: Path) -> World:
    desk = desk_fakes.open_desk(folder)
    sender = get_identity(desk, SENDER)
    ids = {"approved": make_accepted_return(desk, period="2024-Q1"), "sent": make_sent_return(desk, period="2024-Q2")}
    ids["published"] = make_accepted_return(desk, period="2024-Q3")
    release_log.record_publication(desk.engine, [ids["published"]], "2024-Q3")
    ids["checked"] = make_draft_with_warning(desk, period="2024-Q4")
    refused = door.upload_file(desk, sender, make_file(value=-1), "bad.csv").submission_id
    assert refused is not None
    ids["refused"] = refused
    for name, value in (("withdrawn draft", 31), ("withdrawn later", 32)):
        uploaded = door.upload_file(desk, sender, make_file(value=value, period="2023-Q4"), "w.csv").submission_id
        assert uploaded is not None
        ids[name] = uploaded
        if name == "withdrawn later":
            door.send_submission(desk, sender, uploaded)
        door.withdraw_submission(desk, sender, uploaded, "wrong_return", "it was the wrong file")
    # A crash after the arrival: only its sender knows whose it is.
    data = make_file(value=41)
    store.put_bytes(desk.home, data)
    arrival = Arrival(store.compute_digest(data), len(data), "r.csv", SENDER, time_at(0), demonstration=True)
    ids["received"] = intake.record_arrival(desk.engine, arrival).submission_id
    ids["both"] = make_sent_return(
        desk, "both-sender", form=desk_fakes.BOTH, period="2024-Q1", value=7, reason="late_data"
    )
    states = {s.submission_id: s.state for s in queries.list_submissions(desk.engine)}
    assert {name: states[i] for name, i in ids.items()} == {
        **{name: name.split()[0] for name in (*DRAFTS, *LATER)},
        "both": "sent",
    }
    return World(desk, ids)


def copy_world(world: World, folder: Path) -> World:
    """Copy a world that nothing uses at the moment."""
    world.desk.engine.dispose()  # SQLite completes the file when its last connection is closed
    shutil.copytree(world.desk.home.root, folder / "home", symlinks=True)
    home = open_home(folder / "home")
    return World(Desk(home, open_ledger(home), world.desk.registry, world.desk.kind), world.ids)


LOOKS: dict[str, Callable[[Desk, Identity, str], Any]] = {
    "submission": door.get_submission,
    "report": door.make_report,
    "original": door.read_original,
    "events": door.list_events,
    "remembered": door.find_earlier_justifications,
    "receipt": door.get_receipt,
    "previous": door.read_previous_figures,
    "replaced": door.find_replaced_returns,
    "previous_events": door.previous_events,
    "history": door.read_history,
    "control_totals": door.compare_control_totals,
}
ACTS: dict[str, Callable[[Desk, Identity, str], Any]] = {
    "justify": lambda d, w, i: door.justify_warnings(d, w, i, None, "large_case", "one case of many persons"),
    "send": lambda d, w, i: door.send_submission(d, w, i, reason="late_data"),
    "approve": lambda d, w, i: door.approve_submission(d, w, i),
    "override": lambda d, w, i: door.approve_submission(d, w, i, override=True, comment="in the office's stead"),
    "give_back": lambda d, w, i: door.give_back(d, w, i, "look at it again"),
    "withdraw": lambda d, w, i: door.withdraw_submission(d, w, i, "wrong_return", "it was the wrong file"),
    "override_withdrawal": lambda d, w, i: door.withdraw_submission(
        d, w, i, "wrong_return", "in the office's stead", override=True
    ),
    "ask_withdrawal": lambda d, w, i: door.ask_withdrawal(d, w, i, "wrong_return", "it was the wrong file"),
}
