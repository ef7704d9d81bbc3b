"""Tests of publishing, rolling back and the clock: refused acts change nothing."""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines import refresh
from pipelines.cli import main
from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.core.home_lock import HomeBusyError, hold_home_lock
from pipelines.ledger import audit_log, queries
from pipelines.ledger.acts import Act
from pipelines.ledger.clock_guard import ClockSetBackError
from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.opening import open_ledger
from pipelines.operations import run, serve
from pipelines.publication import measured_quality
from pipelines.publication.releases.build import next_release
from pipelines.publication.releases.editions import edition_key, next_edition
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.publications import find_unfinished
from pipelines.publication.releases.publish import list_drafts
from pipelines.refresh import integrity, publication
from pipelines.refresh.publication_inputs import find_returns_behind
from pipelines.refresh.release_desk import rollback_plan
from pipelines.submissions import decisions, intake, release_log, store
from pipelines.submissions.clock_acceptance import accept_clock
from pipelines.warehouse.records import build
from tests.support.damaged_ledger import overwrite_audit_page
from tests.support.fakes import ledger_fakes
from tests.support.fakes.ledger_fakes import make_block
from tests.support.releases import publication_fixture as fixture

FIRST, NEXT = fixture.FIRST, fixture.NEXT
EARLIER = "2026-11-01T00:00:00Z"
REASON = "The figures of one office were wrong."


@pytest.fixture
def home(publication_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    return fixture.use_copy(publication_home, tmp_path / "home", monkeypatch)


@pytest.fixture
def no_dagster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_run", lambda *_: {"run": "none", "draft": None, "new": False})


# -- order of editions


def test_editions_sort_by_quarter_and_number() -> None:
    ordered = ["2025-Q4", "2026-Q2", "2026-Q3", "2026-Q3.1", "2026-Q3.2", "2026-Q3.10", "2026-Q4"]
    assert sorted(set(ordered), key=edition_key) == ordered


@pytest.mark.parametrize("name", ["2026-Q5", "2026-Q3.0", "2026-Q3.01", "2026", "2026-Q3.1 ", "2026-Q3.new", ""])
def test_edition_key_of_another_name_raises(name: str) -> None:
    with pytest.raises(ValueError, match="is not a release"):
        edition_key(name)


def test_next_edition_follows_the_newest_and_not_the_first_gap() -> None:
    assert next_edition("2026-Q4", ["2026-Q3", "2026-Q3.1"]) == "2026-Q4"
    assert next_edition("2026-Q3", ["2026-Q2", "2026-Q3", "2026-Q3.1", "2026-Q3.10"]) == "2026-Q3.11"


# -- a clock that was set back


def test_refresh_and_publish_with_clock_set_back_change_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch, no_dagster: None
) -> None:
    fixture.publish_draft(home)
    fixture.write_draft(home, "2026-Q3.2", [])
    before = fixture.read_state(home)
    monkeypatch.setenv("RTI_NOW", EARLIER)
    acts: tuple[Callable[[], object], ...] = (
        lambda: run.run_refresh(home, say=lambda _: None),
        lambda: refresh.enter_arrivals(home),
        lambda: fixture.publish_draft(home),
        lambda: refresh.roll_back(home, FIRST, actor="the-steward", reason=REASON),
    )
    for act in acts:
        with pytest.raises(ClockSetBackError, match=f"says {EARLIER}, but the audit log has an entry of {fixture.NOW}"):
            act()
    assert fixture.read_state(home) == before


@pytest.mark.parametrize("command", [("refresh",), ("refresh", "--publish"), ("publish",)])
def test_commands_with_clock_set_back_exit_with_3_and_name_the_remedy(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("RTI_NOW", EARLIER)
    assert main.main(list(command)) == 3
    error_output = capsys.readouterr().err
    assert EARLIER in error_output and fixture.FIRST_AT in error_output and "Set the clock right" in error_output
    assert (fixture.find_current_name(home), list_drafts(home)) == (FIRST, [NEXT])


def test_every_act_on_a_return_with_clock_set_back_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_ledger(home)
    monkeypatch.setenv("RTI_NOW", "2026-11-24T09:00:00Z")
    ids = {
        name: intake.record_arrival(engine, ledger_fakes.make_arrival(name, 10)).submission_id
        for name in ("draft", "sent")
    }
    for name, identity in ids.items():
        ledger_fakes.keep_values(home, identity, {("2025-Q4", name): 3})
        intake.record_check(engine, ledger_fakes.make_check_result(identity, make_block("2025-Q4"), days=10))
    decisions.send_submission(engine, Act(ids["sent"], "office"))
    monkeypatch.setenv("RTI_NOW", EARLIER)
    comment = "It was the wrong file."
    acts: dict[str, Callable[[], object]] = {
        "receive": lambda: intake.record_arrival(engine, ledger_fakes.make_arrival("late", 20)),
        "check": lambda: intake.record_check(
            engine, ledger_fakes.make_check_result(ids["draft"], make_block("2025-Q4"))
        ),
        "send": lambda: decisions.send_submission(engine, Act(ids["draft"], "office")),
        "approve": lambda: decisions.approve_submission(engine, home, Act(ids["sent"], "chief")),
        "give back": lambda: decisions.give_back(engine, Act(ids["sent"], "chief", comment=comment)),
        "withdraw": lambda: decisions.withdraw_submission(
            engine, Act(ids["draft"], "office", None, comment, "wrong_return")
        ),
        "publish": lambda: release_log.record_publication(engine, [], NEXT),
    }
    before = fixture.read_state(home)
    for name, act in acts.items():
        with pytest.raises(ClockSetBackError):
            act()
            pytest.fail(f"{name} was done")
    assert fixture.read_state(home) == before
    # The time of the newest entry itself is not a step back.
    monkeypatch.setenv("RTI_NOW", "2026-11-24T09:00:00Z")
    decisions.approve_submission(engine, home, Act(ids["sent"], "chief"))
    assert queries.find_submission(engine, ids["sent"]).state == "approved"


def test_publish_before_the_time_of_its_draft_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_NOW", "2026-11-22T09:00:00Z")
    with pytest.raises(ClockSetBackError, match=f"release {NEXT} dates from {fixture.NOW}"):
        fixture.publish_draft(home)
    assert fixture.find_current_name(home) == FIRST


def test_accept_clock_allows_acts_before_the_wrong_entries(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_ledger(home)
    fixture.publish_draft(home)
    monkeypatch.setenv("RTI_NOW", EARLIER)
    with pytest.raises(NotAllowedError):
        accept_clock(engine, actor="office", reason="The clock was ahead.")
    newest = accept_clock(engine, actor="the-steward", reason="The clock was ahead.", dates=[fixture.NOW])
    assert newest == fixture.NOW
    refresh.roll_back(home, FIRST, actor="the-steward", reason=REASON)
    assert fixture.find_current_name(home) == FIRST
    assert integrity.verify_records(home, engine).faults == ()
    monkeypatch.setenv("RTI_NOW", "2026-10-31T00:00:00Z")
    with pytest.raises(ClockSetBackError, match=f"entry of {EARLIER}"):
        publication.start_refresh(home)


def test_accept_clock_with_nothing_ahead_is_refused(home: Home) -> None:
    with pytest.raises(ClockSetBackError, match="nothing recorded is later"):
        accept_clock(open_ledger(home), actor="the-steward", reason="The clock was ahead.")


def test_publish_of_an_older_edition_is_refused(home: Home) -> None:
    shutil.move(home.drafts / NEXT, home.drafts / "2026-Q2")
    with pytest.raises(ReleaseError, match=f"2026-Q2 is older than the current release {FIRST}.*rti rollback"):
        fixture.publish_draft(home)
    assert fixture.find_current_name(home) == FIRST
    assert not (home.releases / "2026-Q2").exists()


# -- rollback


def test_rollback_switches_the_current_release_and_keeps_everything_else(home: Home) -> None:
    fixture.publish_draft(home)
    before = fixture.read_state(home)
    refresh.roll_back(home, FIRST, actor="the-steward", reason=REASON)
    after = fixture.read_state(home)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert changed == {"public/current", "public/publications.jsonl", "restricted/audit-checkpoints.jsonl", "audit"}
    assert after["public/current"] == f"releases/{FIRST}"
    assert fixture.read_journal(home)[-1] == {
        "release": FIRST, "published_at": fixture.NOW, "action": "rollback", "previous": NEXT,
        "actor": "the-steward", "reason": REASON,
    }  # fmt: skip
    engine = open_ledger(home)
    entry = audit_log.list_entries(engine)[-1]
    assert (entry["actor"], entry["action"], entry["subject"]) == ("the-steward", "release.rollback", FIRST)
    assert entry["detail"] == {"previous": NEXT, "reason": REASON, "number": 3}
    assert integrity.verify_records(home, engine).faults == ()


def test_edition_after_a_rollback_has_a_new_number_and_becomes_current(home: Home) -> None:
    fixture.publish_draft(home)
    refresh.roll_back(home, FIRST, actor="the-steward", reason=REASON)
    assert next_release(home, "2026-Q3") == "2026-Q3.2"
    ids = [submission.submission_id for submission in queries.list_submissions(open_ledger(home))]
    fixture.write_draft(home, "2026-Q3.2", ids)
    fixture.publish_draft(home)
    assert fixture.find_current_name(home) == "2026-Q3.2"
    # The rolled-back release was public: revisions are measured against it, and records were compared with it.
    days = measured_quality.list_public_releases(home, clock.now())
    assert [name for name, _ in days] == [FIRST, NEXT, "2026-Q3.2"]
    released = build.records_folder(home) / "released" / "members.parquet"
    assert released.read_bytes() == (build.records_folder(home) / "records-of-2026-Q3.2/members.parquet").read_bytes()


def test_rollback_of_a_rollback_returns_to_the_newer_release(home: Home) -> None:
    fixture.publish_draft(home)
    for release in (FIRST, NEXT, FIRST):
        refresh.roll_back(home, release, actor="the-steward", reason=REASON)
        assert fixture.find_current_name(home) == release
    assert [line["release"] for line in fixture.read_journal(home)] == [FIRST, NEXT, FIRST, NEXT, FIRST]
    entries = [entry for entry in audit_log.list_entries(open_ledger(home)) if entry["action"] == "release.rollback"]
    assert [entry["detail"]["number"] for entry in entries] == [3, 4, 5]


@pytest.mark.parametrize(
    ("release", "actor", "reason", "error", "words"),
    [
        (FIRST, "office", REASON, NotAllowedError, "needs the role steward"),
        (FIRST, "nobody", REASON, NotAllowedError, "nobody"),
        (FIRST, "the-steward", "wrong", ReleaseError, "at least 10 characters"),
        (NEXT, "the-steward", REASON, ReleaseError, "is the current release already"),
        ("2026-Q1", "the-steward", REASON, ReleaseError, "never published. Choose one of these: 2026-Q3, 2026-Q3.1"),
    ],
)  # fmt: skip
def test_rollback_that_is_not_allowed_changes_nothing(
    home: Home, release: str, actor: str, reason: str, error: type[Exception], words: str
) -> None:
    fixture.publish_draft(home)
    before = fixture.read_state(home)
    with pytest.raises(error, match=words):
        refresh.roll_back(home, release, actor=actor, reason=reason)
    assert fixture.read_state(home) == before


def test_rollback_decided_for_another_current_release_changes_nothing(home: Home) -> None:
    fixture.publish_draft(home)
    before = fixture.read_state(home)
    with pytest.raises(ReleaseError, match=f"{FIRST} was the current release when you decided, and now it is {NEXT}"):
        refresh.roll_back(home, FIRST, actor="the-steward", reason=REASON, expected=FIRST)
    assert fixture.read_state(home) == before
    refresh.roll_back(home, FIRST, actor="the-steward", reason=REASON, expected=NEXT)
    assert fixture.find_current_name(home) == FIRST


def test_rollback_plan_names_what_readers_will_see(home: Home) -> None:
    engine = open_ledger(home)
    assert rollback_plan.list_rollback_targets(home) == []
    assert rollback_plan.plan_rollback(home, engine, FIRST) is None, "it is current"
    fixture.publish_draft(home)
    ids = [submission.submission_id for submission in queries.list_submissions(engine)]
    fixture.write_draft(home, "2026-Q3.2", ids)
    fixture.publish_draft(home)
    assert rollback_plan.list_rollback_targets(home) == [NEXT, FIRST]
    plan = rollback_plan.plan_rollback(home, engine, FIRST)
    assert plan == rollback_plan.RollbackPlan("2026-Q3.2", FIRST, (NEXT, "2026-Q3.2"), (), 0)
    refresh.roll_back(home, NEXT, actor="the-steward", reason=REASON)
    assert rollback_plan.list_rollback_targets(home) == [FIRST, "2026-Q3.2"], "the withdrawn one is no usual choice"
    plan = rollback_plan.plan_rollback(home, engine, "2026-Q3.2")
    assert plan == rollback_plan.RollbackPlan(NEXT, "2026-Q3.2", (), ("2026-Q3.2",), 0)
    assert rollback_plan.plan_rollback(home, engine, "2026-Q1") is None


def test_rollback_to_a_damaged_release_is_refused(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    fixture.publish_draft(home)
    (home.releases / FIRST / "data" / "cell.parquet").write_bytes(b"changed")
    with pytest.raises(ReleaseError, match="are not as they were published"):
        refresh.roll_back(home, FIRST, actor="the-steward", reason=REASON)
    assert main.main(["release", "rollback", FIRST, "--reason", REASON, "--as", "the-steward"]) == 3
    assert capsys.readouterr().err.startswith(f"rti: The files of release {FIRST} are not as they were published")
    assert fixture.find_current_name(home) == NEXT


def test_interrupted_rollback_is_completed_by_the_next_publish(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    fixture.publish_draft(home)
    with monkeypatch.context() as patch:
        patch.setattr(publication, "_record_in_ledger", _raise(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            refresh.roll_back(home, FIRST, actor="the-steward", reason=REASON)
    [unfinished] = find_unfinished(home)
    assert f"rollback to release {FIRST}" in unfinished.to_sentence()
    assert fixture.publish_draft(home) == FIRST
    assert [entry["action"] for entry in audit_log.list_entries(open_ledger(home))].count("release.rollback") == 1
    assert len(fixture.read_journal(home)) == 3
    assert find_unfinished(home) == []


def test_rollback_command_prints_the_current_release(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["publish", *fixture.OVERRIDE_OPTIONS]) == 0
    assert main.main(["rollback", FIRST, "--reason", REASON, "--as", "the-steward"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"published {NEXT}", f"{FIRST} is the current release again"]


def test_returns_behind_figures_on_cooperation_are_published_too(home: Home) -> None:
    engine, draft = open_ledger(home), home.drafts / NEXT
    counted = pl.read_parquet(draft / "data" / "cell_submission.parquet")
    of_cooperation = counted.tail(1).select("submission_id").with_columns(territory=pl.lit("QQ"), year=2025, quarter=0)
    counted.head(2).write_parquet(draft / "data" / "cell_submission.parquet")
    # The software that made the draft may have had no such table yet.
    assert find_returns_behind(engine, draft) == sorted(counted.head(2)["submission_id"])
    of_cooperation.write_parquet(draft / "data" / "cooperation_submission.parquet")
    assert find_returns_behind(engine, draft) == sorted(counted["submission_id"])


# -- interrupted publications


def _raise(error: BaseException) -> Callable[..., Any]:
    def raise_error(*_: object, **__: object) -> None:
        raise error

    return raise_error


def _interrupt_publication(home: Home, act: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publication, act, _raise(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            fixture.publish_draft(home)


def test_status_and_audit_verify_report_an_unfinished_publication(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    for data in (b"1", b"2", b"3"):
        store.put_bytes(home, data)
    assert (main.main(["status"]), main.main(["audit", "verify"])) == (0, 0)
    capsys.readouterr()
    _interrupt_publication(home, "_record_in_ledger")
    words = f"The publication of release {NEXT}, begun at {fixture.NOW}, is not finished"
    assert main.main(["status"]) == 1
    assert words in capsys.readouterr().err
    assert main.main(["status", "--json"]) == 1
    assert words in json.loads(capsys.readouterr().out)["unfinished"][0]
    assert main.main(["audit", "verify"]) == 1
    assert words in capsys.readouterr().out
    assert main.main(["publish", *fixture.OVERRIDE_OPTIONS]) == 0
    captured = capsys.readouterr()
    assert (captured.out, f"interrupted publication of {NEXT} is complete" in captured.err) == (
        f"published {NEXT}\n",
        True,
    )
    assert (main.main(["status"]), main.main(["audit", "verify"])) == (0, 0)


def test_refresh_command_reports_the_publication_that_it_completed(
    home: Home, capsys: pytest.CaptureFixture[str], no_dagster: None
) -> None:
    _interrupt_publication(home, "switch_current")
    assert main.main(["refresh", "--publish", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["release"] == NEXT
    assert fixture.find_current_name(home) == NEXT


def test_serve_completes_an_interrupted_publication_before_it_starts(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _interrupt_publication(home, "switch_current")
    monkeypatch.setattr(serve, "_find_free_port", _raise(serve.ServeError("no port is free")))
    with pytest.raises(serve.ServeError):
        serve.serve_home(home)
    assert (fixture.find_current_name(home), find_unfinished(home)) == (NEXT, [])
    assert f"interrupted publication of {NEXT} is complete" in capsys.readouterr().err


def test_completion_keeps_the_start_time_of_the_publication(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    _interrupt_publication(home, "append_journal")
    monkeypatch.setenv("RTI_NOW", "2026-11-26T09:00:00Z")
    fixture.publish_draft(home)
    line = fixture.read_journal(home)[-1]
    assert (line["release"], line["published_at"]) == (NEXT, fixture.NOW)


def test_publication_of_a_lost_draft_is_given_up(home: Home) -> None:
    _interrupt_publication(home, "move_draft")
    shutil.rmtree(home.drafts / NEXT)
    messages: list[str] = []
    assert publication.start_refresh(home, log=messages.append) is None
    assert "is given up" in messages[0]
    assert (fixture.find_current_name(home), find_unfinished(home)) == (FIRST, [])


def test_release_damaged_before_the_switch_does_not_become_current(home: Home) -> None:
    _interrupt_publication(home, "switch_current")
    (home.releases / NEXT / "data" / "cell.parquet").write_bytes(b"changed")
    with pytest.raises(ReleaseError, match=f"cannot be finished, because files of the release.*public/releases/{NEXT}"):
        fixture.publish_draft(home)
    assert fixture.find_current_name(home) == FIRST


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("public/calendar.json", ("publish", *fixture.OVERRIDE_OPTIONS)),
        ("restricted/approval.json", ("release", "approve", "--withdraw", "--as", "the-steward")),
    ],
)
def test_command_with_a_damaged_record_changes_nothing_and_names_it(
    home: Home, name: str, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    path = home.root / name
    path.write_bytes(b"")
    before = fixture.read_state(home)
    assert main.main([*command]) == 3
    error = capsys.readouterr().err
    assert error.startswith(f"rti: {path} is damaged") and "Restore it from a backup" in error
    assert fixture.read_state(home) == before
    path.unlink()
    assert main.main(["publish", *fixture.OVERRIDE_OPTIONS]) == 0


def test_publish_with_a_damaged_page_of_the_ledger_changes_nothing(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    overwrite_audit_page(home)
    damaged = (home.restricted / "ledger.sqlite").read_bytes()
    assert main.main(["publish", *fixture.OVERRIDE_OPTIONS]) == 3
    error = capsys.readouterr().err
    assert "ledger.sqlite is damaged" in error and "Traceback" not in error and "Restore" in error
    assert (fixture.find_current_name(home), list_drafts(home), find_unfinished(home)) == (FIRST, [NEXT], [])
    assert (home.restricted / "ledger.sqlite").read_bytes() == damaged


def test_release_outside_the_journal_is_reported_and_can_be_published(home: Home) -> None:
    """Publish what a version without intent files leaves when it is killed between moving and switching."""
    (home.drafts / NEXT).rename(home.releases / NEXT)
    [unfinished] = find_unfinished(home)
    assert f"`rti publish {NEXT}` finishes it" in unfinished.to_sentence()
    assert fixture.publish_draft(home, NEXT) == NEXT
    assert (fixture.find_current_name(home), find_unfinished(home)) == (NEXT, [])
    assert len(fixture.read_journal(home)) == 2


def test_pointer_moved_by_hand_is_reported(home: Home) -> None:
    fixture.publish_draft(home)
    home.current.unlink()
    home.current.symlink_to(f"releases/{FIRST}")
    [unfinished] = find_unfinished(home)
    assert f"current release is {FIRST}" in unfinished.to_sentence()
    assert f"`rti rollback {NEXT}`" in unfinished.to_sentence()
    refresh.roll_back(home, NEXT, actor="the-steward", reason=REASON)
    assert find_unfinished(home) == []


# -- a full or read-only disk

_FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
_READ_ONLY = OSError(errno.EROFS, os.strerror(errno.EROFS))
_EACH_FAULT = pytest.mark.parametrize("fault", [_FULL, _READ_ONLY], ids=["full", "read-only"])


@pytest.mark.sampled()
@_EACH_FAULT
@pytest.mark.parametrize(
    "act", [(publication, "prepare_switch"), (publication, "prepare_journal"), (os, "posix_fallocate"),
            (build, "prepare_baseline"), (publication, "write_intent")],
)  # fmt: skip
def test_full_disk_before_the_first_step_changes_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch, act: tuple[Any, str], fault: OSError
) -> None:
    fixture.override_checklist(home, NEXT)
    before = fixture.read_state(home)
    with monkeypatch.context() as patch:
        patch.setattr(*act, _raise(fault))
        words = f"was not published, and nothing has changed. Cause: .*{fault.strerror}"
        with pytest.raises(ReleaseError, match=words):
            fixture.publish_draft(home)
    assert fixture.read_state(home) == before
    fixture.publish_draft(home)
    assert fixture.find_current_name(home) == NEXT


@pytest.mark.sampled()
@_EACH_FAULT
@pytest.mark.parametrize(
    "act", ["move_draft", "switch_current", "append_journal", "_renew_baseline", "_record_in_ledger",
            "_write_checkpoint", "remove_intent"],
)  # fmt: skip
def test_publication_stopped_by_a_full_disk_is_finished_later(
    home: Home, monkeypatch: pytest.MonkeyPatch, act: str, fault: OSError
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(publication, act, _raise(fault))
        with pytest.raises(ReleaseError, match=rf"is not finished. Cause: .*{fault.strerror}.*`rti publish`"):
            fixture.publish_draft(home)
        messages: list[str] = []
        publication.complete_publication_at_start(home, report=messages.append)
        assert fault.strerror in messages[0], "the service starts anyway and reports it"
    assert fixture.publish_draft(home) == NEXT
    assert find_unfinished(home) == []


def test_disk_too_full_for_the_lock_is_reported(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pipelines.core.home_lock._write_holder", _raise(_FULL))
    assert main.main(["publish", *fixture.OVERRIDE_OPTIONS]) == 3
    assert "`rti publish` was stopped by the system" in capsys.readouterr().err
    assert (fixture.find_current_name(home), find_unfinished(home)) == (FIRST, [])


def test_after_the_intent_only_the_ledger_needs_space(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check that no file is written between the intent and the ledger, since all files were prepared."""
    opened: list[str] = []
    real_open, real_write = Path.open, publication.write_intent

    def record_open(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if set(mode) & set("wax+"):
            opened.append(path.name)
        return real_open(path, mode, *args, **kwargs)

    def write_intent_and_watch(*args: Any) -> None:
        real_write(*args)
        monkeypatch.setattr(Path, "open", record_open)

    monkeypatch.setattr(publication, "write_intent", write_intent_and_watch)
    fixture.publish_draft(home)
    assert opened == []


# -- concurrent commands


@pytest.fixture
def busy(home: Home) -> Iterator[None]:
    """Hold the lock of the home in another thread."""
    is_held, is_released = threading.Event(), threading.Event()

    def hold_lock() -> None:
        with hold_home_lock(home, purpose="refresh"):
            is_held.set()
            is_released.wait(30)

    thread = threading.Thread(target=hold_lock)
    thread.start()
    assert is_held.wait(10)
    yield
    is_released.set()
    thread.join()


def test_publish_while_something_else_holds_the_home_is_refused(
    home: Home, busy: None, capsys: pytest.CaptureFixture[str]
) -> None:
    message = rf"`refresh` is running \(process {os.getpid()}, since {fixture.NOW}\)"
    for act in (
        lambda: fixture.publish_draft(home),
        lambda: refresh.roll_back(home, FIRST, actor="the-steward", reason=REASON),
    ):
        with pytest.raises(HomeBusyError, match=message):
            act()
    assert main.main(["publish", *fixture.OVERRIDE_OPTIONS]) == 3
    assert "wait until it has finished" in capsys.readouterr().err


def test_home_lock_can_be_entered_again_by_its_thread(home: Home) -> None:
    with hold_home_lock(home, purpose="outer"):
        with hold_home_lock(home, purpose="inner"):
            pass
        assert fixture.publish_draft(home) == NEXT
    with hold_home_lock(home, purpose="again", wait_seconds=0):
        pass


def test_home_lock_is_released_on_a_disk_that_became_read_only(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a process that goes on, as a service does, lose the right to remove the name of the holder."""
    with (
        monkeypatch.context() as patch,
        pytest.raises(OSError, match=_READ_ONLY.strerror),
        hold_home_lock(home, purpose="first"),
    ):
        patch.setattr(Path, "unlink", _raise(_READ_ONLY))
    outcomes: list[str] = []

    def hold_again() -> None:
        with hold_home_lock(home, purpose="second"):
            outcomes.append("held")

    thread = threading.Thread(target=hold_again)
    thread.start()
    thread.join(30)
    assert outcomes == ["held"]


def test_home_lock_waits_for_its_holder(home: Home) -> None:
    is_held = threading.Event()

    def hold_lock() -> None:
        with hold_home_lock(home, purpose="short"):
            is_held.set()

    thread = threading.Thread(target=hold_lock)
    thread.start()
    is_held.wait(10)
    with hold_home_lock(home, purpose="patient", wait_seconds=10):
        pass
    thread.join()


def test_command_publish_with_open_checks_exits_with_3_and_names_them(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["publish"]) == 3
    error_output = capsys.readouterr().err
    assert "these checks are open: " in error_output and "--override REASON" in error_output
    assert "calendar, sign_offs" in error_output, "commands name checks by their ids"
    assert (fixture.find_current_name(home), list_drafts(home)) == (FIRST, [NEXT])
    assert main.main(["publish", *fixture.OVERRIDE_OPTIONS]) == 0
