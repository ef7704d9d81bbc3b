"""Word results of the questionnaire for all offices' pages: answers, respondents, and changes since the last round."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
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
GroupKey = tuple[str, str, str]
"""Series, dimension and group."""


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


def find_earlier_groups(table: pl.DataFrame, round_id: str) -> frozenset[GroupKey]:
    """Return the groups that answered a question with the same wording in a round before this one."""
    import polars as pl

    position = table.filter(pl.col("round_id") == round_id)["position"].max()
    earlier = table.filter((pl.col("code") == FAVOURABLE) & (pl.col("position") < position))
    return frozenset(earlier.select("series", "dimension", "group").iter_rows())


def describe_change(row: Mapping[str, Any], earlier_groups: Set[GroupKey], language: str) -> str:
    """Return whether the favourable answers of a group changed, or why that cannot be said.

    `row` is that of favourable answers, and not withheld.
    """
    if row["changed"]:
        return tell(_CHANGES[row["changed"]], language)  # marked above
    key = row["series"], row["dimension"], row["group"]
    return tell("earlier result withheld", language) if key in earlier_groups else tell("no earlier result", language)
