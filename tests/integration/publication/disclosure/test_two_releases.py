"""Two releases of random counts, read by an intruder who tries every table that agrees with both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fakes.disclosure_cells import build_release
from tests.support.protecting import publish_all
from tests.support.sampling import count_examples

AREAS = ("AA", "BB", "CC")


def list_possible_counts(releases: Sequence[pl.DataFrame], top: int) -> dict[tuple[int, str], set[int]]:
    """Return the values of each cell in all pairs of tables that agree with two releases.

    The intruder knows which cells did not change.  Written from this definition, without variables or solvers.
    """
    tables = [
        dict(zip(frame["area"], zip(frame["value"], frame["true"], strict=True), strict=True)) for frame in releases
    ]
    unchanged = [area for area in tables[0] if tables[0][area][1] == tables[1][area][1]]
    counts = dict(zip(AREAS, (values.ravel() for values in np.indices((top + 1,) * len(AREAS))), strict=True))
    counts["WB"] = sum(counts[area] for area in AREAS)
    candidates = []
    for table in tables:
        agrees = np.logical_and.reduce(
            [counts[area] == public_value for area, (public_value, _) in table.items() if public_value is not None],
            initial=True,
        )
        candidates.append({area: values[np.broadcast_to(agrees, values.shape)] for area, values in counts.items()})
    shared = [set(zip(*(table[area].tolist() for area in unchanged), strict=True)) for table in candidates]
    possible: dict[tuple[int, str], set[int]] = {(number, area): set() for number in (0, 1) for area in tables[0]}
    for number, table in enumerate(candidates):
        keys = zip(*(table[area].tolist() for area in unchanged), strict=True) if unchanged else ()
        fits = [key in shared[1 - number] for key in keys] if unchanged else [True] * len(table["WB"])
        for area, values in table.items():
            possible[number, area] = set(values[np.array(fits, dtype=bool)].tolist())
    return possible


@settings(max_examples=count_examples(25), deadline=None)
@given(st.tuples(*[st.integers(0, 7)] * 3), st.tuples(*[st.sampled_from([0, 0, 1, -1, 3, 6])] * 3))
def test_two_releases_reveal_no_hidden_cell_of_either(counts: tuple[int, ...], changes: tuple[int, ...]) -> None:
    corrected = [max(0, count + change) for count, change in zip(counts, changes, strict=True)]
    releases = publish_all(
        build_release(dict(zip(AREAS, map(float, counts), strict=True))),
        build_release(dict(zip(AREAS, map(float, corrected), strict=True))),
    )
    possible = list_possible_counts(releases, top=14)
    for (number, area), values in possible.items():
        row = releases[number].filter(pl.col("area") == area).row(0, named=True)
        if row["conf_status"] == "F":
            assert values == {row["true"]}
        else:
            assert max(values) - min(values) >= 2, (number, area, counts, corrected)
    before = dict(releases[0].select("area", "value").iter_rows())
    for area, now in releases[1].select("area", "value").iter_rows():
        if now is not None and before[area] is not None:
            assert abs(now - before[area]) not in (1, 2, 3, 4)
