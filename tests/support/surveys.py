"""Rounds of the questionnaire in tests: a home, people who are invited, and answers that differ by person."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.core.home import Home
from pipelines.declarations.registry import load
from pipelines.ledger.identity import Grant, Identity
from pipelines.survey import filling_in, letters, service
from pipelines.survey.answer_rules import Questionnaire
from pipelines.survey.bank_model import Question
from pipelines.survey.invitation_store import Invitee
from pipelines.survey.service import SurveyDesk
from pipelines.survey.surveys import Surveys, open_surveys
from tests.support.fakes import ledger_fakes

STEWARD = Identity("head", "Head", "en", (Grant("steward"),))
OPENS, CLOSES = date(2026, 11, 2), date(2026, 11, 20)
MONDAY = "2026-11-02T09:00:00Z"
DURING = "2026-11-10T09:00:00Z"
AFTER = "2026-11-21T06:00:00Z"


def make_desk(folder: Path) -> SurveyDesk:
    """Return the desk of a new home."""
    home, engine = ledger_fakes.home_and_ledger(folder)
    return SurveyDesk(open_surveys(home), engine, load())


def make_invitees(cells: Iterable[tuple[str, str, int]], institutions: int = 3) -> list[Invitee]:
    """Return people of (territory, role, number), spread over institutions."""
    return [
        Invitee(
            role, f"Institution {i % institutions} of {territory}", territory, f"{role} {i}",
            f"{role}{i}@{territory.lower()}.example", "en",
        )
        for territory, role, n in cells
        for i in range(n)
    ]  # fmt: skip


def open_round(desk: SurveyDesk, invitees: Sequence[Invitee], period: str = "2026-Q4") -> str:
    """Plan and open a round of the quarterly form; return its id."""
    round_ = service.plan_round(desk, STEWARD, "pulse", period, OPENS, CLOSES, invitees)
    service.open_round(desk, STEWARD, round_.round_id)
    return round_.round_id


def read_outbox(home: Home) -> dict[str, list[str]]:
    """Return the tokens of the letters in the outbox by address, oldest letter first."""
    import email
    from email.policy import default

    tokens: dict[str, list[str]] = {}
    for path in sorted((home.restricted / "outbox").glob("*.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=default)
        body: Any = mail.get_body(("plain",))
        token = re.search(rf"{letters.PATH}/[\w-]+/([\w-]+)", body.get_content())
        assert token is not None
        tokens.setdefault(str(mail["To"].addresses[0].addr_spec), []).append(token[1])
    return tokens


def choose_answers(questionnaire: Questionnaire, rng: random.Random) -> dict[str, tuple[str, ...]]:
    """Return answers to all questions that are asked, each from those that the question offers."""
    answers: dict[str, tuple[str, ...]] = {}
    for question in questionnaire.bank.list_questions(questionnaire.form, questionnaire.role):
        if question in questionnaire.list_visible(answers):
            answers[question.id] = _choose_answer(questionnaire, question, rng)
    return answers


def _choose_answer(questionnaire: Questionnaire, question: Question, rng: random.Random) -> tuple[str, ...]:
    if question.kind == "free_text":
        return (f"More time, idea {rng.randrange(10**6)}",)
    return (rng.choice(questionnaire.bank.list_codes(question)),)


def fill_in(surveys: Surveys, round_id: str, token: str, rng: random.Random) -> dict[str, tuple[str, ...]]:
    """Fill in a questionnaire page by page and send it; return the answers."""
    visit = filling_in.open_visit(surveys, round_id, token)
    answers = choose_answers(visit.questionnaire, rng)
    for page in visit.questionnaire.list_pages():
        visit = filling_in.save_page(surveys, visit, {q.id: answers[q.id] for q in page if q.id in answers})
    filling_in.send_answers(surveys, round_id, token)
    return answers


TableOfAnswers = Sequence[tuple[str, str, Sequence[tuple[str, str]]]]
"""Round, territory, and (series, code) of each respondent."""


def make_tables(
    answers: TableOfAnswers, institutions: dict[str, int] | None = None
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return answers, rounds and responses of police officers, as `results.compute_results` takes them."""
    rows = [
        (f"{round_id} {territory} {i}", round_id, territory, "police", series, code)
        for round_id, territory, given_answers in answers
        for i, (series, code) in enumerate(given_answers)
    ]
    columns = ("answer_id", "round_id", "territory", "role", "series", "code")
    n_institutions = institutions or {}
    rounds = sorted({round_id for round_id, _, _ in answers})
    responses = [
        (
            round_id,
            territory,
            "police",
            len(given_answers) + 1,
            len(given_answers),
            n_institutions.get(territory, 3),
        )
        for round_id, territory, given_answers in answers
    ]
    return (
        pl.DataFrame(rows, schema=list(columns), orient="row"),
        pl.DataFrame(
            [(round_id, "pulse", "2026-Q4", i) for i, round_id in enumerate(rounds)],
            schema=["round_id", "form", "period", "position"],
            orient="row",
        ),
        pl.DataFrame(
            responses,
            schema=["round_id", "territory", "role", "invited", "answered", "institutions"],
            orient="row",
        ),
    )
