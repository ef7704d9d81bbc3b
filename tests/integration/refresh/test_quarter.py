"""Tests of the quarter's round: its days, its acts, and what its progress says is done and who is waited for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dashboards.office.pages.quarter import make_quarter_table
from pipelines.cli import main
from pipelines.core.i18n import tell
from pipelines.ledger.clock_guard import ClockSetBackError
from pipelines.model.periods import Period
from pipelines.refresh import due, embargo, publication
from pipelines.refresh.quarter import (
    CorrectedRelease,
    QuarterProgress,
    QuarterStep,
    Wait,
    carry_out_act,
    find_due_acts,
    find_next_release,
    measure_progress,
    set_release_days,
    words,
)
from pipelines.refresh.quarter.acts import find_due_draft
from pipelines.refresh.release_desk import desk
from pipelines.refresh.release_desk.review import Override
from pipelines.submissions import notices, timetable
from pipelines.submissions.accounts import accounts
from pipelines.submissions.notices.words import write_letter
from pipelines.submissions.quarter_log import QUARTER_ACTS, QuarterAct
from tests.support.quarter_world import STEWARD, QuarterWorld, head_of, make_world, office_of

QUARTER = "2026-Q1"
OPENS, DEADLINE, ANSWERS, RELEASE = date(2026, 4, 1), date(2026, 5, 15), date(2026, 5, 30), date(2026, 6, 14)
REASON = "A test publishes a draft without pages."


@pytest.fixture
def set_day(monkeypatch: pytest.MonkeyPatch) -> Callable[[date], None]:
    return lambda day: monkeypatch.setenv("RTI_NOW", f"{day.isoformat()}T09:00:00Z")


@pytest.fixture
def world(tmp_path: Path, set_day: Callable[[date], None], monkeypatch: pytest.MonkeyPatch) -> Iterator[QuarterWorld]:
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    set_day(OPENS)
    new_world = make_world(tmp_path)
    monkeypatch.setenv("RTI_HOME", str(new_world.home.root))
    yield new_world
    new_world.engine.dispose()


def carry_out(world: QuarterWorld, act: QuarterAct) -> list[int | None]:
    acts = find_due_acts(world.home, world.engine, world.registry, act)
    return [carry_out_act(world.home, world.engine, world.registry, item) for item in acts]


def list_due(world: QuarterWorld) -> set[str]:
    return {act for act in QUARTER_ACTS if find_due_acts(world.home, world.engine, world.registry, act)}


def list_recipients(world: QuarterWorld, act: QuarterAct) -> dict[str, int]:
    """Return the accounts with a notice of an act, and how many returns it lists."""
    listed = notices.list_notices(world.engine)
    return {n.account_id: len(n.content["items"]) for n in listed if n.kind == "quarter" and n.content["what"] == act}


def measure_steps(world: QuarterWorld) -> dict[str, QuarterStep]:
    (progress,) = measure_progress(world.home, world.engine, world.registry)
    assert progress.quarter == QUARTER
    return {step.name: step for step in progress.steps}


# -- the days


@pytest.mark.parametrize(
    ("quarter", "days", "periods"),
    [
        ("2026-Q1", (OPENS, DEADLINE, ANSWERS, RELEASE), {"2026-Q1": 17, "2025": 11}),
        ("2026-Q3", (date(2026, 10, 1), date(2026, 11, 14), date(2026, 11, 29), date(2026, 12, 14)), {"2026-Q3": 17}),
        ("2026-Q4", (date(2027, 1, 1), date(2027, 2, 14), date(2027, 3, 1), date(2027, 3, 16)), {"2026-Q4": 17}),
    ],
)
def test_round_has_the_days_of_the_timetable_and_annual_returns_join_the_next_release(
    world: QuarterWorld, quarter: str, days: tuple[date, ...], periods: dict[str, int]
) -> None:
    plan = timetable.plan_quarter(world.registry, Period.from_code(quarter))
    assert plan is not None
    assert (plan.opens, plan.collection, plan.queries, plan.release) == days
    assert Counter(deadline.period for deadline in plan.expected) == periods
    assert all(deadline.release <= plan.release for deadline in plan.expected)


def test_every_expected_return_belongs_to_exactly_one_round(world: QuarterWorld) -> None:
    quarters = [Period.from_code(f"{year}-Q{number}") for year in range(2023, 2027) for number in (1, 2, 3, 4)]
    plans = [plan for quarter in quarters if (plan := timetable.plan_quarter(world.registry, quarter)) is not None]
    rounds = Counter(deadline.key for plan in plans for deadline in plan.expected)
    assert set(rounds.values()) == {1}
    due = timetable.list_deadlines(world.registry, today=plans[-1].opens)
    assert {d.key for d in due if plans[0].release < d.release <= plans[-1].release} <= set(rounds)


# -- the days of releases


def test_announced_day_of_a_release_replaces_that_of_the_timetable_everywhere(
    world: QuarterWorld, set_day: Callable[[date], None]
) -> None:
    set_day(ANSWERS + timedelta(days=1))
    world.write_draft(QUARTER)
    deadlines = timetable.list_deadlines(world.registry)
    planned = find_next_release(world.home, world.registry)
    assert planned is not None and (planned.day, planned.minute) == (RELEASE, None)
    dated = {d.key: d for d in set_release_days(world.home, world.registry, deadlines)}
    assert all(dated[d.key] == d for d in deadlines if d.freq == "Q")
    assert {dated[d.key].release for d in deadlines if d.period == "2025"} == {RELEASE}, "they join the next release"

    minute = embargo.clock.parse_time("2026-06-22T09:00:00Z")
    embargo.schedule_release(world.home, QUARTER, minute, actor=STEWARD)
    announced = find_next_release(world.home, world.registry)
    assert announced is not None and (announced.day, announced.minute) == (minute.date(), minute)
    moved = [d for d in set_release_days(world.home, world.registry, deadlines) if d not in deadlines]
    assert {d.period for d in moved} == {QUARTER, "2025"} and {d.release for d in moved} == {minute.date()}
    steps = measure_steps(world)
    assert steps["signatures"].day == steps["release"].day == minute.date()
    carry_out(world, "ask_signatures")
    contents = [n.content for n in notices.list_notices(world.engine) if n.content.get("what") == "ask_signatures"]
    assert {content["until"] for content in contents} == {"2026-06-22"}


def test_released_quarter_is_not_the_next_release(world: QuarterWorld, set_day: Callable[[date], None]) -> None:
    set_day(ANSWERS + timedelta(days=1))
    publish_quarter(world)
    following = find_next_release(world.home, world.registry)
    assert following is not None and following.day == date(2026, 9, 13)
    days = {d.release for d in set_release_days(world.home, world.registry, world.list_expected(QUARTER))}
    assert days == {ANSWERS + timedelta(days=1)}


# -- the acts


def test_acts_are_due_on_their_days_and_within_two_weeks_only(
    world: QuarterWorld, set_day: Callable[[date], None]
) -> None:
    due_on: dict[date, set[str]] = {}
    for day in (
        OPENS - timedelta(days=1), OPENS, OPENS + timedelta(days=14), OPENS + timedelta(days=15), DEADLINE,
        DEADLINE + timedelta(days=1), DEADLINE + timedelta(days=15), DEADLINE + timedelta(days=16),
    ):  # fmt: skip
        set_day(day)
        due_on[day] = list_due(world)
    closing = {"close_collection", "open_queries"}
    assert list(due_on.values()) == [set(), *[{"open_collection"}] * 2, set(), set(), closing, closing, set()]


def test_each_act_is_carried_out_once_and_is_in_the_audit_log(world: QuarterWorld) -> None:
    (due,) = find_due_acts(world.home, world.engine, world.registry, "open_collection")
    # 7 offices that send; those of Montenegro report once a year and have nothing to send for the first quarter.
    assert carry_out_act(world.home, world.engine, world.registry, due) == 6
    assert carry_out_act(world.home, world.engine, world.registry, due) is None, "another process was faster"
    assert carry_out(world, "open_collection") == []
    assert list_recipients(world, "open_collection")["al-office"] == 3
    assert "me-office" not in list_recipients(world, "open_collection")


def test_act_with_clock_set_back_is_refused(world: QuarterWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    (due,) = find_due_acts(world.home, world.engine, world.registry, "open_collection")
    monkeypatch.setenv("RTI_NOW", "2024-06-30T00:00:00Z")
    with pytest.raises(ClockSetBackError):
        carry_out_act(world.home, world.engine, world.registry, due)
    assert list_recipients(world, "open_collection") == {}


def test_closing_tells_the_steward_what_is_missing_and_asks_offices_about_the_rest(
    world: QuarterWorld, set_day: Callable[[date], None]
) -> None:
    expected = [*world.list_expected(QUARTER), *world.list_expected("2025")]
    missing, refused, sent, *others = expected
    assert (missing.territory, refused.territory, sent.territory) == ("AL", "AL", "AL")
    world.accept_returns(others)
    world.check_return(refused, errors=3)
    world.send_return(sent)
    set_day(DEADLINE + timedelta(days=1))
    assert carry_out(world, "close_collection") == [1]
    assert carry_out(world, "open_queries") == [2]
    assert list_recipients(world, "close_collection") == {STEWARD: 2}
    assert list_recipients(world, "open_queries") == {office_of("AL"): 1, head_of("AL"): 1}


def test_signatures_are_asked_for_each_draft_from_those_who_have_not_signed(
    world: QuarterWorld, set_day: Callable[[date], None]
) -> None:
    world.write_draft(QUARTER)
    assert find_due_draft(world.home, world.registry) is None
    set_day(ANSWERS + timedelta(days=1))
    plan = find_due_draft(world.home, world.registry)
    assert plan is not None and plan.quarter.code == QUARTER
    release_desk = desk.ReleaseDesk(world.home, world.engine, world.registry)
    digest = desk.manifest_digest(world.home.drafts / QUARTER)
    desk.sign_sheet(release_desk, accounts.get_identity(world.engine, head_of("AL")), "AL", digest)
    assert carry_out(world, "ask_signatures") == [7]
    assert set(list_recipients(world, "ask_signatures")) == {
        STEWARD, *(head_of(code) for code in world.registry.without_training().territories if code != "AL")
    }  # fmt: skip
    assert carry_out(world, "ask_signatures") == []
    set_day(ANSWERS + timedelta(days=2))
    world.write_draft(QUARTER)
    assert carry_out(world, "ask_signatures") == [8], "a new draft needs new signatures, also that of Albania"


@pytest.mark.parametrize("language", ["en", "sq", "mk"])
def test_letters_of_the_acts_name_returns_and_days_and_footnote_kosovo(world: QuarterWorld, language: str) -> None:
    plan = timetable.plan_quarter(world.registry, Period.from_code(QUARTER))
    assert plan is not None
    carry_out(world, "open_collection")
    notice = next(n for n in notices.list_notices(world.engine) if n.account_id == office_of("XK"))

    letter = write_letter(
        replace(notice, language=language), world.registry, "https://rti.example", demonstration=False
    )
    assert len(letter.items) == 1 and "2026-05-15" in letter.items[0]
    assert "1244" in " ".join(letter.notes) and letter.link == "https://rti.example/board"
    assert "{" not in letter.title + "".join(letter.text)


# -- the progress


def test_collection_that_nobody_announced_is_not_called_completed(
    world: QuarterWorld, set_day: Callable[[date], None]
) -> None:
    today = ANSWERS + timedelta(days=1)
    set_day(today)
    step = measure_steps(world)["open"]
    assert (step.state, step.waits) == ("skipped", ())
    assert words.describe_state(step, today) == "not announced in time"


def test_announcement_waits_for_the_program_while_it_can_still_be_made(
    world: QuarterWorld, set_day: Callable[[date], None]
) -> None:
    opens = timetable.plan_quarter(world.registry, Period.from_code(QUARTER)).opens  # type: ignore[union-attr]
    for days, state, n_due in ((14, "waiting", 1), (15, "skipped", 0)):
        set_day(opens + timedelta(days=days))
        due = find_due_acts(world.home, world.engine, world.registry, "open_collection")
        assert (measure_steps(world)["open"].state, len(due)) == (state, n_due)


def test_progress_names_what_waits_and_for_whom(world: QuarterWorld, set_day: Callable[[date], None]) -> None:
    steps = measure_steps(world)
    assert {name: step.state for name, step in steps.items()} == {
        "open": "waiting", "collection": "waiting", "queries": "ahead", "draft": "ahead", "signatures": "ahead",
        "release": "ahead",
    }  # fmt: skip
    assert [wait.cause for wait in steps["open"].waits] == ["program"]
    carry_out(world, "open_collection")
    expected = [*world.list_expected(QUARTER), *world.list_expected("2025")]
    missing, refused, sent, *others = expected
    world.accept_returns(others)
    world.check_return(refused, errors=1)
    world.send_return(sent)
    steps = measure_steps(world)
    assert steps["open"].state == "done" and steps["open"].done_at == "2026-04-01T09:00:00Z"
    assert (steps["collection"].n_done, steps["collection"].n_all) == (27, 28)
    assert [(w.cause, w.office, w.instrument) for w in steps["collection"].waits] == [
        ("missing", missing.source, missing.instrument)
    ]
    assert [(w.cause, w.office) for w in steps["queries"].waits] == [
        ("findings", refused.source), ("unapproved", sent.source)
    ]  # fmt: skip
    set_day(DEADLINE + timedelta(days=1))
    assert measure_steps(world)["collection"].is_late(DEADLINE + timedelta(days=1))
    set_day(ANSWERS + timedelta(days=1))
    assert [wait.cause for wait in measure_steps(world)["draft"].waits] == ["program"]
    world.write_draft(QUARTER)
    steps = measure_steps(world)
    assert steps["draft"].state == "done"
    assert {wait.territory for wait in steps["signatures"].waits} == set(world.registry.without_training().territories)
    assert [wait.cause for wait in steps["release"].waits] == ["steward_announces"]
    number = world.send_return(missing)
    assert measure_steps(world)["draft"].state == "done", "a return that is only sent is in no draft"
    assert number in [wait.submission for wait in measure_steps(world)["queries"].waits]
    world.approve_return(number, missing.territory)
    assert measure_steps(world)["draft"].waits, "a return was accepted after the draft was made"


def test_progress_follows_announcement_approval_and_release(
    world: QuarterWorld, set_day: Callable[[date], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.accept_returns(world.list_expected(QUARTER)[:1])
    set_day(ANSWERS + timedelta(days=1))
    world.write_draft(QUARTER)
    minute = embargo.clock.parse_time("2026-06-14T09:00:00Z")
    embargo.schedule_release(world.home, QUARTER, minute, actor=STEWARD)
    assert [wait.cause for wait in measure_steps(world)["release"].waits] == ["steward_approves"]
    embargo.approve_draft(world.home, actor=STEWARD, override_reason=REASON)
    (wait,) = measure_steps(world)["release"].waits
    assert (wait.cause, wait.at) == ("minute", "2026-06-14T09:00:00Z")
    set_day(RELEASE)
    assert embargo.publish_due(world.home) == QUARTER
    steps = measure_steps(world)
    assert (steps["release"].state, steps["release"].done_at[:10]) == ("done", "2026-06-14")
    assert steps["signatures"].state == "skipped", "the release was published without the signatures"
    assert list_due(world) == set() and find_due_draft(world.home, world.registry) is None


def test_late_round_stays_until_it_is_released(world: QuarterWorld, set_day: Callable[[date], None]) -> None:
    carry_out(world, "open_collection")
    world.accept_returns(world.list_expected(QUARTER)[:1])
    set_day(date(2026, 7, 2))
    rounds = measure_progress(world.home, world.engine, world.registry)
    assert [progress.quarter for progress in rounds] == ["2026-Q1", "2026-Q2"]
    world.write_draft(QUARTER)
    publication.publish_draft(world.home, override=Override(REASON, STEWARD))
    rounds = measure_progress(world.home, world.engine, world.registry)
    assert [progress.quarter for progress in rounds] == ["2026-Q2"]


def publish_quarter(world: QuarterWorld) -> None:
    world.accept_returns(world.list_expected(QUARTER)[:1])
    world.write_draft(QUARTER)
    publication.publish_draft(world.home, override=Override(REASON, STEWARD))


def test_correction_after_the_release_says_what_waits_and_for_whom(
    world: QuarterWorld, set_day: Callable[[date], None], capsys: pytest.CaptureFixture[str]
) -> None:
    set_day(RELEASE)
    publish_quarter(world)
    assert [p.correction for p in measure_progress(world.home, world.engine, world.registry)] == [""]
    set_day(RELEASE + timedelta(days=3))
    world.write_draft(f"{QUARTER}.1")
    rounds = measure_progress(world.home, world.engine, world.registry)
    assert [p.correction for p in rounds] == [""], "a draft of the same returns is no correction"
    world.accept_returns(world.list_expected(QUARTER)[1:2])
    released, correction = measure_progress(world.home, world.engine, world.registry)
    assert (released.release, correction.correction) == (QUARTER, f"{QUARTER}.1")
    assert [(step.name, [wait.cause for wait in step.waits]) for step in correction.steps] == [
        ("draft", ["program"]), ("signatures", []), ("release", [])
    ]  # fmt: skip
    world.write_draft(f"{QUARTER}.1")
    _, correction = measure_progress(world.home, world.engine, world.registry)
    assert {wait.territory for wait in correction.steps[1].waits} == set(world.registry.without_training().territories)
    assert main.main(["status"]) == 0
    printed = capsys.readouterr().out
    lines = printed[printed.index(f"Quarter {QUARTER}, correction {QUARTER}.1") :].splitlines()
    assert lines[1] == "  The draft of the release is made: completed"
    assert lines[2] == "  The territories sign their sheets: waiting (0 of 7)"
    assert "      waits for the steward: announce the time of the release" in lines
    assert not any("late since" in line for line in lines), "a correction has no last day"
    minute = embargo.clock.parse_time("2026-06-20T09:00:00Z")
    embargo.schedule_release(world.home, f"{QUARTER}.1", minute, actor=STEWARD)
    _, correction = measure_progress(world.home, world.engine, world.registry)
    assert (correction.steps[2].day, correction.steps[2].waits[0].cause) == (date(2026, 6, 20), "steward_approves")
    embargo.approve_draft(world.home, actor=STEWARD, override_reason=REASON)
    later = embargo.clock.parse_time("2026-06-27T09:00:00Z")
    set_day(date(2026, 6, 20))
    assert embargo.publish_due(world.home) == f"{QUARTER}.1"
    world.write_draft(f"{QUARTER}.2")
    [released] = measure_progress(world.home, world.engine, world.registry)
    assert released.correction == ""
    assert [(line.release, line.published_at[:10], line.n_signed) for line in released.corrections] == [
        (f"{QUARTER}.1", "2026-06-20", 0)
    ]
    embargo.schedule_release(world.home, f"{QUARTER}.2", later, actor=STEWARD)
    _, announced = measure_progress(world.home, world.engine, world.registry)
    assert announced.correction == f"{QUARTER}.2", "a draft that is announced is a release to come"
    assert announced.steps[0].state == "done"


def test_sheets_of_a_correction_can_be_signed_before_the_day_for_questions(
    world: QuarterWorld, set_day: Callable[[date], None]
) -> None:
    set_day(ANSWERS - timedelta(days=5))  # released early
    publish_quarter(world)
    world.accept_returns(world.list_expected(QUARTER)[1:2])
    world.write_draft(f"{QUARTER}.1")
    _, correction = measure_progress(world.home, world.engine, world.registry)
    assert [step.state for step in correction.steps] == ["done", "waiting", "waiting"]
    assert [wait.cause for wait in correction.steps[2].waits] == ["steward_announces"]


def test_return_that_waits_after_the_release_belongs_to_a_correction(
    world: QuarterWorld, set_day: Callable[[date], None]
) -> None:
    set_day(RELEASE)
    accepted, missed = world.list_expected(QUARTER)[:2]
    world.accept_returns([accepted])
    world.write_draft(QUARTER)
    publication.publish_draft(world.home, override=Override(REASON, STEWARD))
    set_day(RELEASE + timedelta(days=1))
    world.send_return(accepted)
    assert (measure_steps(world)["queries"].state, measure_steps(world)["queries"].waits) == ("done", ())
    number = world.send_return(missed)
    step = measure_steps(world)["queries"]
    assert (step.state, [wait.submission for wait in step.waits]) == ("skipped", [number])


def test_signatures_of_a_correction_are_asked_for_once_its_minute_is_announced(
    world: QuarterWorld, set_day: Callable[[date], None]
) -> None:
    set_day(ANSWERS + timedelta(days=2))
    publish_quarter(world)
    set_day(ANSWERS + timedelta(days=5))  # released early, and corrected before the day of the timetable
    world.accept_returns(world.list_expected(QUARTER)[1:2])
    corrected = f"{QUARTER}.1"
    world.write_draft(corrected)
    assert "ask_signatures" not in list_due(world), "no minute is announced"
    embargo.schedule_release(world.home, corrected, embargo.clock.parse_time("2026-07-20T09:00:00Z"), actor=STEWARD)
    release_desk = desk.ReleaseDesk(world.home, world.engine, world.registry)
    digest = desk.manifest_digest(world.home.drafts / corrected)
    desk.sign_sheet(release_desk, accounts.get_identity(world.engine, head_of("AL")), "AL", digest)
    assert carry_out(world, "ask_signatures") == [7]
    assert carry_out(world, "ask_signatures") == []
    letters = {
        notice.account_id: write_letter(notice, world.registry, "https://rti.example", demonstration=False)
        for notice in notices.list_notices(world.engine)
        if notice.content.get("is_correction")
    }
    assert set(letters) == {
        STEWARD, *(head_of(code) for code in world.registry.without_training().territories if code != "AL")
    }  # fmt: skip
    letter = letters[head_of("RS")]
    assert corrected in letter.title
    assert "corrected or withdrawn after the release" in " ".join(letter.text) and "2026-07-20" in " ".join(letter.text)
    set_day(date(2026, 8, 4))
    world.write_draft(corrected)
    assert "ask_signatures" not in list_due(world), "two weeks after its minute nobody is asked"


def test_page_of_the_steward_names_the_correction_in_the_language_of_the_reader() -> None:
    step = QuarterStep("signatures", "waiting", None, "", 6, 7, (Wait("signature", territory="AL"),))
    progress = QuarterProgress("2026-Q1", (step,), correction="2026-Q1.1")
    context: Any = SimpleNamespace(
        language="hr", tell=lambda text, **values: tell(text, "hr", **values), mark_names=lambda line: line,
        office_name=None, area_name={"AL": "Albanija"}.get, code_label=None,
    )  # fmt: skip
    table = make_quarter_table(context, progress)
    assert table.caption.endswith(", ispravak 2026-Q1.1")
    ((badge, waits),) = [row.fields for row in table.rows]
    assert "čeka se (6 od 7)" in badge and "Albanija" in waits


def test_page_of_the_steward_has_a_row_for_each_published_correction() -> None:
    published = CorrectedRelease("2026-Q1.1", "2026-06-20T09:00:00Z", 5, 7)
    progress = QuarterProgress("2026-Q1", (), "2026-Q1", corrections=(published,))
    context: Any = SimpleNamespace(language="en", tell=lambda text, **values: tell(text, "en", **values))
    (row,) = make_quarter_table(context, progress).rows
    assert row.heading == "The correction 2026-Q1.1 is published"
    assert "completed on 2026-06-20" in row.fields[0] and row.fields[1] == "Sheets signed for it: 5 of 7"


def test_return_of_the_next_quarter_is_no_correction(world: QuarterWorld, set_day: Callable[[date], None]) -> None:
    set_day(RELEASE)
    publish_quarter(world)
    set_day(date(2026, 7, 2))
    world.accept_returns(world.list_expected("2026-Q2")[:1])
    assert due.find_news(world.home, after=0).territories == ("AL",)
    assert [p.correction for p in measure_progress(world.home, world.engine, world.registry)] == [""]


def test_status_says_in_words_who_is_waited_for(
    world: QuarterWorld, set_day: Callable[[date], None], capsys: pytest.CaptureFixture[str]
) -> None:
    set_day(DEADLINE + timedelta(days=1))
    world.accept_returns([d for d in world.list_expected(QUARTER) if d.territory != "XK"])
    world.accept_returns(world.list_expected("2025"))
    assert main.main(["status"]) == 0
    printed = capsys.readouterr().out
    assert "The returns arrive: late since 2026-05-15 (27 of 28)" in printed
    (line,) = [line for line in printed.splitlines() if "waits for" in line and "Kosovo" in line]
    assert "send the return" in line and "2026 Q1" in line
    assert "1244" in printed.splitlines()[-1], "the footnote of the name is missing"
    assert main.main(["status", "--state", "sent"]) == 0
    assert "Quarter" not in capsys.readouterr().out
