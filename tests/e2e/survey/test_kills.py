"""Kill the service (SIGKILL) while people fill in the questionnaire over HTTP: nothing that it confirmed is lost."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import httpx
import pytest

from pipelines.core import clock
from pipelines.survey import filling_in, letters, service
from pipelines.survey.filling_in import LinkError
from pipelines.survey.service import SurveyDesk
from pipelines.survey.surveys import Surveys
from tests.support import surveys as fakes
from tests.support.service.running import Service, run_service
from tests.support.survey_people import ANSWER, Person, fill_in, fill_in_until_gone, make_people

SEED = 20_261_128
DURING = {"RTI_NOW": fakes.DURING}


def _open_round(folder: Path, number: int) -> tuple[SurveyDesk, str, list[Person]]:
    with clock.freeze_time(clock.parse_time(fakes.MONDAY)):
        desk = fakes.make_desk(folder)
        round_id = fakes.open_round(desk, fakes.make_invitees([("AL", "police", number)]))
        letters.send_letters(desk.surveys)
    tokens = [sent[0] for sent in fakes.read_outbox(desk.surveys.home).values()]
    return desk, round_id, make_people(round_id, tokens)


def _kill_while_filling_in(running: Service, people: list[Person], confirmed: int, pause: float) -> None:
    """Kill the service a pause after so many people in all have their confirmation."""
    threads = fill_in_until_gone(running.address, people, at_once=4)
    began = time.monotonic()
    while sum(p.is_confirmed for p in people) < confirmed and time.monotonic() - began < 60:
        time.sleep(0.005)
    time.sleep(pause)
    running.kill_process()
    for thread in threads:
        thread.join(30)
    assert sum(p.is_confirmed for p in people) >= confirmed, "the service was too slow to be killed in time"


def _check_store(surveys: Surveys, round_id: str, people: list[Person]) -> int:
    """Check drafts and sent answers in the stores; return how many were sent without a confirmation."""
    unconfirmed = 0
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        for person in people:
            try:
                answers = filling_in.open_visit(surveys, round_id, person.start.rsplit("/", 1)[1]).answers
            except LinkError as error:
                assert error.problem == "sent", error
                unconfirmed += not person.is_confirmed
            else:
                assert not person.is_confirmed, "a confirmed answer is lost"
                assert {question: answers.get(question) for question in person.saved} == dict.fromkeys(
                    person.saved, (ANSWER,)
                )
    assert surveys.answers.count_sealed(round_id) == sum(p.is_confirmed for p in people) + unconfirmed
    return unconfirmed


@pytest.mark.sampled(turn=5)
def test_answers_that_a_killed_service_confirmed_are_stored(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    desk, round_id, people = _open_round(tmp_path, 12)
    waiting = people[0]
    with run_service(desk.surveys.home.root, tmp_path, environment=DURING) as running:
        # The others may all be between two persons when the service is killed; this one is certainly in the middle.
        fill_in(running.address, waiting, pages=2)
        _kill_while_filling_in(running, people[1:], rng.randint(2, 4), rng.uniform(0.0, 0.05))
    assert waiting.saved and not waiting.is_confirmed
    assert _check_store(desk.surveys, round_id, people) <= 4
    desk.engine.dispose()


@pytest.mark.slow
def test_restarted_service_knows_every_confirmed_answer(tmp_path: Path) -> None:
    rng = random.Random(SEED + 1)
    desk, round_id, people = _open_round(tmp_path, 60)
    kills = 6
    for number in range(kills):
        with run_service(desk.surveys.home.root, tmp_path, environment=DURING) as running:
            _check_over_http(running, people)
            _kill_while_filling_in(running, people, 6 * (number + 1), rng.uniform(0.0, 0.2))
        _check_store(desk.surveys, round_id, people)
    with run_service(desk.surveys.home.root, tmp_path, environment=DURING) as running:
        for person in people:
            if not person.is_confirmed:
                fill_in(running.address, person)
        _check_over_http(running, people)
    assert all(person.is_confirmed or person.was_sent_before for person in people)
    assert sum(person.was_sent_before for person in people) <= 4 * kills
    with clock.freeze_time(clock.parse_time(fakes.AFTER)):
        assert service.close_round(desk, fakes.STEWARD, round_id) == len(people)
    desk.engine.dispose()


def _check_over_http(running: Service, people: list[Person]) -> None:
    """Check that the service says to everybody with a confirmation that the answers have been received."""
    with httpx.Client(base_url=running.address, timeout=60, trust_env=False) as client:
        for person in people:
            page = client.get(person.start)
            if person.is_confirmed:
                assert page.status_code == 410 and "have been received" in page.text
            elif page.status_code == 200:
                check = client.get(f"{person.start}/check").text
                rows = dict(re.findall(r'<div id="row-(\w+)".*?<dd>(.*?)</dd>', check, re.DOTALL))
                assert all("No answer yet" not in rows[question] for question in person.saved)
