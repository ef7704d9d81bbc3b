"""The table that insiders are assumed to know where no cell says how jurisdictions share their territory's persons."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.publication.disclosure import earlier, margins, problem
from pipelines.publication.disclosure.space import Array
from tests.support.fakes.disclosure_cells import build_cell, build_frame

OWN = ("A1", "A2")


def _build_rows(period: str) -> list[dict[str, object]]:
    """Return a territory whose two jurisdictions share its women and men in a way that no cell shows."""
    parts = [build_cell(area, 6, kind="jurisdiction", territory="AA", period=period) for area in OWN]
    sexes = [build_cell("AA", 6, sex=sex, period=period, reporters="A1,A2") for sex in ("F", "M")]
    return [*parts, *sexes, build_cell("AA", 12, period=period, reporters="A1,A2")]


def _find_shares(frame: pl.DataFrame) -> Array:
    combined = earlier.combine_releases(frame.with_row_index("_row"), [], threshold=5)
    solved = problem.ProtectionProblem(combined, "shares")
    owners = solved.views.margins.owners
    return solved.find_true_population("shares")[np.isin(owners, OWN)]


def test_variables_have_the_same_weights_among_those_of_other_places() -> None:
    alone = margins.Margins(build_frame(*_build_rows("2024"))).weigh_variables()
    frame = build_frame(*_build_rows("2023"), build_cell("0A", 9), *_build_rows("2024"))
    assert set(alone) < set(margins.Margins(frame).weigh_variables())
    assert len(set(alone)) == len(alone)


def test_counts_of_an_earlier_release_have_the_weights_of_those_of_now() -> None:
    """Else an insider would know two tables of what has not changed, and find the others' part in their difference."""
    frame = build_frame(*_build_rows("2024"))
    before = margins.Margins(frame.with_columns(states=pl.lit("AA:2024:1")))
    assert {place.territory for place in before.places} == {"AA@1"}
    assert before.weigh_variables().tolist() == margins.Margins(frame).weigh_variables().tolist()


def test_insider_knows_the_same_shares_among_those_of_other_places() -> None:
    shares = _find_shares(build_frame(*_build_rows("2024")))
    frame = build_frame(build_cell("0A", 9), *_build_rows("2024"), build_cell("ZZ", 7, sex="F"), build_cell("ZZ", 9))
    assert _find_shares(frame).tolist() == shares.tolist()


def test_shares_are_those_of_the_least_weights() -> None:
    frame = build_frame(*_build_rows("2024"))
    combined = earlier.combine_releases(frame.with_row_index("_row"), [], threshold=5)
    solved = problem.ProtectionProblem(combined, "shares")
    weights = solved.views.weigh_variables()
    chosen = solved.find_true_population("shares")
    solved.raising.choose_population(-weights)
    opposite = solved.find_true_population("shares")
    assert not np.array_equal(chosen, opposite)
    assert chosen @ weights < opposite @ weights
