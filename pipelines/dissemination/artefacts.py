"""Which artefacts a structure message has, and their URNs, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, Literal

from pipelines.dissemination.observations import find_period_range, list_used_codes
from pipelines.dissemination.release import load_structures
from pipelines.dissemination.structures import Code, Codelist, Metadataflow, Structures

AGENCIES: Final = "AGENCIES"
CONCEPTS: Final = "CONCEPTS"
CATEGORIES: Final = "CATEGORIES"
DATA_PROVIDERS: Final = "DATA_PROVIDERS"
METADATA_PROVIDERS: Final = "METADATA_PROVIDERS"
"""Ids of the agency scheme, the concept scheme, the category scheme and the schemes of providers."""
METRICS: Final = "sdmx_metrics"
"""Type of the annotations that state how many series and observations there are."""
Kind = Literal[
    "agencyscheme", "categorisation", "categoryscheme", "codelist", "conceptscheme", "dataconstraint", "dataflow",
    "dataproviderscheme", "datastructure", "hierarchy", "metadataflow", "metadataproviderscheme",
    "metadataprovisionagreement", "metadatastructure", "provisionagreement",
]  # fmt: skip
CLASSES: Final[Mapping[Kind, str]] = {
    "agencyscheme": "base.AgencyScheme",
    "categorisation": "categoryscheme.Categorisation",
    "categoryscheme": "categoryscheme.CategoryScheme",
    "codelist": "codelist.Codelist",
    "conceptscheme": "conceptscheme.ConceptScheme",
    "dataconstraint": "registry.DataConstraint",
    "dataflow": "datastructure.Dataflow",
    "dataproviderscheme": "base.DataProviderScheme",
    "datastructure": "datastructure.DataStructure",
    "hierarchy": "codelist.Hierarchy",
    "metadataflow": "metadatastructure.Metadataflow",
    "metadataproviderscheme": "base.MetadataProviderScheme",
    "metadataprovisionagreement": "registry.MetadataProvisionAgreement",
    "metadatastructure": "metadatastructure.MetadataStructure",
    "provisionagreement": "registry.ProvisionAgreement",
}
ITEM_CLASSES: Final[Mapping[Kind, str]] = {
    "categoryscheme": "categoryscheme.Category",
    "codelist": "codelist.Code",
    "conceptscheme": "conceptscheme.Concept",
    "dataproviderscheme": "base.DataProvider",
    "metadataproviderscheme": "base.MetadataProvider",
}
"""Classes of the items of schemes."""
UNVERSIONED: Final[frozenset[Kind]] = frozenset({"agencyscheme", "dataproviderscheme", "metadataproviderscheme"})
"""Schemes of organisations, which have no version of their own; URNs name version 1.0."""
UNVERSIONED_AS: Final = "1.0"
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
    """The artefacts of a structure message: ids of each kind, and those that are written as stubs, by kind and id.

    Categorisations, constraints, data structures and provision agreements have the ids of their dataflows, metadata
    structures and metadata provision agreements those of their metadataflows.
    """

    ids: Mapping[Kind, tuple[str, ...]]
    constraints: Mapping[str, Constraint] = field(default_factory=dict)
    stubs: frozenset[tuple[Kind, str]] = frozenset()
    are_stubs_complete: bool = True
    """True if stubs have descriptions."""
    partial: frozenset[tuple[Kind, str]] = frozenset()
    """Item schemes that have some of their items only."""

    def is_stub(self, kind: Kind, name: str) -> bool:
        """Return True if an artefact is written as a stub."""
        return (kind, name) in self.stubs

    def list_ids(self, kind: Kind) -> tuple[str, ...]:
        """Return the ids of a kind."""
        return self.ids.get(kind, ())


def list_artefacts(
    release: Path,
    *,
    dataflows: Iterable[str] | None = None,
    with_constraints: bool = True,
    with_reference_metadata: bool = True,
) -> Artefacts:
    """Return all artefacts of a release, or those that some dataflows need."""
    structures = load_structures(release)
    flows = tuple(structures.dataflows if dataflows is None else dataflows)
    used = structures.find_used_codelists()
    if dataflows is not None:
        used = frozenset(name for flow in flows for name in structures.find_dataflow(flow).structure.codelists.values())
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
            **(_list_providers(structures, with_reference_metadata) if dataflows is None else {}),
        },
        constraints,
    )


def _list_providers(structures: Structures, with_reference_metadata: bool) -> Mapping[Kind, tuple[str, ...]]:
    """Return the artefacts about providers, and those about reference metadata."""
    providers: dict[Kind, tuple[str, ...]] = {
        "dataproviderscheme": (DATA_PROVIDERS,),
        "provisionagreement": tuple(structures.dataflows),
    }
    if not with_reference_metadata:
        return providers
    flows = tuple(structures.metadataflows)
    return providers | {
        "metadataproviderscheme": (METADATA_PROVIDERS,),
        "metadatastructure": flows,
        "metadataflow": flows,
        "metadataprovisionagreement": flows,
    }


def list_metadata_artefacts(structures: Structures) -> Artefacts:
    """Return the structures of reference metadata with all that they refer to."""
    flows = structures.metadataflows
    used = {flow.codelist for flow in flows.values()}
    used |= {item.codelist for flow in flows.values() for item in flow.list_attributes() if item.codelist is not None}
    return Artefacts(
        {
            "agencyscheme": (AGENCIES,),
            "conceptscheme": (CONCEPTS,),
            "codelist": tuple(name for name in structures.codelists if name in used),
            "dataproviderscheme": (DATA_PROVIDERS,),
            "metadatastructure": tuple(flows),
            "metadataflow": tuple(flows),
            "metadataprovisionagreement": tuple(flows),
        }
    )


def make_constraint(release: Path, dataflow: str) -> Constraint:
    """Return the codes and days that the observations of a dataflow have."""
    return Constraint(list_used_codes(release, dataflow), *(find_period_range(release, dataflow) or (None, None)))


def find_agency(structures: Structures, kind: Kind) -> str:
    """Return the agency that maintains the artefacts of a kind."""
    return AGENCY_OF_AGENCIES if kind == "agencyscheme" else structures.agency


def find_version(structures: Structures, kind: Kind) -> str:
    """Return the version that references to artefacts of a kind name."""
    return UNVERSIONED_AS if kind in UNVERSIONED else structures.version


def make_urn(structures: Structures, kind: Kind, name: str, item: str = "", class_name: str = "") -> str:
    """Return the URN of an artefact, or of one of its items.  `class_name` is another class of version 2.1."""
    described = class_name or (ITEM_CLASSES[kind] if item else CLASSES[kind])
    reference = f"urn:sdmx:org.sdmx.infomodel.{described}={find_agency(structures, kind)}:{name}"
    reference += f"({find_version(structures, kind)})"
    return f"{reference}.{item}" if item else reference


def list_target_patterns(structures: Structures, flow: Metadataflow) -> list[str]:
    """Return the patterns of URNs that metadata sets of a flow are about: codes, and dataflows."""
    return [make_urn(structures, "codelist", flow.codelist, "*"), make_urn(structures, "dataflow", "*")]


def list_children(codelist: Codelist) -> dict[str | None, list[Code]]:
    """Return the codes below each code, and those without a parent in the list below None."""
    children: dict[str | None, list[Code]] = {}
    for code in codelist.codes:
        children.setdefault(code.parent if code.parent in codelist.by_id else None, []).append(code)
    return children
