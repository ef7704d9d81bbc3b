"""Decide which questions a respondent sees, and check what was answered, for pages and workbooks alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipelines.survey.bank import Bank
from pipelines.survey.bank_model import FormName, Question

LONGEST_TEXT = 1000
"""Letters of a free text that are kept."""
Answers = Mapping[str, tuple[str, ...]]
"""Codes by question; one code unless the question has several choices; one text for free text."""
Fault = Literal["missing", "unknown", "several", "exclusive"]
QUESTIONS_ON_A_PAGE = 5


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """Questionnaire of one respondent: the questions of a form for a role."""

    bank: Bank
    form: FormName
    role: str

    def list_visible(self, answers: Answers) -> tuple[Question, ...]:
        """Return the questions that are asked, given the answers so far."""
        visible: list[Question] = []
        ids: set[str] = set()
        for question in self.bank.list_questions(self.form, self.role):
            condition = question.show_if
            if condition is None or (
                condition.question in ids and set(answers.get(condition.question, ())) & set(condition.answers)
            ):
                visible.append(question)
                ids.add(question.id)
        return tuple(visible)

    def list_pages(self) -> tuple[tuple[Question, ...], ...]:
        """Return the questions page by page, few enough for a phone; a page of the yearly form has one theme.

        A question that depends on another begins a new page, so that routing needs no script. Pages do not depend on
        the answers: one without a visible question is passed over.
        """
        pages: list[list[Question]] = []
        for question in self.bank.list_questions(self.form, self.role):
            page = pages[-1] if pages else []
            same_theme = bool(page) and self._theme(page[-1]) == self._theme(question)
            condition = question.show_if
            depends = condition is not None and any(item.id == condition.question for item in page)
            is_small_form = self.form == "pulse" and bool(page)
            if page and len(page) < QUESTIONS_ON_A_PAGE and not depends and (same_theme or is_small_form):
                page.append(question)
            else:
                pages.append([question])
        return tuple(tuple(page) for page in pages)

    def _theme(self, question: Question) -> str:
        return self.bank.theme_by_question[question.id]

    def is_required(self, question: Question) -> bool:
        """Return True if people of this role must answer; "no experience" is an answer."""
        return self.role in question.required_of

    def clean_answer(self, question: Question, values: Sequence[str]) -> tuple[tuple[str, ...], Fault | None]:
        """Return an answer in the order of its list, and what is wrong with it; an empty answer is never wrong here."""
        texts = [value.strip() for value in values if value.strip()]
        if question.kind == "free_text":
            return (texts[0][:LONGEST_TEXT],) if texts else (), None
        codes = self.bank.list_codes(question)
        if set(texts) - set(codes):
            return (), "unknown"
        chosen = tuple(code for code in codes if code in texts)
        if len(chosen) > 1:
            answers = self.bank.answer_list(question)
            alone = {*self.bank.lists.standing_answers, *(answers.exclusive if answers is not None else ())}
            if question.kind != "multiple":
                return chosen[:1], "several"
            if set(chosen) & alone:
                return chosen, "exclusive"
        return chosen, None

    def find_missing(self, answers: Answers) -> tuple[Question, ...]:
        """Return the required questions that are asked and not answered."""
        return tuple(q for q in self.list_visible(answers) if self.is_required(q) and not answers.get(q.id))

    def keep_visible(self, answers: Answers) -> dict[str, tuple[str, ...]]:
        """Return the answers to the questions that are asked; others are dropped, so that no old branch counts."""
        return {q.id: answers[q.id] for q in self.list_visible(answers) if answers.get(q.id)}
