"""Read and check the themes of the monitoring: questions, elements of the law, outcomes and delays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter, model_validator

from pipelines.core import codes
from pipelines.declarations.base import DeclarationModel, Many
from pipelines.declarations.yaml_file import DeclarationError, load_yaml
from pipelines.survey.bank import Bank, load_bank

FILE = Path(__file__).with_name("monitored_themes.yml")


class MonitoredOutcome(DeclarationModel):
    """One indicator of the returns of cooperation; the comments in `monitored_themes.yml` explain its kinds."""

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    kind: Literal["share", "within", "count", "median"]
    of: Many[str]
    among: Many[str] = ()
    days: int | None = None
    statistic: Literal["count", "end"] = "count"
    direction: str | None = None
    assistance: str | None = None

    @model_validator(mode="after")
    def _check_codes(self) -> MonitoredOutcome:
        checked = (
            ("measure", (*self.of, *self.among)), ("direction", [self.direction] if self.direction else []),
            ("assistance", [self.assistance] if self.assistance else []),
        )  # fmt: skip
        for codelist, listed in checked:
            if unknown := set(listed) - set(codes.list_codes(codelist)):
                raise ValueError(f"{', '.join(sorted(unknown))} is not a code of {codelist}")
        if (self.kind == "share") != bool(self.among) or (self.kind == "within") != (self.days is not None):
            raise ValueError(
                "a share has `among`, an outcome within some days has `days`; a count or a median has neither"
            )
        bands = {codes.get_code_attribute("days_band", code, "upper_days") for code in codes.list_codes("days_band")}
        if self.days is not None and str(self.days) not in {str(band) for band in bands}:
            raise ValueError(f"no band of days ends at {self.days}")
        return self


class ReportedDelay(DeclarationModel):
    """Answers of a question that say that something took less than the days of an outcome."""

    question: str
    answers: Many[str]
    outcome: MonitoredOutcome


class PublishedOutcome(DeclarationModel):
    """One yearly figure of the released table `cooperation_outcome`, in one direction.

    `delay_question` asks practitioners for the same delay, in bands of days.
    """

    figure: Literal["share", "days_acknowledged", "days_executed", "closing"]
    direction: Literal["incoming", "outgoing"]
    delay_question: str | None = None

    @property
    def id(self) -> str:
        """Return the code of the figure in the released table `monitoring`."""
        return f"{self.figure}_{self.direction}"


class MonitoredTheme(DeclarationModel):
    """Questions, elements, outcomes and delays of one theme of the question bank.

    `outcomes` and `delays` are restricted figures. The public sees `published` and `ratios`, which are declared ratios
    of two stages of proceedings.
    """

    questions: Many[str]
    law: Many[str] = ()
    outcomes: Many[MonitoredOutcome] = ()
    delays: Many[ReportedDelay] = ()
    published: Many[PublishedOutcome] = ()
    ratios: Many[str] = ()


Themes = Mapping[str, MonitoredTheme]


@cache
def load_themes(path: Path = FILE) -> Themes:
    """Return the checked themes by their name in the question bank. Raises DeclarationError."""
    bank = load_bank()
    try:
        themes = TypeAdapter(dict[str, MonitoredTheme]).validate_python(load_yaml(path))
    except ValueError as error:
        raise DeclarationError(path, None, "themes", str(error), "docs/monitoring.md explains each key") from None
    for where, problem in _find_problems(themes, bank):
        raise DeclarationError(path, None, where, problem, "docs/monitoring.md explains each key")
    return themes


def _find_problems(themes: Themes, bank: Bank) -> Iterator[tuple[str, str]]:
    """Yield a place and what is wrong there."""
    if set(themes) != set(bank.lists.themes):
        yield "themes", f"the themes are those of the question bank: {', '.join(bank.lists.themes)}"
    ids = [outcome.id for theme in themes.values() for outcome in theme.outcomes]
    for repeated in {identity for identity in ids if ids.count(identity) > 1}:
        yield repeated, "two outcomes have this id"
    questions = {question.id: question for question in bank.questions}
    for name, theme in themes.items():
        for identity in (*theme.questions, *(delay.question for delay in theme.delays)):
            if bank.theme_by_question.get(identity) != name:
                yield name, f"{identity} is not a question of this theme"
        for identity in theme.questions:
            answers = bank.answer_list(questions[identity]) if identity in questions else None
            if answers is None or not answers.favourable:
                yield name, f"{identity} has no favourable answers, so it shows no gap"
        if unknown := set(theme.law) - set(codes.list_codes("law_element")):
            yield name, f"{', '.join(sorted(unknown))} is not an element of the law"
        for outcome in theme.published:
            if outcome.delay_question and bank.theme_by_question.get(outcome.delay_question) != name:
                yield name, f"{outcome.delay_question} is not a question of this theme"
        for delay in theme.delays:
            answers = bank.answer_list(questions[delay.question])
            if answers is None or set(delay.answers) - set(answers.answers):
                yield name, f"a delay names answers that {delay.question} does not have"
            if delay.outcome.days is None:
                yield name, "the outcome of a delay has `days`"


def list_outcomes(themes: Themes) -> dict[str, MonitoredOutcome]:
    """Return all outcomes by id, in their order."""
    return {outcome.id: outcome for theme in themes.values() for outcome in theme.outcomes}
