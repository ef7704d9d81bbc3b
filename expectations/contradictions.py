"""Reduce the broken limits of a return to the cells that explain them, so that one wrong cell gives one finding."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from expectations.part_limits import tabulate_limits
from pipelines.core import codes

CONTRADICTION = {
    "submission_id": pl.String(),
    "kind": pl.String(),  # part, parts, outcome, outcomes, or repair
    "place": pl.String(),
    "dim": pl.String(),
    "period": pl.String(),
    "label": pl.String(),  # of the part, or of the whole of several parts
    "whole_label": pl.String(),
    "value": pl.Float64(),
    "expected": pl.Float64(),
    "part": pl.String(),  # measures of an outcome and of the decisions that include it
    "whole": pl.String(),
    "offence": pl.String(),
    "accumulation": pl.String(),
    "count_unit": pl.String(),
    "n": pl.Int64(),
    "severity": pl.String(),
}
"""One finding: the cell, the limit that it breaks most, or the value that would repair all limits around it."""
_REPAIRED = 2
"""A repair is suggested if it settles at least this many broken limits: one alone has a repair in each of its cells."""


class LabelledCell(NamedTuple):
    """A cell of a file: its place, and its labels, because one line of a cube holds the figures of several periods.

    `number` distinguishes figures with the same place and labels.
    """

    place: str
    label: str
    number: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """The sum of the parts is at most the whole, or equal to it if `is_exact`.

    `rows` are the rows of the whole and of the parts in the observations, none for a sum that the form declares.
    """

    kind: str
    dim: str
    whole: LabelledCell
    parts: tuple[LabelledCell, ...]
    is_exact: bool
    rows: tuple[int, ...] = ()

    @property
    def cells(self) -> tuple[LabelledCell, ...]:
        return (self.whole, *self.parts)

    def is_broken(self, values: dict[LabelledCell, float]) -> bool:
        """Return True if the values contradict the limit."""
        excess = self.compute_excess(values)
        return excess > 0 or (self.is_exact and excess != 0)

    def compute_excess(self, values: dict[LabelledCell, float]) -> float:
        """Return by how much the parts exceed the whole."""
        return sum(values[part] for part in self.parts) - values[self.whole]

    def bounds_of(self, cell: LabelledCell, values: dict[LabelledCell, float]) -> tuple[float, float]:
        """Return the least and the highest value that the limit allows for one of its cells, all others unchanged."""
        excess = self.compute_excess(values)
        if cell == self.whole:
            needed = values[cell] + excess
            return needed, needed if self.is_exact else math.inf
        allowed = values[cell] - excess
        return (allowed if self.is_exact else 0.0), allowed


class Repair(NamedTuple):
    """A cell, and its value that satisfies every limit around it."""

    cell: LabelledCell
    value: float


@dataclass(frozen=True, slots=True)
class CellExplanation:
    """A cell that explains broken limits, and the only single repair that would settle them all, if there is one."""

    cell: LabelledCell
    limits: tuple[Limit, ...]
    repair: Repair | None = None


@dataclass(slots=True)
class _Group:
    """Limits that are connected by common cells; `last` is the number of the last one."""

    last: int
    cells: set[LabelledCell]
    members: list[Limit]


def find_contradictions(observations: pl.DataFrame, sums: pl.DataFrame) -> pl.DataFrame:
    """Return the contradictions of all returns as rows of CONTRADICTION.

    Limits that repeat a broken declared sum are left out; its own finding is enough.
    """
    limits = tabulate_limits(observations)
    excess = pl.col("added") > pl.col("total")
    is_unequal = pl.col("added") != pl.col("total")
    broken = limits.filter(excess | (pl.col("exact") & is_unequal))["submission_id"].unique()
    broken_sums = sums.filter(excess | (pl.col("whole") & is_unequal))["submission_id"].unique()
    rows: list[dict[str, object]] = []
    for submission_id in sorted({*broken, *broken_sums}):
        is_own = pl.col("submission_id") == submission_id
        rows += _explain_return(
            submission_id,
            observations.with_row_index("_row").filter(is_own),
            limits.filter(is_own),
            sums.filter(is_own),
        )
    return pl.DataFrame(rows, schema=CONTRADICTION)


def _explain_return(
    submission_id: str, observations: pl.DataFrame, limits: pl.DataFrame, sums: pl.DataFrame
) -> list[dict[str, object]]:
    used_cells: set[LabelledCell] = set()
    cells: dict[int, LabelledCell] = {}
    for number, place, label in observations.select("_row", "place", "label").iter_rows():
        cell = LabelledCell(place, label)
        cells[number] = cell._replace(number=number + 1) if cell in used_cells else cell
        used_cells.add(cell)
    values: dict[LabelledCell, float] = dict(zip(cells.values(), observations["value"], strict=True))
    all_limits = list(_read_sums(sums, values))
    # A negative part is an error of its own, and makes its total too low for the other parts.
    lowered_totals = {limit.whole for limit in all_limits if any(values[part] < 0 for part in limit.parts)}
    declared_cells = {(limit.whole, frozenset(limit.parts)) for limit in all_limits}
    broken_cells = {cell for limit in all_limits if limit.is_broken(values) for cell in limit.cells}
    limits = _select_near_limits(limits, [number for number, cell in cells.items() if cell in broken_cells])
    for row in limits.iter_rows(named=True):
        whole, parts = cells[row["whole"]], tuple(cells[part] for part in row["parts"])
        if whole not in lowered_totals and (whole, frozenset(parts)) not in declared_cells:
            all_limits.append(Limit(row["kind"], row["dim"], whole, parts, row["exact"], (row["whole"], *row["parts"])))
    findings: list[dict[str, object]] = []
    reported_outcomes: set[tuple[object, ...]] = set()
    causes = explain_limits(all_limits, values)
    rows_of_causes = {number for cause in causes for limit in cause.limits for number in limit.rows}
    by_row = _describe_rows(observations, rows_of_causes)
    # Of an outcome above its whole in several breakdowns, the one without breakdown is reported.
    for cause in sorted(causes, key=lambda cause: _count_breakdowns(cause, by_row)):
        if cause.repair is not None and len(cause.limits) >= _REPAIRED:
            findings.append(
                _make_row(
                    submission_id,
                    "repair",
                    cause.repair.cell,
                    values[cause.repair.cell],
                    cause.repair.value,
                    n=len(cause.limits),
                )
            )
        # The finding of a declared sum is enough for everything that the same cell explains.
        if any(limit.kind == "declared" for limit in cause.limits):
            continue
        finding = _describe_cause(submission_id, cause, by_row, values)
        outcome = tuple(finding[name] for name in ("kind", "part", "whole", "period", "_article"))
        if finding["part"] is None or outcome not in reported_outcomes:
            findings.append(finding)
        reported_outcomes.add(outcome)
    return [{name: row[name] for name in CONTRADICTION} for row in findings]


def _select_near_limits(limits: pl.DataFrame, rows: Sequence[int]) -> pl.DataFrame:
    """Return the limits that share a cell with a broken one, or have one of some rows; no other can explain anything.

    A return of 20,000 figures has ten times as many limits, and few are broken.
    """
    # A sum of fractions may differ from the sum that `Limit` computes, so that these limits are always kept.
    is_fraction = (pl.col("added") % 1 != 0) | (pl.col("total") % 1 != 0)
    may_break = (pl.col("added") > pl.col("total")) | (pl.col("exact") & (pl.col("added") != pl.col("total")))
    broken = limits.filter(may_break | is_fraction)
    near = pl.concat(
        [broken["whole"], broken["parts"].explode().drop_nulls(), pl.Series(rows, dtype=pl.UInt32)]
    ).unique()
    numbered = limits.with_row_index("_limit")
    by_part = numbered.select("_limit", row=pl.col("parts")).explode("row")
    by_whole = numbered.select("_limit", row=pl.col("whole"))
    is_near = pl.col("row").is_in(near.implode())
    chosen = pl.concat([by_part.filter(is_near), by_whole.filter(is_near)])["_limit"].unique()
    return numbered.filter(pl.col("_limit").is_in(chosen.implode())).drop("_limit")


def _describe_rows(observations: pl.DataFrame, numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return what findings say about some rows, by row: all columns of 20,000 rows as objects would take 60 MB."""
    breakdowns = pl.sum_horizontal(
        (~pl.col(name).is_in(codes.TOTAL_CODES)).fill_null(value=True) for name in codes.DIMENSIONS_WITH_TOTAL
    )
    described = observations.filter(pl.col("_row").is_in(list(numbers))).select(
        "_row",
        *("label", "period", "measure", "offence", "law_article", "accumulation", "count_unit"),
        breakdowns=breakdowns,
    )
    return {row["_row"]: row for row in described.iter_rows(named=True)}


def _count_breakdowns(cause: CellExplanation, by_row: dict[int, dict[str, Any]]) -> int:
    rows = [number for limit in cause.limits for number in limit.rows[:1]]
    return int(by_row[rows[0]]["breakdowns"]) if rows else 0


def _read_sums(sums: pl.DataFrame, values: dict[LabelledCell, float]) -> Iterable[Limit]:
    """Yield the declared sums as limits; add the values of their cells, printed totals among them, to `values`."""
    for row in sums.iter_rows(named=True):
        whole = LabelledCell(row["place"], row["label"])
        parts = [part for part in row["cells"] or () if part["value"] is not None]
        values.setdefault(whole, row["total"])
        for part in parts:
            values.setdefault(LabelledCell(part["place"], part["label"]), part["value"])
        yield Limit(
            "declared",
            row["dim"],
            whole,
            tuple(LabelledCell(part["place"], part["label"]) for part in parts),
            row["whole"],
        )


def explain_limits(limits: Sequence[Limit], values: dict[LabelledCell, float]) -> list[CellExplanation]:
    """Return the cells that explain all broken limits, the cell that explains most first within each group.

    Limits that share a cell form a group. If one cell is in all limits of a group and a value of it satisfies every
    limit around it, that cell explains the group; otherwise the cell that is in most limits is taken, and again.
    """
    around: defaultdict[LabelledCell, list[Limit]] = defaultdict(list)
    for limit in limits:
        for cell in limit.cells:
            around[cell].append(limit)
    causes: list[CellExplanation] = []
    for group in _group_by_cells([limit for limit in limits if limit.is_broken(values)]):
        remaining = group
        while remaining:
            counts = Counter(cell for limit in remaining for cell in limit.cells)
            common = [cell for cell in counts if counts[cell] == len(remaining)]
            repairs = {cell: bounds for cell in common if (bounds := _find_repair(around[cell], cell, values))}
            # Figures of later stages change together with their breakdowns, so that no single cell repairs them.
            kinds = {limit.kind for limit in remaining}
            is_stage = "outcome" in kinds and kinds <= {"outcome", "outcomes"}
            candidates = list((repairs if not is_stage else common) or common or counts)
            most = max(counts[cell] for cell in candidates)
            cell = _choose_cell([cell for cell in candidates if counts[cell] == most], remaining, values)
            explained = tuple(limit for limit in remaining if cell in limit.cells)
            repair = None
            if len(repairs) == 1:
                repaired, (least, highest) = next(iter(repairs.items()))
                repair = Repair(repaired, least) if least == highest else None
            causes.append(CellExplanation(cell, explained, repair))
            remaining = [limit for limit in remaining if cell not in limit.cells]
    return causes


def _group_by_cells(limits: Sequence[Limit]) -> list[list[Limit]]:
    """Group limits that are connected by common cells."""
    groups: dict[LabelledCell, _Group] = {}
    for number, limit in enumerate(limits):
        touched = {id(group): group for cell in limit.cells if (group := groups.get(cell)) is not None}
        merged = _Group(number, set(limit.cells), [limit])
        for group in sorted(touched.values(), key=lambda group: group.last):
            members = group.members + merged.members
            # Only the cells of the smaller group get another one: a large group grows by one limit at a time.
            small, large = sorted((merged, group), key=lambda group: len(group.cells))
            large.cells |= small.cells
            groups.update(dict.fromkeys(small.cells, large))
            merged, merged.last, merged.members = large, number, members
        groups.update(dict.fromkeys(limit.cells, merged))
    distinct = {id(group): group for group in groups.values()}
    return [group.members for group in sorted(distinct.values(), key=lambda group: group.last)]


def _find_repair(
    limits: Sequence[Limit], cell: LabelledCell, values: dict[LabelledCell, float]
) -> tuple[float, float] | None:
    """Return the least and highest whole value of a cell that satisfies all limits around it, or None."""
    low, high = 0.0, math.inf
    for limit in limits:
        least, highest = limit.bounds_of(cell, values)
        low, high = max(low, least), min(high, highest)
    return (low, high) if low <= high and low.is_integer() else None


def _choose_cell(
    candidates: Sequence[LabelledCell], limits: Sequence[Limit], values: dict[LabelledCell, float]
) -> LabelledCell:
    """Prefer a part that exceeds its whole by itself, or an outcome; then the whole, then the largest part."""
    alone = {part for limit in limits if len(limit.parts) == 1 or limit.kind == "outcomes" for part in limit.parts}
    wholes = {limit.whole for limit in limits}
    return max(candidates, key=lambda cell: (cell in alone, cell in wholes, values[cell]))


def _describe_cause(
    submission_id: str, cause: CellExplanation, by_row: dict[int, dict[str, Any]], values: dict[LabelledCell, float]
) -> dict[str, object]:
    """Describe the limit that a cell breaks most: a single part before a sum, a breakdown before an outcome."""
    order = {"part": 0, "parts": 1, "outcome": 2, "outcomes": 3}
    limit = min(cause.limits, key=lambda limit: (order[limit.kind], -abs(limit.compute_excess(values))))
    whole, first = by_row[limit.rows[0]], by_row[limit.rows[1]]
    is_outcome = limit.kind.startswith("outcome")
    is_exclusive = whole["count_unit"] != "case"
    return _make_row(
        submission_id,
        limit.kind,
        cause.cell,
        sum(values[part] for part in limit.parts),
        values[limit.whole],
        dim="article" if limit.dim == "law_article" else limit.dim,
        period=first["period"],
        label=first["label"],
        whole_label=whole["label"],
        part=first["measure"] if is_outcome else None,
        whole=whole["measure"] if is_outcome else None,
        offence=first["offence"],
        accumulation=first["accumulation"],
        count_unit=first["count_unit"],
        n=len(cause.limits),
        severity="error" if is_exclusive and not is_outcome else "warning",
        _article=first["law_article"],
    )


def _make_row(
    submission_id: str, kind: str, cell: LabelledCell, value: float, expected: float, **columns: object
) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(CONTRADICTION)
    return row | {
        "submission_id": submission_id,
        "kind": kind,
        "place": cell.place,
        "label": cell.label,
        "value": value,
        "expected": expected,
        "_article": None,
        **columns,
    }


def list_groups_of(contradictions: pl.DataFrame) -> pl.DataFrame:
    """Return the offence groups with an outcome that exceeds its whole in one cell, by the columns of a group total."""
    groups = {code: row["offence_group"] for code, row in codes.read_codelist("offence").items()}
    return contradictions.filter(pl.col("kind") == "outcome").select(
        "submission_id",
        "period",
        "accumulation",
        "count_unit",
        "part",
        "whole",
        pl.col("offence").replace_strict(groups, default=None, return_dtype=pl.String).alias("offence_group"),
    )
