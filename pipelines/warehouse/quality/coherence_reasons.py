"""Read the declared comparisons and the declared reasons of differences from
`pipelines/warehouse/reference/reasons.yml`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from pipelines.declarations.base import DeclarationModel, Many

REASONS = Path(__file__).resolve().parents[1] / "reference" / "reasons.yml"


class Selector(DeclarationModel):
    """Selects one figure of the reference table by the values of its columns."""

    territory: str
    period: str
    source: str
    measure_words: str
    breakdown: str = ""
    sex: str | None = None
    age: str | None = None

    def conditions_by_column(self) -> dict[str, str]:
        """Return the conditions as column -> value, without the omitted columns."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


class ComparablePair(DeclarationModel):
    """Two figures that are comparable although their words have no common code."""

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    what: str = Field(description="What the two figures are, and why they belong together.")
    definition: Literal["same", "near"]
    left: Selector
    right: Selector


class Reason(DeclarationModel):
    """Why one figure is larger than another, by how much, and who states it.

    It applies to a declared comparison, or for a pair of two sources in one territory, period and measure.
    """

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    comparison: str | None = Field(None, description="The id of a declared comparison.")
    territory: str
    period: str
    measure: str | None = None
    sources: Many[str] = Field((), description="The source with the larger figure, then the other.")
    text: str
    said_by: str
    source: str = Field(description="The document that contains it, with its address.")
    status: Literal["stated", "unverified"]
    amount: float | None = Field(None, description="By how much left, or the first source, is larger.")
    amount_of: Selector | None = Field(None, description="The published figure that is the amount.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.amount is None) == (self.amount_of is None):
            raise ValueError("amount: give either amount or amount_of")
        if (self.comparison is None) != (len(self.sources) == 2 and self.measure is not None):
            raise ValueError("comparison: name a declared comparison, or a measure and two sources")
        return self

    def find_direction(self, pair: dict[str, Any]) -> int:
        """Return 1 if the reason applies to a pair (schema PAIR), -1 if the pair has its sides reversed, else 0."""
        if (self.territory, self.period) != (pair["territory"], pair["period"]):
            return 0
        if self.comparison is not None:
            return int(pair["comparison"] == self.comparison)
        if pair["comparison"] != "sources" or pair["measure"] != self.measure:
            return 0
        sides = (pair["left_source"], pair["right_source"])
        return int(sides == self.sources) - int(sides == self.sources[::-1])


class Declarations(DeclarationModel):
    """The whole file."""

    comparisons: Many[ComparablePair] = ()
    reasons: Many[Reason] = ()

    @model_validator(mode="after")
    def _known(self) -> Self:
        for section, ids in (("comparisons", self.comparisons), ("reasons", self.reasons)):
            names = [item.id for item in ids]
            if len(set(names)) != len(names):
                raise ValueError(f"{section}: an id appears twice")
        comparison_ids = {comparison.id for comparison in self.comparisons}
        orphans = [r.id for r in self.reasons if r.comparison is not None and r.comparison not in comparison_ids]
        if orphans:
            raise ValueError(f"reasons: {', '.join(orphans)}: no such comparison")
        return self


def read_reasons(path: Path = REASONS) -> Declarations:
    """Return the declared comparisons and reasons. Raises DeclarationError, with file, line, key and remedy."""
    from pipelines.declarations.yaml_file import load_yaml, validate_data

    return validate_data(Declarations, load_yaml(path), path)
