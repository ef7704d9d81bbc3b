"""Say whether favourable answers changed since the last round, on both pages with results of the questionnaire."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any, Final

from pipelines.core.i18n import mark, tell

if TYPE_CHECKING:
    import polars as pl

FAVOURABLE: Final = "favourable"
"""Code of the sum of the favourable answers, which alone has a change."""
_CHANGES: Final = {
    "rise": mark("higher than before"),
    "fall": mark("lower than before"),
    "no_clear_change": mark("no clear change"),
}
GroupKey = tuple[str, str, str]
"""Series, dimension and group."""


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
