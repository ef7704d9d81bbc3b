"""Ledger: transitions as transactions, the append-only log, patches, batches, and the export with validity periods."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import facts, migrations, queries
from pipelines.ledger.acts import Act, Justification
from pipelines.ledger.database import LedgerError, open_read_transaction, open_write_transaction
from pipelines.ledger.export import export_ledger, read_tables
from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.opening import open_ledger, open_url
from pipelines.ledger.schema import METADATA
from pipelines.ledger.transitions import TransitionError
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions import decisions, intake, release_log
from tests.support.fakes.ledger_fakes import (
    create_people,
    home_and_ledger,
    keep_values,
    make_accepted_submission,
    make_arrival,
    make_block,
    make_check_result,
    time_at,
)

pytestmark = pytest.mark.usefixtures("database", "real_migrations")
WARNINGS = (("a" * 16, "rule.one"), ("b" * 16, "rule.two"))


# ------------------------------------------------------------------------------------------------------------- database


def test_migrations_create_declared_tables(tmp_path: Path) -> None:
    _, engine = home_and_ledger(tmp_path)
    inspector = sa.inspect(engine)
    for table in METADATA.sorted_tables:
        columns = {c["name"]: (str(c["type"]), c["nullable"]) for c in inspector.get_columns(table.name)}
        declared = {c.name: (c.type.compile(engine.dialect), bool(c.nullable)) for c in table.columns}
        assert columns == declared
        # PostgreSQL lists the index behind a unique constraint too.
        indexes = {i["name"] for i in inspector.get_indexes(table.name) if not i.get("duplicates_constraint")}
        assert indexes == {i.name for i in table.indexes}


def test_head_names_the_newest_revision() -> None:
    from alembic.script import ScriptDirectory

    folder = Path(migrations.__file__).parent
    assert ScriptDirectory(str(folder)).get_current_head() == migrations.HEAD


def test_statements_compile_for_postgresql() -> None:
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateTable

    for table in METADATA.sorted_tables:
        text = str(CreateTable(table).compile(dialect=postgresql.dialect()))
        assert "AUTOINCREMENT" not in text
    assert "JSONB" in str(CreateTable(METADATA.tables["event"]).compile(dialect=postgresql.dialect()))
    assert "BIGSERIAL" in str(CreateTable(METADATA.tables["event"]).compile(dialect=postgresql.dialect()))


def test_open_url_by_many_threads_migrates_once_and_keeps_rows(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    failures: list[BaseException] = []

    def open_and_dispose() -> None:
        try:
            open_url(url).dispose()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_and_dispose) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    engine = open_url(url)
    create_people(engine)
    intake.record_arrival(engine, make_arrival("one.csv"))
    assert len(queries.list_submissions(open_url(url))) == 1


def test_open_url_of_newer_version_raises(tmp_path: Path) -> None:
    _, engine = home_and_ledger(tmp_path)
    with open_write_transaction(engine) as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(LedgerError, match="newer version"):
        open_url(str(engine.url))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_sqlite_connection_has_busy_timeout_and_foreign_keys(tmp_path: Path) -> None:
    _, engine = home_and_ledger(tmp_path)
    with open_read_transaction(engine) as connection:
        assert connection.exec_driver_sql("pragma journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("pragma foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("pragma busy_timeout").scalar() == 30_000
    with pytest.raises(sa.exc.IntegrityError), open_write_transaction(engine) as connection:
        connection.exec_driver_sql("insert into block values ('S0', 'QQ', 'justice', 'f', 'Q', '2025-Q4', 1, 0)")


@pytest.mark.parametrize(
    "statement",
    ["update event set actor = 'x'", "delete from event", "update audit set actor = 'x'", "delete from audit"],
)
def test_events_and_audit_log_are_append_only(tmp_path: Path, statement: str) -> None:
    _, engine = home_and_ledger(tmp_path)
    intake.record_arrival(engine, make_arrival("one.csv"))
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), open_write_transaction(engine) as connection:
        connection.exec_driver_sql(statement)
    assert [e["actor"] for e in queries.list_events(engine)] == ["office"]
    assert verify_ledger(engine).good


# ---------------------------------------------------------------------------------------------------------------- ways


def test_return_passes_from_arrival_to_publication(tmp_path: Path) -> None:
    home, engine = home_and_ledger(tmp_path)
    identity = make_accepted_submission(home, engine, "one.csv", {("2025-Q4", "reported"): 3}, days=1)
    assert release_log.record_publication(engine, [identity], "2025-Q4", time_at(2)) == 1
    submission = queries.find_submission(engine, identity[:6])
    assert (submission.state, submission.accepted_at) == ("published", clock.format_timestamp(time_at(1)))
    assert [(e["action"], e["to_state"]) for e in queries.list_events(engine, identity)] == [
        ("receive", "received"),
        ("check", "checked"),
        ("send", "sent"),
        ("approve", "approved"),
        ("publish", "published"),
    ]
    ids = [e["event_id"] for e in queries.list_events(engine)]
    assert ids == sorted(ids)
    assert queries.list_events(engine, after=ids[-1]) == []


def test_submission_id_depends_on_file_time_and_sender() -> None:
    same, later, other_sender = (
        make_arrival("one.csv"),
        make_arrival("one.csv", days=1),
        make_arrival("one.csv", sender="x"),
    )
    assert same.submission_id == make_arrival("one.csv").submission_id
    assert len({same.submission_id, later.submission_id, other_sender.submission_id}) == 3
    assert len(same.submission_id) == 16


def test_record_arrival_of_same_file_is_new_only_after_refusal(tmp_path: Path) -> None:
    _, engine = home_and_ledger(tmp_path)
    first = intake.record_arrival(engine, make_arrival("one.csv", content="x"))
    assert first.new
    second = intake.record_arrival(engine, make_arrival("copy.csv", days=1, content="x"))
    assert (second.submission_id, second.new) == (first.submission_id, False)
    assert second.same_file == ((first.submission_id, "received"),)
    intake.record_check(engine, make_check_result(first.submission_id, errors=1))
    third = intake.record_arrival(engine, make_arrival("copy.csv", days=2, content="x"))
    assert third.new
    assert third.same_file == ((first.submission_id, "refused"),)


def test_send_refused_return_raises(tmp_path: Path) -> None:
    _, engine = home_and_ledger(tmp_path)
    identity = intake.record_arrival(engine, make_arrival("one.csv")).submission_id
    assert intake.record_check(engine, make_check_result(identity, errors=2)) == "refused"
    with pytest.raises(TransitionError, match="it has errors; correct the file"):
        decisions.send_submission(engine, Act(identity, "office"))


def test_send_with_unjustified_warning_raises(tmp_path: Path) -> None:
    _, engine = home_and_ledger(tmp_path)
    identity = intake.record_arrival(engine, make_arrival("one.csv")).submission_id
    intake.record_check(engine, make_check_result(identity, make_block(), warnings=WARNINGS))
    with pytest.raises(TransitionError, match=r"2 warning\(s\) without a justification \(rule.one, rule.two\)"):
        decisions.send_submission(engine, Act(identity, "office"))
    with pytest.raises(TransitionError, match="is not a reason"):
        decisions.justify_warnings(engine, Justification(identity, "because", "checked by telephone", "office"))
    with pytest.raises(TransitionError, match="at least 10 characters"):
        decisions.justify_warnings(engine, Justification(identity, "real_change", "yes", "office"))
    with pytest.raises(TransitionError, match="has no warning"):
        decisions.justify_warnings(
            engine, Justification(identity, "real_change", "checked by telephone", "office", "f" * 16)
        )
    with pytest.raises(TransitionError, match="Only its sender"):
        decisions.justify_warnings(engine, Justification(identity, "real_change", "checked by telephone", "chief"))
    assert (
        decisions.justify_warnings(
            engine, Justification(identity, "real_change", "checked by telephone", "office", "a" * 16)
        )
        == 1
    )
    assert (
        decisions.justify_warnings(
            engine, Justification(identity, "large_case", "one case of twelve persons", "office")
        )
        == 0
    )
    assert (
        decisions.justify_warnings(
            engine, Justification(identity, "other", "checked again in writing", "office", "a" * 16)
        )
        == 0
    )
    assert [j["reason"] for j in queries.list_justifications(engine, identity)] == ["other", "large_case"]
    decisions.send_submission(engine, Act(identity, "office"))
    assert queries.find_submission(engine, identity).state == "sent"


def test_record_check_replaces_blocks_until_sent_and_keeps_approval(tmp_path: Path) -> None:
    home, engine = home_and_ledger(tmp_path)
    identity = intake.record_arrival(engine, make_arrival("one.csv")).submission_id
    intake.record_check(engine, make_check_result(identity, make_block("2025-Q3")))
    intake.record_check(engine, make_check_result(identity, make_block("2025-Q4")))
    assert [b["period"] for b in queries.list_blocks(engine, identity)] == ["2025-Q4"]
    keep_values(home, identity, {("2025-Q4", "reported"): 1})
    decisions.send_submission(engine, Act(identity, "office"))
    decisions.approve_submission(engine, home, Act(identity, "secretariat"))
    assert (
        intake.record_check(engine, make_check_result(identity, make_block("2024-Q1"), errors=3, version="2"))
        == "approved"
    )
    submission = queries.find_submission(engine, identity)
    assert (submission.errors, submission.rules_version) == (3, "2")
    assert [b["period"] for b in queries.list_blocks(engine, identity)] == ["2025-Q4"]


def test_approve_by_many_threads_approves_once(tmp_path: Path) -> None:
    home, engine = home_and_ledger(tmp_path)
    identity = intake.record_arrival(engine, make_arrival("one.csv")).submission_id
    keep_values(home, identity, {("2025-Q4", "reported"): 1})
    intake.record_check(engine, make_check_result(identity, make_block()))
    decisions.send_submission(engine, Act(identity, "office"))
    outcomes: list[str] = []

    def approve_as(name: str) -> None:
        engine_of_thread = open_ledger(home)
        try:
            decisions.approve_submission(engine_of_thread, home, Act(identity, name))
            outcomes.append("approved")
        except TransitionError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=approve_as, args=(f"approver-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("approved") == 1
    assert sum("it has already been approved" in o for o in outcomes) == 3
    assert [e["action"] for e in queries.list_events(engine, identity)].count("approve") == 1


def test_withdraw_needs_reason_and_is_final(tmp_path: Path) -> None:
    home, engine = home_and_ledger(tmp_path)
    identity = make_accepted_submission(home, engine, "one.csv", {("2025-Q4", "reported"): 3}, days=1)
    with pytest.raises(TransitionError, match="Give a reason that is one of late_data"):
        decisions.withdraw_submission(engine, Act(identity, "chief", comment="sent by mistake"))
    with pytest.raises(TransitionError, match="Give a reason in a comment"):
        decisions.withdraw_submission(engine, Act(identity, "chief", reason="wrong_return"))
    decisions.withdraw_submission(engine, Act(identity, "chief", time_at(2), "sent by mistake", "wrong_return"))
    assert queries.list_events(engine, identity)[-1]["payload"] == {"reason": "wrong_return"}
    with pytest.raises(TransitionError, match="it was taken back"):
        decisions.withdraw_submission(engine, Act(identity, "chief", time_at(3), "again", "other"))


def test_acts_on_unknown_submission_raise(tmp_path: Path) -> None:
    home, engine = home_and_ledger(tmp_path)
    with pytest.raises(NotAllowedError, match="rti status"):
        decisions.send_submission(engine, Act("S0", "office"))
    with pytest.raises(TransitionError, match="rti status"):
        intake.record_check(engine, make_check_result("S0"))
    with pytest.raises(NotAllowedError, match="There is no submission S0 that secretariat can act on"):
        decisions.approve_submission(engine, home, Act("S0", "secretariat"))


# -------------------------------------------------------------------------------------------------------------- patches


def test_patch_is_merged_with_newest_block_before_it(tmp_path: Path) -> None:
    home, engine = home_and_ledger(tmp_path)
    first = make_accepted_submission(
        home, engine, "1", {("2025-Q4", "reported"): 3, ("2025-Q4", "indicted"): 2}, days=1
    )
    patch = make_accepted_submission(
        home, engine, "2", {("2025-Q4", "indicted"): 4, ("2025-Q4", "convicted_first"): 1}, 2, "patch"
    )
    laid = pl.read_parquet(facts.path_of(home, "observation", patch)).sort("measure")
    assert laid.select("measure", "value", "origin_submission_id").rows() == [
        ("convicted_first", 1.0, patch),
        ("indicted", 4.0, patch),
        ("reported", 3.0, first),
    ]
    assert laid["submission_id"].unique().to_list() == [patch]
    second = make_accepted_submission(home, engine, "3", {("2025-Q4", "reported"): 9}, 3, "patch")
    assert pl.read_parquet(facts.path_of(home, "observation", second)).sort("measure")["value"].to_list() == [1, 4, 9]


def test_approve_patch_without_earlier_block_raises_and_writes_nothing(tmp_path: Path) -> None:
    home, engine = home_and_ledger(tmp_path)
    with pytest.raises(TransitionError, match="send the whole return"):
        make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, 1, "patch")
    assert [s.state for s in queries.list_submissions(engine)] == ["sent"]
    assert list((home.facts / "observation").glob("S*.parquet")) == []


def test_patch_ignores_withdrawn_block(tmp_path: Path) -> None:
    home, engine = home_and_ledger(tmp_path)
    make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, 1)
    wrong = make_accepted_submission(home, engine, "2", {("2025-Q4", "reported"): 33, ("2025-Q4", "indicted"): 1}, 2)
    decisions.withdraw_submission(engine, Act(wrong, "chief", time_at(2.5), "the wrong file", "wrong_return"))
    patch = make_accepted_submission(home, engine, "3", {("2025-Q4", "indicted"): 7}, 3, "patch")
    laid = pl.read_parquet(facts.path_of(home, "observation", patch)).sort("measure")
    assert laid["value"].to_list() == [7, 3]


def test_approve_many_merges_patch_with_return_of_same_batch(tmp_path: Path) -> None:
    home, engine = home_and_ledger(tmp_path)
    ids = [
        r.submission_id
        for r in intake.receive_many(engine, [make_arrival("1"), make_arrival("2", 1), make_arrival("3", 2)])
    ]
    for identity, value in zip(ids, (1.0, 2.0, 3.0), strict=True):
        keep_values(home, identity, {("2025-Q4", f"m{value:.0f}"): value})
    kinds = ("full", "patch", "patch")
    refused = intake.record_check_many(
        engine, [make_check_result(i, make_block(), kind=k) for i, k in zip(ids, kinds, strict=True)]
    )
    refused |= decisions.send_many(engine, [Act(i, "office", reason="late_data") for i in ids])
    acts = [Act(i, "secretariat", time_at(n)) for n, i in enumerate(ids)]
    refused |= decisions.approve_many(engine, home, list(reversed(acts)))
    assert not refused
    assert pl.read_parquet(facts.path_of(home, "observation", ids[2]))["value"].to_list() == [1, 2, 3]


def test_approve_many_skips_returns_that_cannot_be_approved(tmp_path: Path) -> None:
    home, engine = home_and_ledger(tmp_path)
    ids = [
        r.submission_id for r in intake.receive_many(engine, [make_arrival("1"), make_arrival("2"), make_arrival("3")])
    ]
    keep_values(home, ids[0], {("2025-Q4", "reported"): 1})
    keep_values(home, ids[1], {("2025-Q4", "reported"): 1})
    intake.record_check_many(engine, [make_check_result(i, make_block()) for i in ids])
    decisions.send_many(engine, [Act(i, "office", reason="other") for i in ids])
    acts = [Act(ids[0], "office"), Act(ids[1], "chief"), Act(ids[2], "chief")]
    refused = decisions.approve_many(engine, home, acts)
    assert set(refused) == {ids[0], ids[2]}
    assert "rti refresh" in str(refused[ids[2]])
    assert queries.find_submission(engine, ids[1]).state == "approved"


# --------------------------------------------------------------------------------------------------------------- export


def _list_validity(frame: pl.DataFrame) -> list[tuple[str, float, float | None]]:
    return [
        (
            row["submission_id"],
            (row["accepted_at"] - time_at(0).replace(tzinfo=None)).total_seconds() / 86_400,
            row["superseded_at"] and (row["superseded_at"] - time_at(0).replace(tzinfo=None)).total_seconds() / 86_400,
        )
        for row in frame.iter_rows(named=True)
    ]


def test_accepted_block_ends_validity_of_block_before_it(tmp_path: Path) -> None:
    home, engine = home_and_ledger(tmp_path)
    first = make_accepted_submission(
        home, engine, "1", {("2025-Q4", "reported"): 3, ("2025-Q3", "reported"): 3}, days=1
    )
    second = make_accepted_submission(home, engine, "2", {("2025-Q4", "reported"): 4}, days=2)
    assert _list_validity(read_tables(engine)["block"]) == [(first, 1, None), (first, 1, 2), (second, 2, None)]


def test_withdrawal_restores_validity_of_block_before_it(tmp_path: Path) -> None:
    home, engine = home_and_ledger(tmp_path)
    first = make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, days=1)
    second = make_accepted_submission(home, engine, "2", {("2025-Q4", "reported"): 4}, days=2)
    decisions.withdraw_submission(engine, Act(second, "chief", time_at(3), "the wrong file", "wrong_return"))
    assert _list_validity(read_tables(engine)["block"]) == [(first, 1, 2), (second, 2, 3), (first, 3, None)]
    assert _list_validity(read_tables(engine, as_of=time_at(2.5))["block"]) == [(first, 1, 2), (second, 2, None)]
    assert _list_validity(read_tables(engine, as_of=time_at(1.5))["block"]) == [(first, 1, None)]
    third = make_accepted_submission(home, engine, "3", {("2025-Q4", "reported"): 5}, days=4)
    decisions.withdraw_submission(engine, Act(first, "chief", time_at(5), "never was right", "wrong_return"))
    assert _list_validity(read_tables(engine)["block"]) == [
        (first, 1, 2),
        (second, 2, 3),
        (first, 3, 4),
        (third, 4, None),
    ]
    decisions.withdraw_submission(engine, Act(third, "chief", time_at(6), "nor this one", "wrong_return"))
    assert _list_validity(read_tables(engine)["block"])[-1] == (third, 4, 6)


def test_read_tables_as_of_returns_earlier_states(tmp_path: Path) -> None:
    home, engine = home_and_ledger(tmp_path)
    make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, days=1)
    before = read_tables(engine, as_of=time_at(0.65))["submission"]
    assert before.select("state", "accepted_at").rows() == [("checked", None)]
    assert read_tables(engine, as_of=time_at(0.2))["submission"].height == 0
    assert read_tables(engine, as_of=time_at(9))["submission"].equals(read_tables(engine)["submission"])


def test_export_of_empty_ledger_has_same_columns(tmp_path: Path) -> None:
    home, engine = home_and_ledger(tmp_path)
    empty = read_tables(engine)
    make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, days=1)
    full = read_tables(engine)
    assert {n: f.schema for n, f in empty.items()} == {n: f.schema for n, f in full.items()}
    assert export_ledger(engine, tmp_path / "a") == export_ledger(engine, tmp_path / "b")
    for name in full:
        first, second = (tmp_path / x / f"{name}.parquet" for x in "ab")
        assert first.read_bytes() == second.read_bytes()
    payload = full["event"].filter(pl.col("action") == "check").item(0, "payload")
    assert json.loads(payload)["errors"] == 0


@pytest.mark.sampled(turn=0)
def test_batches_handle_returns_of_whole_demonstration(tmp_path: Path) -> None:
    """Take 280 returns through each step in one transaction."""
    _, engine = home_and_ledger(tmp_path)
    arrivals = [make_arrival(f"{n}.csv", n / 100) for n in range(280)]
    ids = [r.submission_id for r in intake.receive_many(engine, arrivals)]
    periods = [make_block(f"{2000 + n // 4}-Q{n % 4 + 1}") for n in range(280)]
    results = [make_check_result(i, p, warnings=WARNINGS) for i, p in zip(ids, periods, strict=True)]
    assert not intake.record_check_many(engine, results)
    text = "checked with the source"
    assert not decisions.justify_many(engine, [Justification(i, "real_change", text, "office") for i in ids])
    assert not decisions.send_many(engine, [Act(i, "office") for i in ids])
    assert {s.state for s in queries.list_submissions(engine)} == {"sent"}
    assert export_ledger(engine, tmp_path / "out") == {
        "submission": 280,
        "block": 0,
        "event": 1120,
        "justification": 560,
    }
