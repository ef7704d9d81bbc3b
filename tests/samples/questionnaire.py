"""Invent two closed rounds of the practitioners' questionnaire for the demonstration."""

from __future__ import annotations

import csv
import io
import random

from pipelines.declarations.registry import load
from pipelines.survey.answer_rules import Questionnaire
from pipelines.survey.bank import load_bank
from pipelines.survey.bank_model import Question
from pipelines.survey.listed_rounds import FILE, HEAD

__all__ = ["FILE", "rounds_csv"]
ROUNDS = (("2026-Q2", "2026-06-01", "2026-06-19"), ("2026-Q3", "2026-09-07", "2026-09-25"))
INVITED = {"police": 14, "prosecutor": 12, "judge": 9, "central_authority": 6, "liaison_officer": 3}
"""People by role in each territory."""
_ANSWER_SHARE, _NO_EXPERIENCE = 0.7, 0.12
_SMALL = {"ME": 0.6, "XK": 0.6}
"""Territories with fewer people, so that some results are withheld."""


def rounds_csv(seed: int = 2026) -> str:
    """Return the text of `questionnaire.csv`: one line for each invited person."""
    bank = load_bank()
    questions = [q for q in bank.questions if "pulse" in q.forms and q.kind != "free_text"]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*HEAD, *(question.id for question in questions)])
    for number, (period, opens, closes) in enumerate(ROUNDS):
        draw = random.Random(f"questionnaire-{seed}-{period}")
        for place, territory in enumerate(sorted(load().without_training().territories)):
            for role, people in INVITED.items():
                questionnaire = Questionnaire(bank, "pulse", role)
                for i in range(max(1, round(people * _SMALL.get(territory, 1)))):
                    has_answered = draw.random() < _ANSWER_SHARE
                    mood = 0.35 + 0.05 * place + 0.12 * number
                    answers = _choose_answers(questionnaire, mood, draw) if has_answered else {}
                    writer.writerow(
                        ["pulse", period, opens, closes, territory, role, f"Invented institution {i % 3 + 1}"]
                        + ["yes" if has_answered else "no"]
                        + ["+".join(answers.get(question.id, ())) for question in questions]
                    )
    return buffer.getvalue()


def _choose_answers(questionnaire: Questionnaire, mood: float, draw: random.Random) -> dict[str, tuple[str, ...]]:
    answers: dict[str, tuple[str, ...]] = {}
    for question in questionnaire.bank.list_questions("pulse", questionnaire.role):
        if question.kind != "free_text" and question in questionnaire.list_visible(answers):
            answers[question.id] = _choose_answer(questionnaire, question, mood, draw)
    return answers


def _choose_answer(
    questionnaire: Questionnaire, question: Question, mood: float, draw: random.Random
) -> tuple[str, ...]:
    if draw.random() < _NO_EXPERIENCE:
        return ("no_experience",)
    listed = questionnaire.bank.answer_list(question)
    assert listed is not None
    codes = list(listed.answers)
    if question.kind == "multiple":
        chosen = [code for code in codes if code not in listed.exclusive and draw.random() < mood]
        return tuple(chosen) or (listed.exclusive[0] if listed.exclusive else codes[0],)
    place = min(len(codes) - 1, max(0, round(draw.gauss(mood * (len(codes) - 1), 1.0))))
    return (codes[place],)
