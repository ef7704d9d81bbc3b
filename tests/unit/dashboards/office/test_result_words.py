"""A change of favourable answers has its verdict, unless one of its two shares is of few people."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from dashboards.office.survey.result_words import describe_change, find_earlier_results


def make_row(position: int, count: int | None, n: int | None, changed: str | None = None) -> dict[str, Any]:
    return {
        "round_id": f"R{position}", "position": position, "series": "FR01.1", "dimension": "territory", "group": "AL",
        "code": "favourable", "count": count, "n": n, "changed": changed,
    }  # fmt: skip


def describe_newest(*rows: dict[str, Any]) -> str:
    newest = rows[-1]
    return describe_change(newest, find_earlier_results(pl.DataFrame(rows), newest["round_id"]), "en")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((20, 60), (40, 60), "higher than before"),
        ((19, 60), (40, 60), "too few to compare"),
        ((20, 60), (41, 60), "too few to compare"),
        ((2, 12), (11, 12), "too few to compare"),
    ],
    ids=["enough", "few before", "few others now", "small group"],
)
def test_describe_change_compares_no_shares_of_few(
    before: tuple[int, int], after: tuple[int, int], expected: str
) -> None:
    assert describe_newest(make_row(1, *before), make_row(2, *after, changed="rise")) == expected


def test_describe_change_compares_with_the_last_round() -> None:
    rows = [make_row(1, 5, 60), make_row(2, 20, 60), make_row(3, 40, 60, changed="rise")]
    assert describe_newest(*rows) == "higher than before"


def test_describe_change_without_an_earlier_figure_gives_the_reason() -> None:
    assert describe_newest(make_row(1, 40, 60)) == "no earlier result"
    assert describe_newest(make_row(1, None, None), make_row(2, 40, 60)) == "earlier result withheld"
