"""Make up a small dataflow with each kind of observation, without a release."""

from __future__ import annotations

import polars as pl

from pipelines.dissemination.release import END, START, arrange_observations
from pipelines.dissemination.structures import (
    Attribute,
    Code,
    Codelist,
    Concept,
    Dataflow,
    DataStructure,
    Dimension,
    ReleaseLabel,
    Structures,
)
from pipelines.dissemination.writers.extract import Extract

AREA_CODES = ("AA", "BB")
OBSERVATIONS = (
    ("Q", "AA", "2024-Q1", 0.0, "A", "F", None),
    ("Q", "AA", "2024-Q2", 12.0, "A", "F", "partial"),
    ("Q", "AA", "2024-Q3", None, "Q", "C", None),
    ("A", "AA", "2024", 7.25, "A", "F", None),
    ("A", "BB", "2024", None, "M", "F", None),
    ("P3", "BB", "2022-2024", None, "O", "F", None),
)
"""Zero, a number with a flag, withheld, a fraction, not applicable, not available."""


def make_code(name: str, text: str, **more: object) -> Code:
    return Code(name, {"en": text, "sq": f"{text} (sq)"}, **more)  # type: ignore[arg-type]


def make_structures() -> Structures:
    codelists = {
        "CL_FREQ": [make_code("Q", "Quarter"), make_code("A", "Year"), make_code("P3", "Three years")],
        "CL_AREA": [
            make_code("AA", "Aland"),
            make_code("BB", 'Bland & "Co" <x>', descriptions={"en": "About Bland.", "sq": "Për Bland."}, parent="AA"),
        ],
        "CL_UNIT_MEASURE": [make_code("NR", "Number")],
        "CL_DECIMALS": [make_code("0", "0")],
        "CL_OBS_STATUS": [make_code(code, code) for code in "AQMO"],
        "CL_CONF_STATUS": [make_code("F", "Free"), make_code("C", "Confidential")],
    }
    attributes = (
        Attribute("UNIT_MEASURE", "CL_UNIT_MEASURE", attachment="series", is_required=True),
        Attribute("DECIMALS", "CL_DECIMALS", attachment="series"),
        Attribute("OBS_STATUS", "CL_OBS_STATUS", is_required=True),
        Attribute("CONF_STATUS", "CL_CONF_STATUS", is_required=True),
        Attribute("UPPER_LIMIT", text_type="Double"),
        Attribute("FLAGS"),
    )
    structure = DataStructure(
        "SMALL", {"en": "Small"}, (Dimension("FREQ", "CL_FREQ"), Dimension("REF_AREA", "CL_AREA")), attributes
    )
    names = ("FREQ", "REF_AREA", "TIME_PERIOD", "OBS_VALUE", *(item.id for item in attributes))
    return Structures(
        edition=ReleaseLabel("2024-Q4", True, "2025-02-14T09:00:00Z", "2024-Q4", "0", "", {"en": "Cited."}, {
            "BB": {"en": "About Bland."}
        }),
        languages=("en", "sq"),
        codelists={name: Codelist(name, {"en": name}, tuple(items)) for name, items in codelists.items()},
        concepts={name: Concept(name, {"en": name.replace("_", " ").capitalize()}) for name in names},
        categories=(),
        dataflows={"SMALL": Dataflow("SMALL", {"en": "Small"}, {"en": "A small dataflow."}, structure, "COUNTS")},
    )  # fmt: skip


def make_frame(structures: Structures) -> pl.DataFrame:
    """Return the observations with the days of their periods, shuffled before they are arranged."""
    columns = ("FREQ", "REF_AREA", "TIME_PERIOD", "OBS_VALUE", "OBS_STATUS", "CONF_STATUS", "FLAGS")
    frame = pl.DataFrame(list(reversed(OBSERVATIONS)), schema=dict.fromkeys(columns, pl.String) | {
        "OBS_VALUE": pl.Float64
    }, orient="row")  # fmt: skip
    frame = frame.with_columns(
        UNIT_MEASURE=pl.lit("NR"),
        DECIMALS=pl.lit("0"),
        UPPER_LIMIT=pl.when(pl.col("OBS_VALUE") == 0).then(float("inf")),
    )
    return arrange_observations(frame, structures, structures.dataflows["SMALL"])


def make_small_extract() -> Extract:
    """Return all observations, ready to be written."""
    structures = make_structures()
    return Extract(structures, structures.dataflows["SMALL"], make_frame(structures).drop(START, END))
