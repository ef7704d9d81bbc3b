"""Kill a process (SIGKILL) while people send their answers: no confirmed answer is lost, none is stored twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.core import clock
from pipelines.survey import filling_in, letters, service
from pipelines.survey.filling_in import LinkError
from tests.support import surveys as fakes
from tests.support.paths import ROOT

KILLS = 3


def test_confirmed_answers_survive_kills(tmp_path: Path) -> None:
    rng = random.Random(20_261_128)
    with clock.freeze_time(clock.parse_time(fakes.MONDAY)):
        desk = fakes.make_desk(tmp_path)
        round_id = fakes.open_round(desk, fakes.make_invitees([("AL", "police", 40), ("ME", "police", 40)]))
        letters.send_letters(desk.surveys)
    tokens = [sent[0] for sent in fakes.read_outbox(desk.surveys.home).values()]
    waiting, confirmed = list(tokens), set()
    environment = {**os.environ, "RTI_HOME": str(desk.surveys.home.root), "RTI_NOW": fakes.DURING}
    for _ in range(KILLS):
        if not waiting:  # on a fast machine everybody has sent before the last kill
            break
        command = [sys.executable, "-m", "tests.support.survey_killed", round_id, *waiting]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            lines = [process.stdout.readline()]  # on a busy machine the first answers take longer than the pause
            time.sleep(rng.uniform(0.05, 0.3))
            process.send_signal(signal.SIGKILL)
            lines += [line for line in process.stdout if line.endswith("\n")]
        numbers = [int(line.split()[1]) for line in lines if line]
        confirmed |= {waiting[number] for number in numbers}
        waiting = [token for token in tokens if token not in confirmed]
    assert confirmed
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        for token in confirmed:
            with pytest.raises(LinkError) as refused:
                filling_in.open_visit(desk.surveys, round_id, token)
            assert refused.value.problem == "sent"
        spent = sum(_is_sent(desk, round_id, token) for token in waiting)
        # Answers may be on the disk without their confirmation: at most one for each kill.
        assert spent <= KILLS
        assert desk.surveys.answers.count_sealed(round_id) == len(confirmed) + spent
        assert service.close_round(desk, fakes.STEWARD, round_id) == len(confirmed) + spent
    responses = service.count_responses(desk, fakes.STEWARD, round_id)
    assert sum(response.answered for response in responses) == len(confirmed) + spent
    desk.engine.dispose()


def test_saved_pages_survive_kills(tmp_path: Path) -> None:
    rng = random.Random(20_261_129)
    with clock.freeze_time(clock.parse_time(fakes.MONDAY)):
        desk = fakes.make_desk(tmp_path)
        round_id = fakes.open_round(desk, fakes.make_invitees([("AL", "police", 5)]))
        letters.send_letters(desk.surveys)
    tokens = [sent[0] for sent in fakes.read_outbox(desk.surveys.home).values()]
    environment = {**os.environ, "RTI_HOME": str(desk.surveys.home.root), "RTI_NOW": fakes.DURING}
    command = [sys.executable, "-m", "tests.support.survey_killed", "--save", round_id, *tokens]
    for _ in range(KILLS):
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            lines = [process.stdout.readline() for _ in tokens]
            time.sleep(rng.uniform(0.01, 0.2))
            process.send_signal(signal.SIGKILL)
            lines += [line for line in process.stdout if line.endswith("\n")]
        saved = [(int(number), code) for _, number, code in map(str.split, lines)]
        last_saved = dict(saved)
        with clock.freeze_time(clock.parse_time(fakes.DURING)):
            for number, token in enumerate(tokens):
                (code,) = filling_in.open_visit(desk.surveys, round_id, token).answers["FR01"]
                # The page that was being saved may be on the disk without its confirmation.
                unconfirmed = (
                    {following_code(last_saved[number])} if number == (saved[-1][0] + 1) % len(tokens) else set()
                )
                assert code in {last_saved[number], *unconfirmed}
    desk.engine.dispose()


def following_code(code: str) -> str:
    """Return the answer that is saved after this one."""
    return str(int(code) % 5 + 1)


def _is_sent(desk: service.SurveyDesk, round_id: str, token: str) -> bool:
    try:
        filling_in.open_visit(desk.surveys, round_id, token)
    except LinkError as error:
        return error.problem == "sent"
    return False
