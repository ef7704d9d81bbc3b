"""Audit published results of a question: does a territory's table next to a role's expose a small group of both?

The public sees, for each answer, the counts of some territories, of some roles, and of the region. These are the
margins of a table of territories by roles. Bounds of a sum over territories S and roles T in such a table are those of
Fréchet: at least max(0, S + T − whole) gave the answer. If that is above 0 for a group of fewer than
`FEWEST_RESPONDENTS` people, the public knows an answer of somebody in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations

from pipelines.statistics.thresholds import FEWEST_RESPONDENTS
from pipelines.survey.coarsening import Cell

OTHERS = "others"
"""Territories, or roles, that are not published, taken together."""
_NOT = "not "
Counts = Mapping[Cell, Mapping[str, int]]
"""Respondents by (territory, role) and answer."""


def find_exposed_groups(
    counts: Counts, respondents: Mapping[Cell, int], territories: Collection[str], roles: Collection[str]
) -> list[tuple[frozenset[str], frozenset[str]]]:
    """Return the groups (territories, roles) of 1 to 4 people for whom the published margins imply an answer.

    `respondents` are the people of each cell, who may have given several answers; `territories` and `roles` are those
    that are published. Not giving one of the answers is judged like an answer, because the public knows it too.
    """
    answers = sorted({answer for cell in counts.values() for answer in cell})
    cells: dict[Cell, int] = {}
    rows: dict[str, dict[str, int]] = {}
    columns: dict[str, dict[str, int]] = {}
    whole: dict[str, int] = {}
    for (territory, role), people in respondents.items():
        row, column = territory if territory in territories else OTHERS, role if role in roles else OTHERS
        cells[row, column] = cells.get((row, column), 0) + people
        for answer in answers:
            count = counts.get((territory, role), {}).get(answer, 0)
            for table in (rows.setdefault(row, {}), columns.setdefault(column, {}), whole):
                table[answer] = table.get(answer, 0) + count
                table[_NOT + answer] = table.get(_NOT + answer, 0) + people - count
    return [
        group
        for group in _list_small_groups(cells, sorted(rows), sorted(columns))
        if any(_find_lower_bound(answer, group, rows, columns, whole) > 0 for answer in whole)
    ]


def _list_small_groups(
    cells: Mapping[Cell, int], rows: list[str], columns: list[str]
) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """Yield the groups of some rows and some columns with 1 to 4 people."""
    for n_columns in range(1, len(columns) + 1):
        for chosen_columns in combinations(columns, n_columns):
            sums = {row: sum(cells.get((row, column), 0) for column in chosen_columns) for row in rows}
            # A group of several rows is small only if each of them is.
            few = [row for row in rows if sums[row] < FEWEST_RESPONDENTS]
            for n_rows in range(1, len(few) + 1):
                for chosen_rows in combinations(few, n_rows):
                    if 0 < sum(sums[row] for row in chosen_rows) < FEWEST_RESPONDENTS:
                        yield frozenset(chosen_rows), frozenset(chosen_columns)


def _find_lower_bound(
    answer: str,
    group: tuple[frozenset[str], frozenset[str]],
    rows: Mapping[str, Mapping[str, int]],
    columns: Mapping[str, Mapping[str, int]],
    whole: Mapping[str, int],
) -> int:
    """Return how many people of a group gave an answer at least, by what is published."""
    in_rows = sum(rows[row].get(answer, 0) for row in group[0])
    in_columns = sum(columns[column].get(answer, 0) for column in group[1])
    return max(0, in_rows + in_columns - whole[answer])
