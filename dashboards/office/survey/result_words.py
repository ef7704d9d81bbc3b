"""Word results of the questionnaire for all offices' pages: answers, respondents, and changes since the last round."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from dashboards.office.shares import format_result
from pipelines.core.i18n import mark, tell
from pipelines.statistics.thresholds import ENOUGH_EVENTS, is_few_part
from pipelines.words.language import lower_first

if TYPE_CHECKING:
    import polars as pl

    from pipelines.survey.bank import Bank
    from pipelines.survey.bank_model import Question

FAVOURABLE: Final = "favourable"
"""Code of the sum of the favourable answers, which alone has a change."""
_DAYS: Final = re.compile(r"d\d")
"""Beginning of the codes of answers that are numbers of days."""
_CHANGES: Final = {
    "rise": mark("higher than before"),
    "fall": mark("lower than before"),
    "no_clear_change": mark("no clear change"),
}
Results = Mapping[tuple[str, str, str], Mapping[str, Any]]
"""Results by series, dimension and group."""


def name_answer(bank: Bank, question: Question, code: str, language: str) -> str:
    """Return the text of an answer, or what counts as favourable; numbers of days have their unit."""
    if code == FAVOURABLE:
        return explain_favourable(bank, question, language)
    text = bank.answer_text(question, code, language)
    return tell("{range} days", language, range=text) if _DAYS.match(code) else text


def explain_favourable(bank: Bank, question: Question, language: str) -> str:
    """Return which answers to a question count as favourable."""
    listed = bank.answer_list(question)
    codes = listed.favourable if listed is not None else ()
    answers = "; ".join(lower_first(name_answer(bank, question, code, language)) for code in codes)
    return tell("Favourable answers: {answers}.", language, answers=answers).removesuffix(".")


def describe_respondents(rows: Sequence[Mapping[str, Any]], language: str) -> str:
    """Return how many people answered, with a mark if they are too few to compare their answers.

    `rows` are those of one group and question. Favourable answers are marked as in a release, by `is_few_part`.
    """
    n = rows[0]["n"]
    is_few = n < ENOUGH_EVENTS or any(row["code"] == FAVOURABLE and is_few_part(row["count"], n) for row in rows)
    return f"{n}; {tell('too few to compare', language)}" if is_few else str(n)


def describe_sample(row: Mapping[str, Any], language: str) -> str:
    """Return a share with its interval and the number of respondents, with a mark if they are too few to compare."""
    text = f"{format_result(row)}; n = {row['n']}"
    return f"{text}; {tell('too few to compare', language)}" if is_few_part(row["count"], row["n"]) else text


def find_earlier_results(table: pl.DataFrame, round_id: str) -> Results:
    """Return the favourable answers in the last round before this one that asked a group with the same wording."""
    import polars as pl

    position = table.filter(pl.col("round_id") == round_id)["position"].max()
    earlier = table.filter((pl.col("code") == FAVOURABLE) & (pl.col("position") < position)).sort("position")
    return {(row["series"], row["dimension"], row["group"]): row for row in earlier.iter_rows(named=True)}


def describe_change(row: Mapping[str, Any], earlier_results: Results, language: str) -> str:
    """Return whether the favourable answers of a group changed, or why that cannot be said.

    `row` is that of favourable answers, and not withheld.
    """
    before = earlier_results.get((row["series"], row["dimension"], row["group"]))
    if not row["changed"]:
        return tell("no earlier result", language) if before is None else tell("earlier result withheld", language)
    ends = [(end["count"], end["n"]) for end in (row, before) if end is not None]
    if any(is_few_part(*end) for end in ends if None not in end):
        return tell("too few to compare", language)
    return tell(_CHANGES[row["changed"]], language)  # marked above
