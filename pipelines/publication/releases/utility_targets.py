"""Compare what protection costs readers of a release with two targets: hidden annual totals, and hidden cells.

The results are for the steward. They say how many withheld figures are small, which would bound them, so no public
file has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    import polars as pl

MOST_ANNUAL_TOTALS: Final = 5
"""Annual totals of territories of 5 or more that may be withheld in one year."""
MOST_POINTS: Final = 15.0
"""Percentage points by which the share of withheld cells above zero may exceed the share of small counts."""


@dataclass(frozen=True, slots=True)
class ReleaseUtility:
    """Numbers of withheld figures of a release: large annual totals of territories by year, and cells above zero.

    `large_totals` and `hidden_totals` are numbers of annual totals of territories of 5 or more by year, all and
    withheld. `not_zero`, `small` and `hidden` are numbers of cells above zero: all, counts of 1 to 4, and withheld.
    `large_stocks` and `hidden_stocks` are numbers of stocks of territories of 5 or more at the start and the end of a
    year, which the first target leaves out. Records of earlier software have none.
    """

    large_totals: Mapping[str, int]
    hidden_totals: Mapping[str, int]
    not_zero: int
    small: int
    hidden: int
    large_stocks: int = 0
    hidden_stocks: int = 0

    @classmethod
    def read_losses(cls, losses: pl.DataFrame) -> Self:
        """Sum up the table of losses (`utility.measure_losses`) of a draft."""
        import polars as pl

        is_annual_total = pl.col("is_total") & (pl.col("freq") == "A") & (pl.col("area_kind") == "territory")
        annual_totals, is_flow = losses.filter(is_annual_total), pl.col("statistic") == "count"
        totals = annual_totals.filter(is_flow)
        by_year = totals.group_by("period").agg(pl.col("large", "hidden_large").sum()).sort("period")
        sums = losses.select(pl.col("not_zero", "small", "hidden_not_zero").sum()).row(0)
        stocks = annual_totals.filter(~is_flow).select(pl.col("large", "hidden_large").sum()).row(0)
        return cls(
            dict(by_year.select("period", "large").iter_rows()),
            dict(by_year.select("period", "hidden_large").iter_rows()),
            *map(int, (*sums, *stocks)),
        )

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return what `as_json` has written."""
        return cls(**content)

    def as_json(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        return asdict(self)

    @property
    def hidden_percent(self) -> float:
        """Return the share of cells above zero that are withheld, in percent."""
        return 100 * self.hidden / max(self.not_zero, 1)

    @property
    def small_percent(self) -> float:
        """Return the share of cells above zero that are small, in percent."""
        return 100 * self.small / max(self.not_zero, 1)

    @property
    def points(self) -> float:
        """Return the percentage points of cells above zero that are withheld only to protect others."""
        return 100 * (self.hidden - self.small) / max(self.not_zero, 1)

    @property
    def has_few_points(self) -> bool:
        """Return True if the second target is met."""
        return self.points <= MOST_POINTS

    def list_years_above(self) -> list[str]:
        """Return the years that do not meet the first target."""
        return [year for year, n in self.hidden_totals.items() if n > MOST_ANNUAL_TOTALS]

    def describe_targets(self) -> list[str]:
        """Return both targets as lines of text with their numbers and whether they are met, and what they leave out."""
        years = ", ".join(f"{n} of {self.large_totals[year]} in {year}" for year, n in self.hidden_totals.items())
        above = ", ".join(self.list_years_above())
        return [
            f"annual totals of territories of 5 or more that are hidden: {years or 'none'}; at most "
            f"{MOST_ANNUAL_TOTALS} a year: {f'not met in {above}' if above else 'met'}",
            f"cells above zero that are hidden: {self.hidden_percent:.1f}%, small ones {self.small_percent:.1f}%; at "
            f"most {MOST_POINTS:.0f} points more: {'met' if self.has_few_points else 'not met'}",
            f"stocks of territories of 5 or more, which the first target leaves out: {self.hidden_stocks} of "
            f"{self.large_stocks} are hidden",
        ]
