"""Rounds from planning to closing: letters, links, drafts, rights, and interruptions."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.core import clock
from pipelines.ledger.identity import Grant, Identity, NotAllowedError
from pipelines.survey import filling_in, letters, sealing, service
from pipelines.survey.filling_in import IncompleteError, LinkError
from pipelines.survey.service import SurveyDesk
from pipelines.survey.surveys import SurveyError
from tests.support import surveys as fakes

CELLS = (("AL", "police", 6), ("ME", "judge", 6))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[SurveyDesk]:
    with clock.freeze_time(clock.parse_time(fakes.MONDAY)):
        new_desk = fakes.make_desk(tmp_path)
    yield new_desk
    new_desk.engine.dispose()


@pytest.fixture
def opened(desk: SurveyDesk) -> tuple[SurveyDesk, str, dict[str, list[str]]]:
    with clock.freeze_time(clock.parse_time(fakes.MONDAY)):
        round_id = fakes.open_round(desk, fakes.make_invitees(CELLS))
        assert letters.send_letters(desk.surveys) == letters.LetterOutcome(12, 0)
    return desk, round_id, fakes.read_outbox(desk.surveys.home)


Opened = tuple[SurveyDesk, str, dict[str, list[str]]]
ANSWER_STEMS = {
    "en": "answer", "sq": "përgjigj", "bs": "odgovor", "hr": "odgovor", "mk": "одговор", "sr": "одговор",
    "cnr": "odgovor",
}  # fmt: skip


@pytest.mark.parametrize("language", ANSWER_STEMS)
def test_letter_never_says_that_answers_are_not_read(opened: Opened, language: str) -> None:
    desk, round_id, _ = opened
    invitation = desk.surveys.invitations.list_invitations(round_id)[0]
    invitation = replace(invitation, invitee=replace(invitation.invitee, language=language))
    round_ = desk.surveys.invitations.list_rounds()[0]
    letter = letters.write_letter(desk.surveys, round_, invitation, "https://rti.example/questionnaire")
    stem = ANSWER_STEMS[language]
    assert stem in " ".join(letter.text).lower() and stem not in letter.closing.lower()


def problem_of(desk: SurveyDesk, round_id: str, token: str) -> str:
    with pytest.raises(LinkError) as refused:
        filling_in.open_visit(desk.surveys, round_id, token)
    return refused.value.problem


def test_open_visit_says_why_a_link_opens_nothing(opened: Opened) -> None:
    desk, round_id, tokens = opened
    token = tokens["police0@al.example"][0]
    forged = letters.make_link().token
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        assert problem_of(desk, round_id, token[:-3]) == "cut"
        assert problem_of(desk, round_id, forged) == "unknown"
        assert problem_of(desk, "2030-Q1-pulse", token) == "unknown"
        fakes.fill_in(desk.surveys, round_id, token, random.Random(1))
        assert problem_of(desk, round_id, token) == "sent"
    unused = tokens["police1@al.example"][0]
    with clock.freeze_time(clock.parse_time("2026-11-01T09:00:00Z")):
        assert problem_of(desk, round_id, unused) == "not_open"
    with clock.freeze_time(clock.parse_time(fakes.AFTER)):
        assert problem_of(desk, round_id, unused) == "closed"
        service.close_round(desk, fakes.STEWARD, round_id)
        assert problem_of(desk, round_id, unused) == "closed"


def test_draft_is_resumed_and_survives_a_wrong_link(opened: Opened) -> None:
    desk, round_id, tokens = opened
    token = tokens["police0@al.example"][0]
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        visit = filling_in.open_visit(desk.surveys, round_id, token)
        filling_in.save_page(desk.surveys, visit, {"FR01": ("4",)})
        problem_of(desk, round_id, token[:-1])
        again = filling_in.open_visit(desk.surveys, round_id, token)
        assert again.answers == {"FR01": ("4",)}
        filling_in.save_page(desk.surveys, again, {"FR01": ()})
        assert filling_in.open_visit(desk.surveys, round_id, token).answers == {}


def test_send_answers_refuses_missing_required_answers_and_keeps_the_draft(opened: Opened) -> None:
    desk, round_id, tokens = opened
    token = tokens["police0@al.example"][0]
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        visit = filling_in.open_visit(desk.surveys, round_id, token)
        filling_in.save_page(desk.surveys, visit, {"FR01": ("4",)})
        with pytest.raises(IncompleteError) as refused:
            filling_in.send_answers(desk.surveys, round_id, token)
        assert "FR01" not in {question.id for question in refused.value.questions}
        assert filling_in.open_visit(desk.surveys, round_id, token).answers == {"FR01": ("4",)}
    assert desk.surveys.answers.count_sealed(round_id) == 0


def test_reminders_go_to_those_who_have_not_answered_and_both_links_work(opened: Opened) -> None:
    desk, round_id, tokens = opened
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        assert letters.send_letters(desk.surveys).sent == 0
        fakes.fill_in(desk.surveys, round_id, tokens["police0@al.example"][0], random.Random(1))
    with clock.freeze_time(clock.parse_time("2026-11-14T09:00:00Z")):
        assert letters.send_letters(desk.surveys).sent == 11
        assert letters.send_letters(desk.surveys).sent == 0
    with clock.freeze_time(clock.parse_time("2026-11-19T09:00:00Z")):
        assert letters.send_letters(desk.surveys).sent == 11
        reminded = fakes.read_outbox(desk.surveys.home)
        assert {len(sent) for address, sent in reminded.items() if address != "police0@al.example"} == {3}
        first, second, third = reminded["judge1@me.example"]
        fakes.fill_in(desk.surveys, round_id, second, random.Random(1))
        assert [problem_of(desk, round_id, token) for token in (first, second, third)] == ["sent"] * 3
    assert desk.surveys.answers.count_sealed(round_id) == 2


def test_failed_letter_is_tried_again(desk: SurveyDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox = desk.surveys.home.restricted / "outbox"
    outbox.write_text("in the way")
    with clock.freeze_time(clock.parse_time(fakes.MONDAY)):
        fakes.open_round(desk, fakes.make_invitees(CELLS))
        assert letters.send_letters(desk.surveys) == letters.LetterOutcome(0, 12)
        outbox.unlink()
        assert letters.send_letters(desk.surveys) == letters.LetterOutcome(12, 0)


@pytest.mark.parametrize("step", ["before the box", "after the box"])
def test_interrupted_closing_is_completed(opened: Opened, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    desk, round_id, tokens = opened
    rng = random.Random(3)
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        for sent in tokens.values():
            fakes.fill_in(desk.surveys, round_id, sent[0], rng)
    store = desk.surveys.answers if step == "before the box" else desk.surveys.invitations
    name = "empty_box" if step == "before the box" else "forget_answered"

    def interrupt_closing(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with clock.freeze_time(clock.parse_time(fakes.AFTER)):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(store, name, interrupt_closing)
            service.run_daily_work(desk)
        assert problem_of(desk, round_id, tokens["police0@al.example"][0]) == "closed"
        service.run_daily_work(desk)
        round_ = service.find_round(desk.surveys, round_id)
        assert round_.state == "closed"
        with desk.surveys.answers.database.open_read() as connection:
            assert connection.exec_driver_sql("select count(*) from answer").scalar_one() == 12
        assert sum(r.answered for r in service.count_responses(desk, fakes.STEWARD, round_id)) == 12
        service.run_daily_work(desk)


def test_closing_without_the_key_changes_nothing(opened: Opened) -> None:
    desk, round_id, tokens = opened
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        fakes.fill_in(desk.surveys, round_id, tokens["police0@al.example"][0], random.Random(1))
        key = desk.surveys.answers.key_path(round_id)
        content = key.read_bytes()
        key.unlink()
        with pytest.raises(sealing.SealError, match="restore the file"):
            service.close_round(desk, fakes.STEWARD, round_id)
        assert desk.surveys.answers.count_sealed(round_id) == 1
        key.write_bytes(content)
        assert service.close_round(desk, fakes.STEWARD, round_id) == 1


def test_flag_is_set_by_the_next_visit_if_the_process_ended_before(opened: Opened) -> None:
    desk, round_id, tokens = opened
    token = tokens["police0@al.example"][0]
    with clock.freeze_time(clock.parse_time(fakes.DURING)), pytest.MonkeyPatch.context() as patched:
        patched.setattr(desk.surveys.invitations, "mark_answered", lambda _id: None)
        fakes.fill_in(desk.surveys, round_id, token, random.Random(1))
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        assert sum(r.answered for r in desk.surveys.invitations.count_responses(round_id)) == 0
        assert problem_of(desk, round_id, token) == "sent"
        assert sum(r.answered for r in desk.surveys.invitations.count_responses(round_id)) == 1
    assert desk.surveys.answers.count_sealed(round_id) == 1


ACTS: dict[str, Callable[[SurveyDesk, Identity], object]] = {
    "list_rounds": service.list_rounds,
    "count_responses": lambda d, w: service.count_responses(d, w, "2026-Q4-pulse"),
    "list_texts": lambda d, w: service.list_texts(d, w, "2026-Q4-pulse"),
    "plan_round": lambda d, w: service.plan_round(
        d, w, "pulse", "2027-Q1", fakes.OPENS, fakes.CLOSES, fakes.make_invitees(CELLS)
    ),
    "open_round": lambda d, w: service.open_round(d, w, "2026-Q4-pulse"),
    "close_round": lambda d, w: service.close_round(d, w, "2026-Q4-pulse"),
}
OTHERS = (
    Grant("steward", "AL"), Grant("steward", "*", "justice"), Grant("approver"), Grant("submitter"), Grant("viewer"),
)  # fmt: skip


@pytest.mark.parametrize("name", ACTS)
def test_only_a_steward_of_all_territories_keeps_the_questionnaire(desk: SurveyDesk, name: str) -> None:
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        service.plan_round(
            desk, fakes.STEWARD, "pulse", "2026-Q4", fakes.OPENS, fakes.CLOSES, fakes.make_invitees(CELLS)
        )
        if name == "close_round":
            service.open_round(desk, fakes.STEWARD, "2026-Q4-pulse")
        for grant in OTHERS:
            with pytest.raises(NotAllowedError):
                ACTS[name](desk, Identity("somebody", "Somebody", "en", (grant,)))
        ACTS[name](desk, Identity("keeper", "Keeper", "en", (Grant("steward", "*", "questionnaire"),)))


HEAD = "role,institution,territory,name,address,language\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "minister,Ministry,AL,A,a@b.example,en\n", "Line 2, role: found minister"),
        (HEAD + "police,Police,QQ,A,a@b.example,en\n", "Line 2, territory: found QQ"),
        (HEAD + "police,Police,AL,A,a@b.example,de\n", "Line 2, language: found de"),
        (HEAD + "police,Police,AL,A,nobody,en\n", "Line 2: an address"),
        (HEAD + "police,P,AL,A,a@b.example,en\npolice,P,AL,B,A@b.example,en\n", "Line 3: this address"),
        ("role,name\npolice,A\n", "needs the columns"),
        ("", "needs the columns"),
    ],
)
def test_parse_invitees_names_the_line(desk: SurveyDesk, text: str, message: str) -> None:
    with pytest.raises(SurveyError, match=message):
        service.parse_invitees(text.encode(), desk.registry, desk.surveys.bank.lists.roles)


def test_parse_invitees_reads_a_file_with_a_byte_order_mark(desk: SurveyDesk) -> None:
    content = (HEAD + "police,Police,XK,Ana,ana@xk.example,sq\n").encode("utf-8-sig")
    (invitee,) = service.parse_invitees(content, desk.registry, desk.surveys.bank.lists.roles)
    assert (invitee.territory, invitee.language) == ("XK", "sq")
