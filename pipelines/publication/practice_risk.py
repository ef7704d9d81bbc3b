"""Assess published results of the questionnaire, with the linear programs that assess counts and cooperation.

This module does not know how groups were chosen for withholding (`pipelines.survey.suppression`), so that it can fail
the result.  What it examines for each question of each round:

- every group that is shown has enough people from enough institutions, and did not all, or all but one, answer alike;
- no group of fewer than ten people that is shown gave favourable answers only, or none;
- both hold for the people outside the groups of a dimension that are shown, who follow by subtraction;
- no group of one to four people, of any territories and roles, must have given an answer, or must not have given it, by
  what is shown of territories, of roles, and of the region together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import combinations
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from scipy import sparse

from pipelines.publication.disclosure import lp
from pipelines.publication.disclosure.space import Array
from pipelines.statistics.thresholds import (
    FEWEST_DIFFERENT_ANSWERS,
    FEWEST_INSTITUTIONS,
    FEWEST_ON_ONE_SIDE,
    FEWEST_RESPONDENTS,
)

TABLE: Final = "practice_result"
REGION: Final = "region"
DIMENSIONS: Final = ("territory", "role")
_FAVOURABLE: Final = "favourable"
_SCHEMA: Final = {
    "round_id": pl.String, "series": pl.String, "group": pl.String, "rule": pl.String, "year": pl.String,
    "table": pl.String, "value": pl.Int64, "result": pl.String,
}  # fmt: skip
_Cell = tuple[str, str]
"""Territory and role."""


class _Finding(NamedTuple):
    """One examination of a group: its rule, the number of people, and whether a reader learns too much of them."""

    group: str
    rule: str
    people: int
    is_exposed: bool


class _Question(NamedTuple):
    """One question of a round: what is published of each group, and true people and answers by territory and role."""

    published: Mapping[tuple[str, str], Mapping[str, int]]
    people: Mapping[_Cell, int]
    answers: Mapping[str, Mapping[_Cell, int]]
    exposed: Collection[str]
    favourable: Collection[str]


def assess_results(
    results: pl.DataFrame,
    answers: pl.DataFrame,
    institutions: Mapping[tuple[str, str], int],
    favourable: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> pl.DataFrame:
    """Return what was examined, with `result` `protected` or `disclosed`, for `disclosure.reader_risk.count_results`.

    `results` is the table of a release, `answers` the stored proper answers behind it (`answer_id, round_id, territory,
    role, series, code`), `institutions` how many institutions the answers of a round and territory are from, and
    `favourable` the favourable answers of each series.
    """
    rows = []
    for (round_id, series), table in results.group_by("round_id", "series", maintain_order=True):
        behind = answers.filter(pl.col("round_id") == round_id, pl.col("series") == series)
        few = {
            place for (of_round, place), n in institutions.items() if of_round == round_id and n < FEWEST_INSTITUTIONS
        }
        year = str(table["period"][0])[:4]
        for finding in _assess_question(_read_question(table, behind, few, favourable.get(series, ()))):
            result = "disclosed" if finding.is_exposed else "protected"
            rows.append((round_id, series, finding.group, finding.rule, year, TABLE, finding.people, result))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _read_question(
    table: pl.DataFrame, behind: pl.DataFrame, few: Collection[str], favourable: Collection[str]
) -> _Question:
    published: dict[tuple[str, str], dict[str, int]] = {}
    for row in table.filter(pl.col("count").is_not_null(), pl.col("code") != _FAVOURABLE).iter_rows(named=True):
        published.setdefault((row["dimension"], row["group"]), {"": row["n"]})[row["code"]] = row["count"]
    cells = behind.group_by("territory", "role")
    people = {(place, role): n for place, role, n in cells.agg(pl.col("answer_id").n_unique()).iter_rows()}
    counts_by_code: dict[str, dict[_Cell, int]] = {}
    for place, role, code, n in behind.group_by("territory", "role", "code").agg(pl.len()).iter_rows():
        counts_by_code.setdefault(code, {})[place, role] = n
    return _Question(published, people, counts_by_code, few, favourable)


def _assess_question(question: _Question) -> Iterator[_Finding]:
    for (dimension, group), counts in question.published.items():
        is_alone = dimension == "territory" and group in question.exposed
        yield _Finding(group, "shown", counts[""], is_alone or _is_revealing(counts, question.favourable))
    whole = question.published.get((REGION, REGION))
    for dimension in DIMENSIONS if whole is not None else ():
        parts = [counts for (of_part, _), counts in question.published.items() if of_part == dimension]
        remainder = {code: count - sum(part.get(code, 0) for part in parts) for code, count in (whole or {}).items()}
        if remainder[""]:
            yield _Finding(f"rest of {dimension}", "rest", remainder[""], _is_revealing(remainder, question.favourable))
    yield from _assess_small_groups(question)


def _is_revealing(counts: Mapping[str, int], favourable: Collection[str]) -> bool:
    """Return True for few people, if all of them, or all but one, gave an answer, or if less than ten are on one side.

    The two sides are those who gave a favourable answer and the others. Their numbers follow from those of each answer,
    whether or not they are published by themselves.
    """
    n = counts[""]
    by_code = {code: count for code, count in counts.items() if code}
    if n < FEWEST_RESPONDENTS or n - max(by_code.values(), default=0) < FEWEST_DIFFERENT_ANSWERS:
        return True
    sides = [
        sum(count for code, count in by_code.items() if (code in favourable) == is_one) for is_one in (True, False)
    ]
    return bool(favourable) and n < FEWEST_ON_ONE_SIDE and 0 in sides


def _assess_small_groups(question: _Question) -> Iterator[_Finding]:
    """Yield the groups of one to four people, each with whether an answer of somebody in it can be deduced."""
    groups = list(_list_small_groups(question))
    is_exposed = np.zeros(len(groups), dtype=bool)
    for code in sorted(question.answers) if groups else ():
        true_counts = question.answers[code]
        for counts in (true_counts, {cell: n - true_counts.get(cell, 0) for cell, n in question.people.items()}):
            is_given = code if counts is true_counts else ""
            is_exposed |= _find_deduced(question, is_given, code, counts, groups)
    for cells, exposed in zip(groups, is_exposed, strict=True):
        name = "+".join(sorted(f"{place} {role}" for place, role in cells))
        yield _Finding(name, "deduced", sum(question.people[cell] for cell in cells), bool(exposed))


def _list_small_groups(question: _Question) -> Iterator[frozenset[_Cell]]:
    """Yield each group of some territories and some roles with one to four people that a reader can single out."""
    place_of, role_of = ({g for d, g in question.published if d == dimension} for dimension in DIMENSIONS)
    blocks: dict[_Cell, set[_Cell]] = {}
    for place, role in question.people:
        block = (place if place in place_of else "", role if role in role_of else "")
        blocks.setdefault(block, set()).add((place, role))
    sizes = {block: sum(question.people[cell] for cell in cells) for block, cells in blocks.items()}
    few = sorted(block for block, size in sizes.items() if 0 < size < FEWEST_RESPONDENTS)
    yielded: set[frozenset[_Cell]] = set()
    for number in range(1, FEWEST_RESPONDENTS):
        for chosen in combinations(few, number):
            is_small = sum(sizes[block] for block in chosen) < FEWEST_RESPONDENTS
            if is_small and _is_rectangle(chosen, sizes):
                cells = frozenset(cell for block in chosen for cell in blocks[block])
                if cells not in yielded:
                    yielded.add(cells)
                    yield cells


def _is_rectangle(chosen: Iterable[_Cell], sizes: Mapping[_Cell, int]) -> bool:
    """Return True if blocks are all those of some territories and some roles that have people."""
    chosen = set(chosen)
    places, roles = ({block[position] for block in chosen} for position in (0, 1))
    return chosen == {block for block in sizes if block[0] in places and block[1] in roles}


def _find_deduced(
    question: _Question, given: str, code: str, counts: Mapping[_Cell, int], groups: list[frozenset[_Cell]]
) -> Array:
    """Return for each group whether somebody in it must have given an answer (`given`), or must not have (empty)."""
    cells = sorted(question.people)
    equations = [_mark_cells(cells, dimension, group) for dimension, group in question.published]
    sums = [part.get(code, 0) if given else part[""] - part.get(code, 0) for part in question.published.values()]
    of_groups = [[float(cell in group) for cell in cells] for group in groups]
    true_counts = [sum(counts.get(cell, 0) for cell in group) for group in groups]
    matrix = sparse.csr_matrix(np.array([*equations, *of_groups]))
    lower: Array = np.array([*sums, *(0.0 for _ in groups)], dtype=float)
    upper: Array = np.array([*sums, *(np.inf for _ in groups)], dtype=float)
    intruder = lp.Intruder(matrix, lower, upper, lp.MIP_SECONDS)
    # A group in which nobody gave the answer cannot be forced to have given it.
    return np.array(
        [
            # A bound that the solver does not find is not a number, and fails.
            true_count > 0 and not intruder.find_bound(len(equations) + place, 1).value <= 1e-6
            for place, true_count in enumerate(true_counts)
        ],
        dtype=bool,
    )


def _mark_cells(cells: list[_Cell], dimension: str, group: str) -> list[float]:
    if dimension == REGION:
        return [1.0] * len(cells)
    position = DIMENSIONS.index(dimension)
    return [float(cell[position] == group) for cell in cells]
