"""Tests of references between artefacts, on a small made-up dataflow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines.dissemination.reference_metadata import build_metadataflow
from pipelines.dissemination.structures import Codelist
from pipelines.web.sdmx.errors import QueryError
from pipelines.web.sdmx.references import Name, resolve_references
from tests.support.open_data import make_structures

STRUCTURES = make_structures()
FLOW: Name = ("dataflow", "SMALL")
CODELISTS = {"CL_FREQ", "CL_AREA", "CL_UNIT_MEASURE", "CL_DECIMALS", "CL_OBS_STATUS", "CL_CONF_STATUS"}


@pytest.mark.parametrize(("start", "references", "kinds"), [
    (FLOW, "none", set()),
    (FLOW, "children", {"datastructure"}),
    (FLOW, "parents", {"categorisation", "dataconstraint", "provisionagreement"}),
    (FLOW, "parentsandsiblings", {"categorisation", "dataconstraint", "categoryscheme", "datastructure",
                                  "provisionagreement", "dataproviderscheme"}),
    (FLOW, "descendants", {"datastructure", "codelist", "conceptscheme"}),
    (FLOW, "all", {"categorisation", "dataconstraint", "categoryscheme", "datastructure", "codelist", "conceptscheme",
                   "provisionagreement", "dataproviderscheme"}),
    (FLOW, "codelist", {"codelist"}),
    (("codelist", "CL_AREA"), "ancestors", {"datastructure", "dataflow", "categorisation", "dataconstraint",
                                           "provisionagreement"}),
    (("datastructure", "SMALL"), "dataflow", {"dataflow"}),
    (("categoryscheme", "CATEGORIES"), "parents", {"categorisation"}),
    (("dataproviderscheme", "DATA_PROVIDERS"), "parents", {"provisionagreement"}),
])  # fmt: skip
def test_references_add_artefacts(start: Name, references: str, kinds: set[str]) -> None:
    added = resolve_references(STRUCTURES, [start], [references], "v1")
    assert {kind for kind, _ in added} == kinds
    if "codelist" in kinds:
        assert {name for kind, name in added if kind == "codelist"} == CODELISTS


def test_agency_scheme_is_a_child_in_version_2() -> None:
    added = resolve_references(STRUCTURES, [FLOW], ["children"], "v2")
    assert {kind for kind, _ in added} == {"datastructure", "agencyscheme"}


def test_agreements_on_metadata_lead_to_flow_structure_and_providers() -> None:
    structures = replace(STRUCTURES, metadataflows={"NOTES": build_metadataflow("NOTES")}, codelists={
        **STRUCTURES.codelists, "CL_LEVEL": Codelist("CL_LEVEL", {}, ()), "CL_OFFENCE_GROUP": Codelist("", {}, ()),
    })  # fmt: skip
    start: list[Name] = [("metadataprovisionagreement", "NOTES")]
    below = {kind for kind, _ in resolve_references(structures, start, ["descendants"], "v2")}
    assert below == {
        "metadataflow", "metadatastructure", "metadataproviderscheme", "codelist", "conceptscheme", "agencyscheme",
    }  # fmt: skip
    assert {kind for kind, _ in resolve_references(structures, start, ["children"], "v1")} == {
        "metadataflow", "dataproviderscheme",
    }  # fmt: skip


def test_unknown_reference_is_refused() -> None:
    with pytest.raises(QueryError, match="is not offered"):
        resolve_references(STRUCTURES, [FLOW], ["friends"], "v2")
