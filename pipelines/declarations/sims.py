"""Reference metadata of a territory: `sims.yml`, in the concepts of SIMS, the structure of European statistics.

The numbers of the SIMS concepts are omitted, because they could not be verified; only their names are used.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipelines.declarations.base import PERIOD_PATTERN, Coded, DeclarationModel, Many

CONCEPTS = (
    "contact_organisation",
    "contact_organisation_unit",
    "data_description",
    "classification_system",
    "statistical_concepts_and_definitions",
    "statistical_unit",
    "statistical_population",
    "reference_area",
    "coverage",
    "time_coverage",
    "unit_of_measure",
    "reference_period",
    "legal_acts_and_other_agreements",
    "confidentiality_data_treatment",
    "frequency_of_dissemination",
    "user_needs",
    "recommended_uses",
    "overall_accuracy",
    "timeliness",
    "comparability_geographical",
    "comparability_over_time",
    "coherence_cross_domain",
    "data_revision_policy",
    "source_data",
    "comment",
)
"""All concepts in display order; `coverage` and `recommended_uses` are additions of this project."""


class MetadataStatement(DeclarationModel):
    """The statement for a concept; `unknown` is a valid answer."""

    text: str = Field(min_length=1)
    status: Literal["stated", "assumed", "unknown"] = Field(
        description="stated: by a document named in `source`; assumed: for the demonstration; unknown: not found"
    )
    source: str | None = None

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        if self.status == "stated" and not self.source:
            raise ValueError("source: a stated text names its document")
        return self


class DeclaredBreak(DeclarationModel):
    """A declared change in a series. Unless it is of layout, figures after it do not compare with earlier ones."""

    jurisdiction: str
    period: str = Field(pattern=rf"^{PERIOD_PATTERN}$", description="First period after the change.")
    offence_group: Annotated[str, Coded("offence_group")] | None = Field(None, description="Empty: all groups.")
    kind: Literal["law", "counting", "source", "layout"]
    text: str
    status: Literal["verified", "unverified", "demonstration"]

    @property
    def separates_figures(self) -> bool:
        """False for a change of wording alone (`layout`), which is a note: figures before and after it compare."""
        return self.kind != "layout"


class Sims(DeclarationModel):
    """The file of one territory."""

    territory: str
    concepts: dict[str, MetadataStatement]
    instruments: dict[Annotated[str, Coded("instrument")], dict[str, MetadataStatement]] = Field(
        {}, description="What is otherwise for one instrument, by concept."
    )
    breaks: Many[DeclaredBreak] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in CONCEPTS if name not in self.concepts]
        extra = [name for name in self.concepts if name not in CONCEPTS]
        extra += [name for statements in self.instruments.values() for name in statements if name not in CONCEPTS]
        if missing or extra:
            raise ValueError(f"concepts: missing {', '.join(missing) or 'none'}, unknown {', '.join(extra) or 'none'}")
        if any(b.jurisdiction.partition("_")[0] != self.territory for b in self.breaks):
            raise ValueError(f"breaks: a jurisdiction does not belong to {self.territory}")
        return self

    def select_instrument(self, instrument: str) -> Sims:
        """Return the statements for an instrument: its own where it has any, else those of the territory."""
        return self.model_copy(update={"concepts": self.concepts | self.instruments.get(instrument, {})})


@cache
def read_sims(path: Path) -> Sims:
    """Read a `sims.yml`. Raises DeclarationError with file, line, key and remedy."""
    from pipelines.declarations.yaml_file import load_yaml, validate_data

    return validate_data(Sims, load_yaml(path), path)


def load_sims() -> dict[str, Sims]:
    """Load the `sims.yml` of every declared territory that has one, by territory code. Raises DeclarationError."""
    from pipelines.declarations.registry import territory_folders

    sims_files = (read_sims(path) for root in territory_folders() for path in sorted(root.glob("*/sims.yml")))
    return {sims.territory: sims for sims in sims_files}
