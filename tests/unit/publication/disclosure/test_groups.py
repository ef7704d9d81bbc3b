"""Groups: totals in a single category, and persons of a single case."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.publication.disclosure import groups, protect
from tests.support.fakes.disclosure_cells import build_cell, build_frame


def mark_uniform(*rows: dict[str, object]) -> list[bool]:
    return groups.mark_uniform_groups(build_frame(*rows), threshold=5).to_list()


def build_sexes(total: float, women: float, men: float) -> list[dict[str, object]]:
    return [build_cell("AA", total), build_cell("AA", women, sex="F"), build_cell("AA", men, sex="M")]


@pytest.mark.parametrize(
    ("counts", "marked"),
    [
        ((7, 7, 0), [False, True, True]),
        ((7, 0, 7), [False, True, True]),
        ((7, 6, 1), [False, False, False]),
        ((4, 4, 0), [False, False, False]),
        ((0, 0, 0), [False, False, False]),
    ],
)
def test_all_categories_of_a_total_in_one_of_them_are_marked(
    counts: tuple[float, float, float], marked: list[bool]
) -> None:
    assert mark_uniform(*build_sexes(*counts)) == marked


def test_total_with_one_published_category_is_not_marked() -> None:
    assert mark_uniform(build_cell("AA", 7), build_cell("AA", 7, sex="F")) == [False, False]


def test_only_children_are_marked_and_only_adults_are_not() -> None:
    children, adults = [
        mark_uniform(
            build_cell("AA", 7), build_cell("AA", young, age="Y_LT18"), build_cell("AA", 7 - young, age="Y_GE18")
        )
        for young in (7, 0)
    ]
    assert children == [False, True, True]
    assert adults == [False, False, False]


def test_one_offence_and_injured_parties_are_not_marked() -> None:
    offences = [build_cell("AA", value, offence=code) for code, value in (("ICCS0204", 7), ("ICCS02044", 0))]
    assert mark_uniform(build_cell("AA", 7), *offences) == [False] * 3
    statuses = [build_cell("AA", value, victim_status=code) for code, value in (("presumed", 6), ("injured_party", 7))]
    assert mark_uniform(build_cell("AA", 7), *statuses) == [False] * 3


def test_other_areas_and_periods_are_not_marked() -> None:
    others = [build_cell("BB", 7, sex="F"), build_cell("AA", 7, sex="F", period="2023"), build_cell("BB", 9)]
    assert mark_uniform(*build_sexes(7, 7, 0), *others)[3:] == [False] * 3


def test_uniform_total_stays_open_and_its_categories_are_hidden() -> None:
    protected = protect.hide_small_counts(build_frame(*build_sexes(7, 7, 0), build_cell("AA", 20, period="2023")))
    assert protected.cells["conf_status"].to_list() == ["F", "A", "A", "F"]
    assert protected.report.passed


@pytest.mark.parametrize(("cases", "is_hidden"), [(1, True), (2, True), (5, False)])
def test_persons_of_one_case_are_hidden(cases: float, is_hidden: bool) -> None:
    rows = build_frame(
        build_cell("AA", 9, sex="_T"), build_cell("AA", cases, count_unit="case", sex="_Z"), build_cell("BB", 9)
    )
    marked = groups.mark_single_cases(rows).to_list()
    assert marked == [cases == 1, False, False]
    protected = protect.hide_small_counts(rows).cells
    assert protected["conf_status"].to_list() == ["A" if cases == 1 else "F", "A" if is_hidden else "F", "F"]


def test_uniform_total_of_an_earlier_release_stays_published() -> None:
    from pipelines.publication.disclosure import earlier

    rows = build_frame(*build_sexes(7, 7, 0))
    released = earlier.record_release(rows, pl.Series(["F", "F", "F"]))
    further = build_frame(build_cell("AA", 2, period="2023"))
    protected = protect.hide_small_counts(pl.concat([rows, further]), earlier=[released]).cells
    assert protected["conf_status"].to_list() == ["F", "F", "F", "A"]
