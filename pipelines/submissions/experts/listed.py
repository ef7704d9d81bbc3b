"""Enter the experts of a demonstration, who are invented (`raw_samples/experts.csv`), in its network.

The service of the offices' pages does so when it starts, not a refresh: nothing that makes public files may know the
network (import contract).
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.identity import SYSTEM
from pipelines.ledger.schema import ACCOUNT, AUDIT
from pipelines.submissions.experts import store
from pipelines.submissions.experts.model import ExpertDetails, clean_details

if TYPE_CHECKING:
    from pipelines.core.home import Home

FILE: Final = "experts.csv"
"""One line for each entry, by the account that keeps it; without `confirmed_at` it waits for its first confirmation."""


def record_listed_experts(home: Home, engine: sa.Engine, folder: Path) -> int:
    """Enter the listed experts who had confirmed, or were added and have not, by now; return the number of new ones.

    An entry is left out without the account that keeps it, which comes with the returns. One that was erased since does
    not come back. A real home, and a folder without a list, are left unchanged.
    Raises ExpertError for a line that no entry can have.
    """
    path = folder / FILE
    if home.kind != "demonstration" or not path.is_file():
        return 0
    with path.open(encoding="utf-8", newline="") as handle:
        rows = {_make_id(row): row for row in csv.DictReader(handle)}
    now = clock.now()
    with open_write_transaction(engine) as connection:
        query = sa.select(AUDIT.c.subject).where(AUDIT.c.action == store.ADDED, AUDIT.c.subject.in_(rows))
        recorded = set(connection.execute(query).scalars())
        accounts = set(connection.execute(sa.select(ACCOUNT.c.account_id)).scalars())
        new = {
            expert_id: row
            for expert_id, row in rows.items()
            if expert_id not in recorded
            and row["kept_by"] in accounts
            and clock.parse_time(row["confirmed_at"] or row["added_at"]) <= now
        }
        for expert_id, row in new.items():
            _enter(connection, expert_id, row)
        _record_acts(connection, new)
    return len(new)


def _enter(connection: sa.Connection, expert_id: str, row: Mapping[str, str]) -> None:
    address = f"{expert_id.lower()}@demonstration.invalid"
    at = clock.parse_time(row["added_at"])
    store.insert_expert(connection, expert_id, _read_details(row), address, None, at=at)
    if row["confirmed_at"]:
        store.confirm_expert(connection, expert_id, at=clock.parse_time(row["confirmed_at"]))


def _record_acts(connection: sa.Connection, rows: Mapping[str, Mapping[str, str]]) -> None:
    """Write who added and confirmed the entries to the audit log, in the order in which it happened."""
    acts: list[tuple[datetime, str, str, str, Mapping[str, str]]] = []
    for expert_id, row in rows.items():
        acts.append((clock.parse_time(row["added_at"]), row["kept_by"], store.ADDED, expert_id, {}))
        if row["confirmed_at"]:
            at = clock.parse_time(row["confirmed_at"])
            acts.append((at, SYSTEM, store.CONFIRMED, expert_id, {"by": "link"}))
    for at, actor, action, expert_id, details in sorted(acts, key=lambda act: act[0]):
        store.record_act(connection, actor, action, expert_id, details, at=at)


def _make_id(row: Mapping[str, str]) -> str:
    """Return the id of a listed entry, which stays the same from start to start."""
    words = "|".join(row[name] for name in ("jurisdiction", "institution", "position"))
    return "E" + hashlib.sha256(words.encode()).hexdigest()[:14]


def _read_details(row: Mapping[str, str]) -> ExpertDetails:
    return clean_details(
        ExpertDetails(
            row["jurisdiction"], row["institution"], row["position"], row["role"], tuple(row["languages"].split()),
            tuple(row["crimes"].split()), tuple(row["procedures"].split()), row["region"], row["letter_language"],
        )
    )  # fmt: skip
