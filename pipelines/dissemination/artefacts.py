"""Which artefacts a structure message has, and their URNs, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, Literal

from pipelines.dissemination.observations import find_period_range, list_used_codes
from pipelines.dissemination.release import load_structures
from pipelines.dissemination.structures import Code, Codelist, Structures

AGENCIES: Final = "AGENCIES"
CONCEPTS: Final = "CONCEPTS"
CATEGORIES: Final = "CATEGORIES"
"""Ids of the agency scheme, the concept scheme and the category scheme."""
METRICS: Final = "sdmx_metrics"
"""Type of the annotations that state how many series and observations there are."""
Kind = Literal[
    "agencyscheme", "categorisation", "categoryscheme", "codelist", "conceptscheme", "dataconstraint", "dataflow",
    "datastructure", "hierarchy",
]  # fmt: skip
CLASSES: Final[Mapping[Kind, str]] = {
    "agencyscheme": "base.AgencyScheme",
    "categorisation": "categoryscheme.Categorisation",
    "categoryscheme": "categoryscheme.CategoryScheme",
    "codelist": "codelist.Codelist",
    "conceptscheme": "conceptscheme.ConceptScheme",
    "dataconstraint": "registry.DataConstraint",
    "dataflow": "datastructure.Dataflow",
    "datastructure": "datastructure.DataStructure",
    "hierarchy": "codelist.Hierarchy",
}
AGENCY_OF_AGENCIES: Final = "SDMX"


@dataclass(frozen=True)
class Constraint:
    """The codes and the days that the observations of a dataflow have.

    `counts` are the numbers of series and of observations, which an answer to a query of availability states.
    """

    codes: Mapping[str, tuple[str, ...]]
    first_day: date | None = None
    last_day: date | None = None
    counts: tuple[int, int] | None = None

    def list_metrics(self) -> list[tuple[str, str]]:
        """Return the ids and values of the annotations that state the counts."""
        return list(zip(("series_count", "obs_count"), map(str, self.counts or ()), strict=False))


@dataclass(frozen=True)
class Artefacts:
    """The artefacts of a structure message: ids of each kind, and the kinds that are written as stubs.

    Categorisations, constraints and data structures have the ids of their dataflows.
    """

    ids: Mapping[Kind, tuple[str, ...]]
    constraints: Mapping[str, Constraint] = field(default_factory=dict)
    stubs: frozenset[Kind] = frozenset()
    partial: frozenset[tuple[Kind, str]] = frozenset()
    """Item schemes that have some of their items only."""

    def list_ids(self, kind: Kind) -> tuple[str, ...]:
        """Return the ids of a kind."""
        return self.ids.get(kind, ())


def list_artefacts(
    release: Path, *, dataflows: Iterable[str] | None = None, with_constraints: bool = True
) -> Artefacts:
    """Return all artefacts of a release, or those that some dataflows need."""
    structures = load_structures(release)
    flows = tuple(structures.dataflows if dataflows is None else dataflows)
    used = {name for flow in flows for name in structures.find_dataflow(flow).structure.codelists.values()}
    codelists = tuple(name for name in structures.codelists if name in used)
    constraints = {flow: make_constraint(release, flow) for flow in flows} if with_constraints else {}
    return Artefacts(
        {
            "agencyscheme": (AGENCIES,),
            "categoryscheme": (CATEGORIES,),
            "conceptscheme": (CONCEPTS,),
            "codelist": codelists,
            "hierarchy": tuple(name for name in structures.hierarchies if name in used),
            "datastructure": flows,
            "dataflow": flows,
            "categorisation": flows,
            "dataconstraint": tuple(name for name, constraint in constraints.items() if any(constraint.codes.values())),
        },
        constraints,
    )


def make_constraint(release: Path, dataflow: str) -> Constraint:
    """Return the codes and days that the observations of a dataflow have."""
    return Constraint(list_used_codes(release, dataflow), *(find_period_range(release, dataflow) or (None, None)))


def make_urn(structures: Structures, kind: Kind, name: str, item: str = "", item_class: str = "") -> str:
    """Return the URN of an artefact, or of one of its items."""
    agency = AGENCY_OF_AGENCIES if kind == "agencyscheme" else structures.agency
    version = "1.0" if kind == "agencyscheme" else structures.version
    class_name = item_class or CLASSES[kind]
    reference = f"urn:sdmx:org.sdmx.infomodel.{class_name}={agency}:{name}({version})"
    return f"{reference}.{item}" if item else reference


def list_children(codelist: Codelist) -> dict[str | None, list[Code]]:
    """Return the codes below each code, and those without a parent in the list below None."""
    children: dict[str | None, list[Code]] = {}
    for code in codelist.codes:
        children.setdefault(code.parent if code.parent in codelist.by_id else None, []).append(code)
    return children
