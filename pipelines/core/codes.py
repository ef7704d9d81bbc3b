"""Code lists for Python: the only reader of the seed CSVs that dbt loads too."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pipelines.core.text.script import latin

SEED_FOLDER = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"
CODELIST_FOLDER = SEED_FOLDER / "codelists"
REGION = "WB"
"""Code of the region as an area beside the territories; never a REF_AREA of an office's return."""

DIMENSIONS_WITH_TOTAL = (
    "person_type", "victim_status", "sex", "age", "exploitation", "citizenship", "sentence_type", "sentence_band",
)  # fmt: skip
"""Dimensions of an observation in which `_T`, `_U` and `_Z` have their meaning."""
BREAKDOWNS = ("offence", *DIMENSIONS_WITH_TOTAL)
"""Dimensions by which a count is broken down."""
BLOCK = ("measure", "level", "count_unit", "statistic", "offence_group")
"""Dimensions of a count that are never summed over."""
COUNT_TYPE = (*BLOCK, *BREAKDOWNS)
"""Columns that say what a count is of. dbt gets them as the variable `count_type_columns`."""
CELL_KEY = ("area_kind", "area", "freq", "period", *COUNT_TYPE)
"""Columns that name one cell; `cell_id` is a hash of them (`dbt_project/macros/count_types.sql`)."""
TOTAL_CODES = ("_T", "_Z")
"""Codes of a dimension by which a cell is not broken down: all of it, or not applicable."""


class UnknownCodeError(KeyError):
    """A code or code list that is not declared."""


@cache
def codelist(name: str) -> dict[str, dict[str, str]]:
    """Rows of one code list by code, in file order; every value is text as in the CSV.

    Raises UnknownCodeError when there is no such list.
    """
    path = CODELIST_FOLDER / f"{name}.csv"
    if not path.is_file():
        raise UnknownCodeError(f"no code list named {name!r}; there are {', '.join(codelist_names())}")
    with path.open(encoding="utf-8", newline="") as handle:
        return {row["code"]: row for row in csv.DictReader(handle)}


@cache
def codelist_names() -> tuple[str, ...]:
    """Names of all code lists, sorted."""
    return tuple(sorted(p.stem for p in CODELIST_FOLDER.glob("*.csv") if p.stem != "codelist_labels"))


def codes(name: str) -> tuple[str, ...]:
    """The codes of one list, in file order."""
    return tuple(codelist(name))


def attribute(name: str, code: str, column: str) -> str:
    """One attribute of one code; raises UnknownCodeError for a code that the list lacks."""
    rows = codelist(name)
    if code not in rows:
        raise UnknownCodeError(f"{code!r} is not in the code list {name}")
    return rows[code][column]


@cache
def _labels() -> dict[tuple[str, str, str], str]:
    path = CODELIST_FOLDER / "codelist_labels.csv"
    with path.open(encoding="utf-8", newline="") as handle:
        return {(r["codelist"], r["code"], r["language"]): r["label"] for r in csv.DictReader(handle)}


class MeasurePart(NamedTuple):
    """A count that is part of another of the same persons and period at one level, whatever the lag between stages.

    `makes_whole`: this part and the others so marked leave nothing of the whole over, by its definition.
    """

    whole: str
    part: str
    level: str
    makes_whole: bool


@cache
def measure_parts() -> tuple[MeasurePart, ...]:
    """Which measures are parts of which others (`seeds/rules/measure_part.csv`), in file order.

    Of several outcomes of one person on one day, the first in the file counts (`statistics.stages`).
    """
    with (SEED_FOLDER / "rules" / "measure_part.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(
            MeasurePart(row["whole"], row["part"], row["level"], row["makes_whole"] == "true")
            for row in csv.DictReader(handle)
        )


def label(name: str, code: str, language: str = "en") -> str:
    """The label of a code in a language, in English where that language has none yet.

    Serbian in Latin letters (`sr-Latn`) is the Cyrillic label, written over.
    Raises UnknownCodeError when there is not even an English label.
    """
    labels = _labels()
    if language == "sr-Latn" and (name, code, "sr") in labels:
        return latin(labels[name, code, "sr"])
    for candidate in (language, "en"):
        if (name, code, candidate) in labels:
            return labels[name, code, candidate]
    raise UnknownCodeError(f"no label for {code!r} of the code list {name}")
