"""Audit log: the chain of hashes, the rows that it covers, and the place at which each kind of tampering is found."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.home import Home
from pipelines.ledger import audit_log, migrations
from pipelines.ledger.acts import Act, Justification
from pipelines.ledger.audit_log import AuditEntry
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_ledger, open_url
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions import decisions, intake
from pipelines.submissions.accounts import accounts, password_sign_in, tokens
from tests.support.fakes.ledger_fakes import (
    home_and_ledger,
    keep_values,
    make_accepted_submission,
    make_arrival,
    make_block,
    make_check_result,
    time_at,
)


@pytest.fixture
def story(tmp_path: Path, database: str) -> Iterator[tuple[Home, sa.Engine]]:
    """Ledger with an accepted return, one with justified warnings, and a token: some of each kind of row covered."""
    home, engine = home_and_ledger(tmp_path)
    make_accepted_submission(home, engine, "1", {("2025-Q3", "reported"): 3}, days=1)
    second = intake.record_arrival(engine, make_arrival("2", 2)).submission_id
    keep_values(home, second, {("2025-Q4", "reported"): 4})
    intake.record_check(engine, make_check_result(second, make_block(), warnings=(("a" * 16, "rule.one"),)))
    decisions.justify_warnings(
        engine, Justification(second, "real_change", "žrtva — потврђено са извором", "office", None, time_at(2.1))
    )
    decisions.send_submission(engine, Act(second, "office", time_at(2.2), "quarter four"))
    tokens.issue_token(engine, accounts.get_identity(engine, "office"), "nightly")
    yield home, engine
    engine.dispose()


def _tamper(engine: sa.Engine, *statements: str) -> None:
    """Drop the triggers, change rows and create the triggers again, as someone with the database password could."""
    with open_write_transaction(engine) as connection:
        if engine.dialect.name == "sqlite":
            triggers = connection.exec_driver_sql(
                "select name, sql from sqlite_master where type = 'trigger' order by name"
            ).all()
            for name, _ in triggers:
                connection.exec_driver_sql(f"drop trigger {name}")
        else:
            for table in ("event", "audit", "receipt"):
                connection.exec_driver_sql(f"alter table {table} disable trigger user")
        for statement in statements:
            assert connection.exec_driver_sql(statement).rowcount > 0, statement
        if engine.dialect.name == "sqlite":
            for _, sql in triggers:
                connection.exec_driver_sql(sql)
        else:
            for table in ("event", "audit", "receipt"):
                connection.exec_driver_sql(f"alter table {table} enable trigger user")


def _find_seq(engine: sa.Engine, action: str, nth: int = 0) -> int:
    return [int(e["seq"]) for e in audit_log.list_entries(engine) if e["action"] == action][nth]


# ---------------------------------------------------------------------------------------------------------------- chain


def test_entry_hash_is_as_documented(story: tuple[Home, sa.Engine]) -> None:
    _, engine = story
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "select seq, at, actor, action, subject, detail, previous, hash from audit order by seq"
        ).all()
    previous = "0" * 64
    for number, row in enumerate(rows, start=1):
        assert (row[0], row[6]) == (number, previous)
        text = json.dumps(list(row[:7]), ensure_ascii=False, separators=(",", ":"))
        assert row[7] == hashlib.sha256(text.encode()).hexdigest()
        previous = row[7]
    assert verify_ledger(engine) == verify_ledger(engine, head=f"{len(rows)}:{previous}")
    assert verify_ledger(engine).good
    assert verify_ledger(engine).entries == len(rows)


def test_each_event_has_entry_with_same_actor_and_time(story: tuple[Home, sa.Engine]) -> None:
    _, engine = story
    from pipelines.ledger import queries

    events = [
        (e["submission_id"], e["actor"], f"submission.{e['action']}", e["at"]) for e in queries.list_events(engine)
    ]
    entries = [
        (e["subject"], e["actor"], e["action"], e["at"])
        for e in audit_log.list_entries(engine)
        if e["action"].startswith("submission.")
    ]
    assert entries == events
    assert len(events) == 8


def test_act_rolled_back_leaves_no_entry(story: tuple[Home, sa.Engine]) -> None:
    _, engine = story
    before = verify_ledger(engine)
    identity = intake.record_arrival(engine, make_arrival("3", 3)).submission_id
    intake.record_check(engine, make_check_result(identity, make_block("2024-Q1")))
    between = verify_ledger(engine)
    assert between.entries == before.entries + 2

    def fail_to_sign(connection: sa.Connection, act: Act) -> None:
        # Callbacks of the act already see its entry, because a receipt names it.
        assert audit_log.read_head(connection)[0] == between.entries + 1
        raise RuntimeError("the receipt cannot be signed")

    with pytest.raises(RuntimeError):
        decisions.send_submission(engine, Act(identity, "office"), within=fail_to_sign)
    assert verify_ledger(engine) == between


def test_append_entry_outside_write_transaction_raises(story: tuple[Home, sa.Engine]) -> None:
    _, engine = story
    with pytest.raises(ValueError, match="open_write_transaction"), engine.begin() as connection:
        audit_log.append_entry(connection, at=time_at(0), actor="x", action="x", subject="x", detail={})


def test_append_entry_by_many_threads_makes_one_chain(story: tuple[Home, sa.Engine]) -> None:
    home, engine = story
    before = verify_ledger(engine).entries
    failures: list[BaseException] = []

    def append_entries(number: int) -> None:
        engine_of_thread = open_ledger(home)
        try:
            for n in range(5):
                with open_write_transaction(engine_of_thread) as connection:
                    audit_log.append_entry(
                        connection, at=time_at(n), actor=f"a{number}", action="x", subject="x", detail={"n": n}
                    )
        except BaseException as error:
            failures.append(error)
        finally:
            engine_of_thread.dispose()

    threads = [threading.Thread(target=append_entries, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert verify_ledger(engine).good
    added = [e for e in audit_log.list_entries(engine, after=before) if e["action"] == "x"]
    assert [e["seq"] for e in added] == list(range(before + 1, before + 21))
    for number in range(4):
        assert [e["detail"]["n"] for e in added if e["actor"] == f"a{number}"] == [0, 1, 2, 3, 4]


@given(
    st.lists(
        st.dictionaries(st.text(max_size=8), st.text(max_size=20) | st.integers() | st.none(), max_size=4),
        min_size=1,
        max_size=8,
    ),
    st.data(),
)
def test_hash_entry_changes_with_each_field(details: list[dict[str, object]], data: st.DataObject) -> None:
    rows = []
    previous = audit_log.ZEROS
    for seq, detail in enumerate(details, start=1):
        fields = [seq, "2026-02-10T09:00:00Z", "a", "b", "c", audit_log.to_canonical_json(detail), previous]
        previous = audit_log.hash_entry(*fields)  # type: ignore[arg-type]
        rows.append([*fields, previous])
    place = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(1, 6))
    changed = list(rows[place])
    changed[column] = data.draw(st.text(max_size=30).filter(lambda t: t != rows[place][column]))
    assert audit_log.hash_entry(*changed[:7]) != rows[place][7]


# ------------------------------------------------------------------------------------------------------------ tampering


def _edit_entry(engine: sa.Engine) -> tuple[int, str]:
    _tamper(engine, "update audit set actor = 'chief' where action = 'submission.receive'")
    return _find_seq(engine, "submission.receive"), "was changed"


def _edit_entry_and_rehash(engine: sa.Engine) -> tuple[int, str]:
    seq = _find_seq(engine, "submission.approve")
    row = next(e for e in audit_log.list_entries(engine) if e["seq"] == seq)
    detail = audit_log.to_canonical_json(row["detail"])
    forged = audit_log.hash_entry(seq, row["at"], "chief", row["action"], row["subject"], detail, row["previous"])
    _tamper(engine, f"update audit set actor = 'chief', hash = '{forged}' where seq = {seq}")
    return seq + 1, f"does not follow entry {seq}"


def _delete_entry(engine: sa.Engine) -> tuple[int, str]:
    seq = _find_seq(engine, "submission.check")
    _tamper(engine, f"delete from audit where seq = {seq}")
    return seq, "is missing: it was deleted"


def _delete_entry_and_renumber(engine: sa.Engine) -> tuple[int, str]:
    seq = _find_seq(engine, "submission.check")
    last = verify_ledger(engine).entries
    moves = [f"update audit set seq = {n - 1} where seq = {n}" for n in range(seq + 1, last + 1)]
    _tamper(engine, f"delete from audit where seq = {seq}", *moves)
    return seq, "does not follow"


def _insert_entry(engine: sa.Engine) -> tuple[int, str]:
    seq = _find_seq(engine, "submission.check")
    last = verify_ledger(engine).entries
    moves = [f"update audit set seq = {n + 1} where seq = {n}" for n in range(last, seq - 1, -1)]
    columns = "at, actor, action, subject, detail, previous, hash"
    _tamper(
        engine, *moves, f"insert into audit (seq, {columns}) select {seq}, {columns} from audit where seq = {seq - 1}"
    )
    return seq, "does not follow"


def _reorder_entries(engine: sa.Engine) -> tuple[int, str]:
    seq = _find_seq(engine, "submission.send")
    _tamper(
        engine,
        f"update audit set seq = 9999 where seq = {seq}",
        f"update audit set seq = {seq} where seq = {seq + 1}",
        f"update audit set seq = {seq + 1} where seq = 9999",
    )
    return seq, "does not follow"


@pytest.mark.parametrize(
    "fault",
    [_edit_entry, _edit_entry_and_rehash, _delete_entry, _delete_entry_and_renumber, _insert_entry, _reorder_entries],
)
def test_verify_ledger_finds_tampered_entry(
    story: tuple[Home, sa.Engine], fault: Callable[[sa.Engine], tuple[int, str]]
) -> None:
    _, engine = story
    assert verify_ledger(engine).good
    seq, words = fault(engine)
    first = verify_ledger(engine).faults[0]
    assert (first.seq, words in first.localize_message()) == (seq, True), first.localize_message()


@pytest.mark.parametrize("how", ["head", "checkpoint"])
def test_verify_ledger_with_saved_head_finds_cut_off_end(story: tuple[Home, sa.Engine], how: str) -> None:
    home, engine = story
    saved_head = (
        audit_log.format_head(audit_log.write_checkpoint(home, engine))
        if how == "checkpoint"
        else audit_log.format_head(verify_ledger(engine).head)
    )
    last = verify_ledger(engine).entries
    # Without the rows that the cut entries covered, the remaining log is consistent.
    _tamper(engine, f"delete from audit where seq = {last}", "delete from token")
    assert verify_ledger(engine).good
    verification = verify_ledger(engine, home=home) if how == "checkpoint" else verify_ledger(engine, head=saved_head)
    assert [(f.seq, "its end was cut off" in f.localize_message()) for f in verification.faults] == [(last, True)]


def test_verify_ledger_with_saved_head_finds_rewritten_log(story: tuple[Home, sa.Engine]) -> None:
    home, engine = story
    audit_log.write_checkpoint(home, engine)
    saved_head = verify_ledger(engine).head
    rows = audit_log.list_entries(engine)
    previous = audit_log.ZEROS
    statements = []
    for row in rows:
        actor = "somebody" if row["action"] == "submission.approve" else row["actor"]
        detail = audit_log.to_canonical_json(row["detail"])
        forged = audit_log.hash_entry(row["seq"], row["at"], actor, row["action"], row["subject"], detail, previous)
        statements.append(
            f"update audit set actor = '{actor}', previous = '{previous}', hash = '{forged}' where seq = {row['seq']}"
        )
        previous = forged
    _tamper(engine, *statements)
    assert verify_ledger(engine).good
    for verification in (
        verify_ledger(engine, head=audit_log.format_head(saved_head)),
        verify_ledger(engine, home=home),
    ):
        assert [f.seq for f in verification.faults] == [saved_head[0]]
        assert "is not the one that a receipt or checkpoint names" in verification.faults[0].localize_message()


@pytest.mark.parametrize(
    ("statement", "action", "words"),
    [
        ("update event set actor = 'chief' where action = 'approve'", "submission.approve", "it was changed"),
        ("update event set comment = 'x' where action = 'approve'", "submission.approve", "it was changed"),
        ("update event set payload = '{\"release\": 1}' where action = 'approve'", "submission.approve", "changed"),
        ("delete from event where action = 'approve'", "submission.approve", "it was deleted"),
        ("update submission set state = 'withdrawn' where state = 'approved'", "submission.approve", "were changed"),
        ("update submission set accepted_at = '2020-01-01T00:00:00Z' where state = 'approved'", "submission.approve",
         "were changed"),
        ("update submission set sender = 'chief' where state = 'approved'", "submission.approve", "were changed"),
        ("update block set period = '2025-Q1' where period = '2025-Q3'", "submission.approve", "were changed"),
        ("delete from block where period = '2025-Q3'", "submission.approve", "were changed"),
        ("update justification set text = 'nothing to say at all'", "submission.send:-1", "were changed"),
        ("delete from justification", "submission.send:-1", "were changed"),
        ("update account set password_hash = 'x' where account_id = 'chief'", "account.create", "it or its grants"),
        ("update account_grant set jurisdiction = '*' where account_id = 'secretariat'", "account.create", "grants"),
        ("delete from account_grant where account_id = 'secretariat'", "account.create", "it or its grants"),
        ("update token set expires_at = '2099-01-01T00:00:00Z'", "token.issue", "it was changed"),
        ("delete from token", "token.issue", "it was deleted"),
    ],
)  # fmt: skip
def test_verify_ledger_finds_tampered_row_at_entry_that_covers_it(
    story: tuple[Home, sa.Engine], statement: str, action: str, words: str
) -> None:
    _, engine = story
    name, _, nth = action.partition(":")
    entries = [e for e in audit_log.list_entries(engine) if e["action"] == name]
    if "account_id" in statement:
        entries = [e for e in entries if f"'{e['subject']}'" in statement]
    expected = entries[int(nth or 0)]["seq"]
    _tamper(engine, statement)
    verification = verify_ledger(engine)
    assert [f.seq for f in verification.faults] == [expected]
    assert words in verification.faults[0].localize_message()


def test_verify_ledger_finds_rows_without_entry(story: tuple[Home, sa.Engine]) -> None:
    _, engine = story
    columns = "display_name, language, must_change, failed, disabled, created_at, created_by"
    _tamper(
        engine,
        "insert into event (submission_id, at, actor, action, to_state) "
        "select submission_id, received_at, 'chief', 'approve', 'approved' from submission where state = 'sent'",
        f"insert into account (account_id, {columns}) "
        f"select 'intruder', {columns} from account where account_id = 'office'",
    )
    messages = [f.localize_message() for f in verify_ledger(engine).faults]
    assert len(messages) == 2
    assert any("is in no entry of the audit log: it was put in" in t and "Event" in t for t in messages)
    assert any("Account intruder is in no entry" in t for t in messages)


def test_verify_ledger_accepts_sign_ins_and_token_use(story: tuple[Home, sa.Engine]) -> None:
    _, engine = story
    accounts.create_account(engine, "signs-in", "Office", password="four words make it", must_change=False, by=SYSTEM)
    password_sign_in.sign_in(engine, "signs-in", "wrong")
    password_sign_in.sign_in(engine, "signs-in", "four words make it")
    issued = tokens.issue_token(engine, accounts.get_identity(engine, "office"), "another")
    tokens.verify_token(engine, issued.text)
    assert verify_ledger(engine).good


# ---------------------------------------------------------------------------------------------------------- checkpoints


def test_checkpoints_are_written_once_per_head_and_skip_partial_line(story: tuple[Home, sa.Engine]) -> None:
    home, engine = story
    first = audit_log.write_checkpoint(home, engine)
    assert audit_log.write_checkpoint(home, engine) == first
    assert audit_log.read_checkpoints(home) == [first]
    path = home.restricted / audit_log.CHECKPOINTS
    assert path.stat().st_mode & 0o077 == 0
    with path.open("a", encoding="ascii") as handle:
        handle.write('{"at": "2026-0')
    assert audit_log.read_checkpoints(home) == [first]
    assert verify_ledger(engine, home=home).good
    accounts.grant_role(engine, "office", Grant("viewer"), by=SYSTEM)
    second = audit_log.write_checkpoint(home, engine)
    assert audit_log.read_checkpoints(home) == [first, second]
    with path.open("a", encoding="ascii") as handle:
        handle.write("nothing of ours\n")
    with pytest.raises(ValueError, match="line 3 of"):
        audit_log.read_checkpoints(home)


@pytest.mark.parametrize("text", ["", "1", "1:", f"x:{'0' * 64}", f"-1:{'0' * 64}", f"1:{'g' * 64}", f"1:{'0' * 63}"])
def test_verify_ledger_with_malformed_head_raises(story: tuple[Home, sa.Engine], text: str) -> None:
    with pytest.raises(ValueError, match="not a head of the audit log"):
        verify_ledger(story[1], head=text)


# ------------------------------------------------------------------------------------------------------------ migration


def _create_first_revision(url: str) -> None:
    """Create a ledger as the first version left it, with three events."""
    from alembic import command
    from alembic.config import Config

    from pipelines.ledger import database

    engine = database.engine_of(url)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with open_write_transaction(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        false = "0" if engine.dialect.name == "sqlite" else "false"
        connection.exec_driver_sql(
            "insert into submission (submission_id, sha256, size, filename, received_at, sender, state, demonstration) "
            f"values ('S1', '{'0' * 64}', 1, 'a.csv', '2026-02-10T09:00:00Z', 'office', 'sent', {false})"
        )
        connection.exec_driver_sql(
            f"insert into block values ('S1', 'QQ', 'justice', 'QQ-JUSTICE', 'Q', '2025-Q4', 2, {false})"
        )
        for action, state in (("receive", "received"), ("check", "checked"), ("send", "sent")):
            connection.exec_driver_sql(
                "insert into event (submission_id, at, actor, action, to_state, payload) "
                f"values ('S1', '2026-02-10T09:00:00Z', 'office', '{action}', '{state}', '{{\"b\": 1, \"a\": [2]}}')"
            )
    engine.dispose()


def test_open_ledger_of_first_revision_builds_audit_chain(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    if database == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.sqlite'}"
    else:
        url = request.getfixturevalue("postgres_databases").create_empty()
    _create_first_revision(url)
    engine = open_url(url)
    assert [(e["action"], e["actor"]) for e in audit_log.list_entries(engine)] == [
        ("audit.begin", "system"),
        ("submission.receive", "office"),
        ("submission.check", "office"),
        ("submission.send", "office"),
    ]
    assert verify_ledger(engine).good
    open_url(url).dispose()
    assert verify_ledger(engine).entries == 4
    _tamper(engine, "update submission set state = 'approved'")
    assert [f.seq for f in verify_ledger(engine).faults] == [4]
    engine.dispose()


def test_open_ledger_with_emptied_log_does_not_start_new_log(story: tuple[Home, sa.Engine]) -> None:
    home, engine = story
    _tamper(engine, "delete from audit")
    reopened = open_ledger(home)
    assert not verify_ledger(reopened).good
    reopened.dispose()


def test_append_many_uses_few_inserts(story: tuple[Home, sa.Engine]) -> None:
    """Append a thousand entries, as a demonstration does, in one transaction."""
    _, engine = story
    statements: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *a: statements.append(str(a[2])))
    with open_write_transaction(engine) as connection:
        audit_log.append_many(connection, [AuditEntry(time_at(0), "a", "x", "s", {"n": n}) for n in range(1_000)])
    assert verify_ledger(engine).good
    inserts = [s for s in statements if s.lower().startswith("insert into audit")]
    assert len(inserts) <= 10
