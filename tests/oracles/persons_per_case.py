"""Dispersion of each count of a table of cells, worked out cell by cell with look-ups.

The product computes it in SQL (`int_dispersion`).  Cases vary like a Poisson count.  For persons there are three
sources: the register of the office; else persons over cases, if the same offices count both; the members of a sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from pipelines.core import codes

OF_PERSONS = ("person_type", "sex", "age", "exploitation", "citizenship", "sentence_type", "sentence_band")
"""Attributes of persons, which cases do not have."""
_SAME = tuple(name for name in codes.CELL_KEY if name not in (*OF_PERSONS, "count_unit"))
_PARTS = {"region": "territory", "territory": "jurisdiction"}
Cell = Mapping[str, Any]


def compute_dispersions(
    cells: Iterable[Cell], registers: Mapping[tuple[str, str, str], float]
) -> dict[str, tuple[Fraction, str]]:
    """Return dispersion and basis of each cell with a value, by `cell_id`.

    `registers`: the dispersion of persons by kind of area, area and offence group, from enough records.
    """
    counted_cells = [cell for cell in cells if cell["value"] is not None]
    undivided: dict[tuple[Any, ...], list[Fraction]] = {}
    for cell in counted_cells:
        if all(cell[name] in codes.TOTAL_CODES for name in OF_PERSONS):
            undivided.setdefault(_key(cell, cell["count_unit"]), []).append(Fraction(cell["value"]))
    results: dict[str, tuple[Fraction, str]] = {}
    by_area: dict[tuple[Any, ...], Cell] = {}
    for kind in ("jurisdiction", "territory", "region"):
        of_kind = [cell for cell in counted_cells if cell["area_kind"] == kind]
        for cell in of_kind:
            results[cell["cell_id"]] = _of_area(cell, registers, undivided)
            if cell["area_kind"] in _PARTS and results[cell["cell_id"]][1] == "lower_bound":
                results[cell["cell_id"]] = _of_members(cell, results, by_area)
        by_area |= {(kind, cell["area"], *_rest(cell)): cell for cell in of_kind}
    return results


def _key(cell: Cell, unit: str) -> tuple[Any, ...]:
    return (unit, cell["reporters"], *(cell[name] for name in _SAME))


def _rest(cell: Cell) -> tuple[Any, ...]:
    return tuple(cell[name] for name in codes.CELL_KEY if not name.startswith("area"))


def _of_area(
    cell: Cell, registers: Mapping[tuple[str, str, str], float], undivided: Mapping[tuple[Any, ...], list[Fraction]]
) -> tuple[Fraction, str]:
    if cell["count_unit"] == "case":
        return Fraction(1), "exact"
    register = registers.get((cell["area_kind"], cell["area"], cell["offence_group"]))
    if register is not None and cell["count_unit"] == "person":
        return Fraction(register), "quasi_exact"
    persons, bound = Fraction(cell["value"]), Fraction(1)
    cases = max(undivided.get(_key(cell, "case"), [Fraction(0)]))
    if cases > 0:
        bound = max(bound, persons / cases)
        everyone = min(undivided.get(_key(cell, cell["count_unit"]), [Fraction(0)]))
        if everyone > 0:
            bound = max(bound, 1 + persons / everyone * (everyone / cases - 1))
    return bound, "lower_bound"


def _of_members(
    cell: Cell, results: Mapping[str, tuple[Fraction, str]], by_area: Mapping[tuple[Any, ...], Cell]
) -> tuple[Fraction, str]:
    own_bound, _ = results[cell["cell_id"]]
    reporters = cell["reporters"].split(",")
    parts = [by_area.get((_PARTS[cell["area_kind"]], area, *_rest(cell))) for area in reporters]
    if not cell["is_additive"] or not cell["value"] > 0 or not any(parts):
        return results[cell["cell_id"]]
    total, weighted, bases = Fraction(cell["value"]), Fraction(0), set()
    for part in parts:
        if part is None:
            bases.add("lower_bound")
            continue
        phi, of_part = results[part["cell_id"]]
        bases.add(of_part)
        weighted += phi * Fraction(part["value"])
        total -= Fraction(part["value"])
    mean = (weighted + total) / Fraction(cell["value"])  # the remaining count has a dispersion of 1
    return (mean, "quasi_exact") if bases == {"quasi_exact"} else (max(own_bound, mean), "lower_bound")
