"""The invented experts of a demonstration: entered once at their time, found by state, never back after an erasure."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.home import HomeKind, initialise_home
from pipelines.declarations.registry import load
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.identity import Grant, Identity
from pipelines.ledger.opening import open_ledger
from pipelines.ledger.schema import AUDIT, EXPERT
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions.arrivals import ensure_accounts
from pipelines.submissions.experts.listed import FILE, record_listed_experts
from pipelines.submissions.service import experts
from pipelines.submissions.service.desk import Desk
from pipelines.submissions.service.experts import ExpertQuery
from tests.support.demonstration import CLOCK
from tests.support.paths import ROOT

RAW = ROOT / "raw_samples"
STEWARD = Identity("steward", "Steward", "en", (Grant("steward"),))


def open_demonstration(folder: Path) -> Desk:
    home = initialise_home(folder / "home", "demonstration")
    with clock.freeze_time(clock.parse_time("2026-01-01T09:00:00Z")):
        engine = open_ledger(home)
        ensure_accounts(engine, RAW)
    return Desk(home, engine, load())


def enter_experts(desk: Desk, now: str) -> int:
    with clock.freeze_time(clock.parse_time(now)):
        return record_listed_experts(desk.home, desk.engine, RAW)


def test_listed_experts_are_entered_once_at_their_time_and_found_by_state(tmp_path: Path) -> None:
    desk = open_demonstration(tmp_path)
    assert [enter_experts(desk, now) for now in ("2026-02-16T10:41:00Z", CLOCK, CLOCK)] == [1, 13, 0]
    with clock.freeze_time(clock.parse_time(CLOCK)):
        matches = experts.search_experts(desk, STEWARD, ExpertQuery())
        states = Counter(expert.state for expert in matches)
        entries = experts.list_kept_experts(desk, STEWARD)
        counterparts = experts.find_counterparts(desk, STEWARD, "AL", "XK", "TIP")
    assert states == {"confirmed": 8, "due": 3, "stale": 2}
    assert {expert.details.territory for expert in matches} == set(desk.registry.without_training().territories)
    assert [e.details.institution for e in entries if e.state == "unconfirmed"] == ["Invented liaison office"]
    assert [c.expert.details.institution for c in counterparts] == ["Invented special prosecution office"]
    assert verify_ledger(desk.engine).good
    desk.engine.dispose()


def test_erased_listed_expert_does_not_come_back(tmp_path: Path) -> None:
    desk = open_demonstration(tmp_path)
    enter_experts(desk, CLOCK)
    with open_read_transaction(desk.engine) as connection:
        acts = sa.select(AUDIT.c.at).where(AUDIT.c.action.like("experts.%")).order_by(AUDIT.c.seq)
        times = list(connection.execute(acts).scalars())
    assert len(times) > 20 and times == sorted(times), "the log would look as if somebody had changed it"
    with clock.freeze_time(clock.parse_time(CLOCK)):
        erased = experts.search_experts(desk, STEWARD, ExpertQuery(territory="HR"))[0]
        experts.erase_expert(desk, STEWARD, erased.expert_id)
    assert enter_experts(desk, CLOCK) == 0
    with open_read_transaction(desk.engine) as connection:
        entries = set(connection.execute(sa.select(EXPERT.c.expert_id)).scalars())
    assert len(entries) == 13 and erased.expert_id not in entries
    desk.engine.dispose()


@pytest.mark.parametrize(
    ("kind", "has_list", "has_accounts"),
    [("real", True, True), ("demonstration", False, True), ("demonstration", True, False)],
)
def test_home_is_left_unchanged_if_real_or_without_list_or_accounts(
    tmp_path: Path, kind: HomeKind, has_list: bool, has_accounts: bool
) -> None:
    home = initialise_home(tmp_path / "home", kind)
    engine = open_ledger(home)
    if has_accounts:
        ensure_accounts(engine, RAW)
    assert record_listed_experts(home, engine, RAW if has_list else tmp_path) == 0
    with open_read_transaction(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(EXPERT)).scalar_one() == 0
    engine.dispose()


def test_listed_experts_are_functions_of_invented_institutions() -> None:
    with (RAW / FILE).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert rows and all(row["institution"].startswith("Invented ") for row in rows)
    assert all(row["position"].startswith("Expert ") and row["kept_by"].endswith("-approver") for row in rows)
