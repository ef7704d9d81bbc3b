"""Read the code lists: the only Python reader of the seed CSVs that dbt loads."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pipelines.core.text.script import transliterate_serbian

SEED_FOLDER = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"
CODELIST_FOLDER = SEED_FOLDER / "codelists"
REGION = "WB"
"""Code of the whole region as an area; never the REF_AREA of an office's return."""

DIMENSIONS_WITH_TOTAL = (
    "person_type", "victim_status", "sex", "age", "exploitation", "citizenship", "sentence_type", "sentence_band",
)  # fmt: skip
"""Dimensions of an observation that have the codes `_T` (total), `_U` (unknown) and `_Z` (not applicable)."""
COOPERATION_DIMENSIONS = ("direction", "assistance", "legal_basis", "channel", "refusal_reason", "days_band")
"""Dimensions of an observation that only measures of international cooperation have; `_Z` for all others."""
BREAKDOWNS = ("offence", *DIMENSIONS_WITH_TOTAL)
"""Dimensions by which a count is broken down."""
BLOCK = ("measure", "level", "count_unit", "statistic", "offence_group")
"""Dimensions of a count that are never summed over."""
COUNT_TYPE = (*BLOCK, *BREAKDOWNS)
"""Columns that define what is counted. dbt receives them as the variable `count_type_columns`."""
CELL_KEY = ("area_kind", "area", "freq", "period", *COUNT_TYPE)
"""Columns that identify one cell; `cell_id` is a hash of them (`dbt_project/macros/count_types.sql`)."""
TOTAL_CODES = ("_T", "_Z")
"""Codes of a dimension by which a cell is not broken down: total, or not applicable."""


class UnknownCodeError(KeyError):
    """A code or code list that is not declared."""


@cache
def read_codelist(name: str) -> dict[str, dict[str, str]]:
    """Return the rows of a code list by code, in file order; all values are text as in the CSV.

    Raises UnknownCodeError if the list does not exist.
    """
    path = CODELIST_FOLDER / f"{name}.csv"
    if not path.is_file():
        raise UnknownCodeError(f"no code list named {name!r}; there are {', '.join(codelist_names())}")
    with path.open(encoding="utf-8", newline="") as handle:
        return {row["code"]: row for row in csv.DictReader(handle)}


@cache
def codelist_names() -> tuple[str, ...]:
    """Return the names of all code lists, sorted."""
    return tuple(sorted(p.stem for p in CODELIST_FOLDER.glob("*.csv") if p.stem != "codelist_labels"))


def list_codes(name: str) -> tuple[str, ...]:
    """Return the codes of a list, in file order."""
    return tuple(read_codelist(name))


def get_code_attribute(name: str, code: str, column: str) -> str:
    """Return one attribute of a code. Raises UnknownCodeError for a code that is not in the list."""
    rows = read_codelist(name)
    if code not in rows:
        raise UnknownCodeError(f"{code!r} is not in the code list {name}")
    return rows[code][column]


@cache
def _labels() -> dict[tuple[str, str, str], str]:
    path = CODELIST_FOLDER / "codelist_labels.csv"
    with path.open(encoding="utf-8", newline="") as handle:
        return {(r["codelist"], r["code"], r["language"]): r["label"] for r in csv.DictReader(handle)}


@cache
def _dimensions_by_measure() -> dict[str, frozenset[str]]:
    dimensions: dict[str, set[str]] = {}
    with (SEED_FOLDER / "rules" / "cooperation_dimension.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            dimensions.setdefault(row["measure"], set()).add(row["dimension"])
    return {measure: frozenset(names) for measure, names in dimensions.items()}


def list_cooperation_dimensions(measure: str) -> frozenset[str]:
    """Return the dimensions of cooperation that apply to a measure (`seeds/rules/cooperation_dimension.csv`).

    The set is empty for a measure outside international cooperation.
    """
    return _dimensions_by_measure().get(measure, frozenset())


class MeasurePart(NamedTuple):
    """A measure that is part of another of the same persons, period and level, so that no lag between stages matters.

    The parts with `makes_whole` add up to the whole by definition.
    """

    whole: str
    part: str
    level: str
    makes_whole: bool


@cache
def measure_parts() -> tuple[MeasurePart, ...]:
    """Return which measures are parts of which others (`seeds/rules/measure_part.csv`), in file order.

    If a person has several outcomes on one day, the first in the file counts (`statistics.stages`).
    """
    with (SEED_FOLDER / "rules" / "measure_part.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(
            MeasurePart(row["whole"], row["part"], row["level"], row["makes_whole"] == "true")
            for row in csv.DictReader(handle)
        )


def get_code_label(name: str, code: str, language: str = "en") -> str:
    """Return the label of a code in a language, or in English if it is not translated yet.

    Serbian in Latin letters (`sr-Latn`) is transliterated from the Cyrillic label.
    Raises UnknownCodeError if the English label is missing too.
    """
    labels = _labels()
    if language == "sr-Latn" and (name, code, "sr") in labels:
        return transliterate_serbian(labels[name, code, "sr"])
    for candidate in (language, "en"):
        if (name, code, candidate) in labels:
            return labels[name, code, candidate]
    raise UnknownCodeError(f"no label for {code!r} of the code list {name}")
