"""Pydantic models of the question bank: lists of answers, questions, their routing and the history of their wording."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from pipelines.declarations.base import DeclarationModel, Many

LANGUAGES = ("en", "sq", "bs", "hr", "mk", "sr", "cnr")
"""Languages in which every text of the bank is written; Serbian in Latin letters is transliterated."""
Kind = Literal["scale", "yes_partly_no", "single", "multiple", "number_band", "free_text"]
FormName = Literal["pulse", "full"]
LARGEST_PULSE = 12
"""Questions of the quarterly form at most, so that it takes eight minutes."""
DIGEST_LENGTH = 12


def _check_languages(texts: dict[str, str]) -> dict[str, str]:
    if missing := [language for language in LANGUAGES if not texts.get(language, "").strip()]:
        raise ValueError(f"a text is missing in {', '.join(missing)}; write it in {', '.join(LANGUAGES)}")
    if unknown := set(texts) - set(LANGUAGES):
        raise ValueError(f"{', '.join(sorted(unknown))} is not a language of the bank; it has {', '.join(LANGUAGES)}")
    return texts


Texts = Annotated[dict[str, str], AfterValidator(_check_languages)]
"""One text in each of `LANGUAGES`."""


class AnswerList(DeclarationModel):
    """Answers that questions share, in order. `favourable` are those that a result counts as good.

    An `exclusive` answer of a list with several choices excludes the others, such as "None of them".
    """

    answers: dict[str, Texts]
    favourable: Many[str] = ()
    exclusive: Many[str] = ()

    @model_validator(mode="after")
    def _check_codes(self) -> AnswerList:
        if unknown := {*self.favourable, *self.exclusive} - set(self.answers):
            raise ValueError(f"{', '.join(sorted(unknown))} is not an answer of this list")
        return self


class ListFile(DeclarationModel):
    """Content of `lists.yml`."""

    roles: dict[str, Texts]
    themes: dict[str, Texts]
    forms: dict[FormName, Texts]
    standing_answers: dict[str, Texts] = Field(description="Answers of every question besides its own.")
    answer_lists: dict[str, AnswerList]
    institution_questions: Many[str] = Field(
        description="Questions on facts that an institution may state in its own name, cleared by its focal point."
    )


class QuestionSource(DeclarationModel):
    """Where the topic of a question comes from; the wording is always our own."""

    text: str
    verified: bool = Field(description="False until somebody has read the source and confirmed it.")


class Routing(DeclarationModel):
    """Ask a question only of those who gave one of these answers to an earlier one."""

    question: str
    answers: Many[str]


class Wording(DeclarationModel):
    """One wording of a question. A new version begins a new series of results.

    `digest` is that of the English question with its answers, so that no wording changes without a new version.
    """

    version: int = Field(ge=1)
    since: str = Field(pattern=r"^\d{4}-Q[1-4]$")
    digest: str = Field(pattern=r"^[0-9a-f]{12}$")
    text: Texts


class Question(DeclarationModel):
    """One question. `asked_of` and `required_of` are roles; an empty `asked_of` means all."""

    id: str = Field(pattern=r"^[A-Z]{2}\d{2}$")
    kind: Kind
    answers: str | None = Field(None, description="Name of a list of answers in `lists.yml`; none for free text.")
    forms: Many[FormName]
    asked_of: Many[str] = ()
    required_of: Many[str] = ()
    show_if: Routing | None = None
    source: QuestionSource | None = None
    wordings: Many[Wording] = Field(description="Oldest first; the last one is asked.")

    @model_validator(mode="after")
    def _check_question(self) -> Question:
        if (self.kind == "free_text") != (self.answers is None):
            raise ValueError("a question has a list of answers, unless it is free text")
        versions = [wording.version for wording in self.wordings]
        if not versions or versions != list(range(1, len(versions) + 1)):
            raise ValueError("the versions of the wordings count from 1, oldest first")
        if self.asked_of and (stray := set(self.required_of) - set(self.asked_of)):
            raise ValueError(f"required of {', '.join(sorted(stray))}, who are not asked")
        return self

    @property
    def wording(self) -> Wording:
        """Return the wording that is asked now."""
        return self.wordings[-1]

    @property
    def series(self) -> str:
        """Return the id of the series of results, which a new wording ends."""
        return f"{self.id}.{self.wording.version}"

    def is_asked_of(self, role: str) -> bool:
        """Return True if people of a role are asked this question."""
        return not self.asked_of or role in self.asked_of


class QuestionFile(DeclarationModel):
    """Content of one file of questions: those of one theme, in the order in which they are asked."""

    theme: str
    questions: Many[Question]


def digest_wording(kind: str, text: str, answers: AnswerList | None) -> str:
    """Return the digest of an English question with its kind and its answers."""
    parts = [kind, text, *(f"{code}={texts['en']}" for code, texts in (answers.answers if answers else {}).items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:DIGEST_LENGTH]
