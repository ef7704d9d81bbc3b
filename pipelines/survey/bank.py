"""Load the question bank from `questions/*.yml` and check what concerns more than one question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from pipelines.core.i18n import SERBIAN_LATIN
from pipelines.core.text.script import transliterate_serbian
from pipelines.declarations.yaml_file import DeclarationError, load_yaml, validate_data
from pipelines.survey.bank_model import (
    LARGEST_PULSE,
    AnswerList,
    FormName,
    ListFile,
    Question,
    QuestionFile,
    digest_wording,
)

FOLDER = Path(__file__).parent / "questions"
LISTS = "lists.yml"


@dataclass(frozen=True)
class Bank:
    """All questions in the order in which they are asked, with the theme of each, and the shared lists."""

    lists: ListFile
    questions: tuple[Question, ...]
    theme_by_question: Mapping[str, str]

    def find_question(self, question_id: str) -> Question:
        """Return a question by its id. Raises KeyError."""
        return self._by_id[question_id]

    @cached_property
    def _by_id(self) -> dict[str, Question]:
        return {question.id: question for question in self.questions}

    def list_questions(self, form: FormName, role: str) -> tuple[Question, ...]:
        """Return the questions of a form that people of a role are asked, routing aside."""
        return tuple(q for q in self.questions if form in q.forms and q.is_asked_of(role))

    def answer_list(self, question: Question) -> AnswerList | None:
        """Return the list of answers of a question; None for free text."""
        return self.lists.answer_lists[question.answers] if question.answers is not None else None

    @cached_property
    def favourable_by_series(self) -> Mapping[str, frozenset[str]]:
        """Return the answers that a result counts as good, by the series of each question with any."""
        listed = [(question, self.answer_list(question)) for question in self.questions]
        return {
            f"{question.id}.{wording.version}": frozenset(answers.favourable)
            for question, answers in listed
            if answers is not None and answers.favourable
            for wording in question.wordings
        }

    def list_codes(self, question: Question) -> tuple[str, ...]:
        """Return the codes that answer a question: its own, then those of every question; none for free text."""
        answers = self.answer_list(question)
        return (*answers.answers, *self.lists.standing_answers) if answers is not None else ()

    def answer_text(self, question: Question, code: str, language: str) -> str:
        """Return the text of an answer in a language."""
        answers = self.answer_list(question)
        own_answers = answers.answers if answers is not None else {}
        return text_in(own_answers.get(code) or self.lists.standing_answers[code], language)


def text_in(texts: Mapping[str, str], language: str) -> str:
    """Return a text of the bank in a language of the interface; English for an unknown one."""
    if language == SERBIAN_LATIN:
        return transliterate_serbian(texts["sr"])
    return texts.get(language) or texts["en"]


@cache
def load_bank(folder: Path = FOLDER) -> Bank:
    """Return the checked question bank. Raises DeclarationError."""
    lists = validate_data(ListFile, load_yaml(folder / LISTS), folder / LISTS)
    questions: list[Question] = []
    themes: dict[str, str] = {}
    files = {path.stem: path for path in folder.glob("*.yml") if path.name != LISTS}
    if set(files) != set(lists.themes):
        raise DeclarationError(
            folder / LISTS, None, "themes", f"the themes are {sorted(lists.themes)}, the files {sorted(files)}",
            "Name one file of questions after each theme",
        )  # fmt: skip
    for theme in lists.themes:
        path = files[theme]
        content = validate_data(QuestionFile, load_yaml(path), path)
        for question, problem in _find_problems(content, theme, lists, themes):
            raise DeclarationError(path, None, question, problem, "docs/survey.md explains each key")
        questions += content.questions
        themes |= dict.fromkeys((question.id for question in content.questions), theme)
    answered = {question.id for question in questions if question.answers is not None}
    if unknown := set(lists.institution_questions) - answered:
        raise DeclarationError(
            folder / LISTS, None, "institution_questions", f"{', '.join(sorted(unknown))} has no answers",
            "Name questions of the bank that have a list of answers",
        )  # fmt: skip
    for form in lists.forms:
        n = sum(form in question.forms for question in questions)
        if form == "pulse" and n > LARGEST_PULSE:
            raise DeclarationError(
                folder / LISTS, None, "pulse", f"the quarterly form has {n} questions", f"Leave at most {LARGEST_PULSE}"
            )
    return Bank(lists, tuple(questions), themes)


def _find_problems(
    content: QuestionFile, theme: str, lists: ListFile, known: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield the id of a question and what is wrong with it."""
    if content.theme != theme:
        yield "theme", f"the file is named {theme} and says {content.theme}"
    earlier: dict[str, Question] = {}
    for question in content.questions:
        if question.id in known or question.id in earlier:
            yield question.id, "another question has this id"
        if unknown := {*question.asked_of, *question.required_of} - set(lists.roles):
            yield question.id, f"{', '.join(sorted(unknown))} is not a role"
        if question.answers is not None and question.answers not in lists.answer_lists:
            yield question.id, f"there is no list of answers {question.answers}"
            continue
        answers = lists.answer_lists[question.answers] if question.answers else None
        expected = digest_wording(question.kind, question.wording.text["en"], answers)
        if expected != question.wording.digest:
            yield (
                question.id,
                f"the wording or its answers changed without a new version (digest {expected}, not "
                f"{question.wording.digest}); keep the old wording and add one with the next version",
            )
        yield from _find_routing_problems(question, earlier, lists)
        earlier[question.id] = question


def _find_routing_problems(
    question: Question, earlier: Mapping[str, Question], lists: ListFile
) -> Iterator[tuple[str, str]]:
    if question.show_if is None:
        return
    before = earlier.get(question.show_if.question)
    if before is None or before.answers is None:
        yield question.id, f"its condition names {question.show_if.question}, which is not asked before it"
        return
    if unknown := set(question.show_if.answers) - set(lists.answer_lists[before.answers].answers):
        yield question.id, f"{', '.join(sorted(unknown))} is not an answer of {before.id}"
    if missing := set(question.forms) - set(before.forms):
        yield question.id, f"{before.id}, on which it depends, is not asked in the form {', '.join(sorted(missing))}"
    if before.asked_of and not (question.asked_of and set(question.asked_of) <= set(before.asked_of)):
        yield question.id, f"it is asked of roles that are not asked {before.id}"
