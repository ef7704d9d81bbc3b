"""Hide small counts of cooperation, and further figures that would reveal them to the public or to a partner.

Small counts are hidden first, then for each hidden figure the cheapest further ones that leave it at least `WIDTH`
possible values, by the linear programs of `pipelines.publication.disclosure`.  The result is assessed over whole
numbers as that of other counts is.  Figures outside the programme take part: a small one that published figures would
reveal is protected like a published one.

A partner knows its own half of every figure.  So each territory, and each other partner, is an insider who knows all
figures of its own requests in both directions, also those that others reported.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from pipelines.core import asides, durable
from pipelines.core.codes import REGION
from pipelines.publication.cooperation import cells as programme
from pipelines.publication.cooperation import earlier as earlier_releases
from pipelines.publication.cooperation import equations
from pipelines.publication.disclosure import lp, risk
from pipelines.publication.disclosure.packed import PackedCells, pack_cells
from pipelines.publication.disclosure.problem import WIDTH, ProtectError
from pipelines.publication.disclosure.processes import ProblemPool
from pipelines.publication.disclosure.protecting_code import digest_code
from pipelines.publication.disclosure.search import GuardedCells, PatternSearch
from pipelines.publication.disclosure.space import Array

_ROUNDS = 8
_COST_OF_TOTAL = 1000.0
"""Cost of hiding the number of requests, executed, closed or pending, of all partners and types together."""
_COST_OF_TABLE = {
    programme.TOTALS: 20.0, programme.PARTNERS: 6.0, programme.TYPES: 4.0, programme.QUARTERS: 4.0,
    programme.BASES: 2.0, programme.CHANNELS: 2.0,
    programme.EXCHANGE: 6.0, programme.TEAMS: 6.0,
}  # fmt: skip
_COST_OF_REGION = 5.0
"""How many times the cost of a figure of a territory is that of the region."""
_COST_OF_EARLIER = 1e-3
_MAIN = frozenset({programme.REGISTERED, programme.CLOSED, programme.PENDING, programme.ENDINGS[0]})


_CELLS_FOR_PROCESSES = 2000
"""Cells of cooperation from which several processes are worth their start."""

_Outcome = tuple[list[str], risk.BlockRisk]
"""The states of the cells of a problem, and their assessment."""


@dataclass(frozen=True)
class ProtectedCooperation:
    """Cells with `conf_status` (F free, A hidden as small, D hidden to protect another) and the risk that is left."""

    cells: pl.DataFrame
    report: risk.RiskReport


def protect_cooperation(
    cells: pl.DataFrame | PackedCells,
    earlier: Sequence[pl.DataFrame] = (),
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    pool: ProblemPool | None = None,
) -> ProtectedCooperation:
    """Hide cells (`cells.select_cells`); hidden ones keep their value, which `read_public` removes.

    The cells may be packed, for callers that need the memory of a long history.  `earlier` are the figures of earlier
    releases, oldest first (`earlier.STORED`); `cache` is a folder with the outcome of each problem (offence group and
    subject) by its content; `progress` is called with the number of finished problems and of all.  The problems are
    solved in `pool`, by default one of their own.  Raises ProtectError if one cannot be made safe.
    """
    packed = pack_cells(cells)
    problems = _list_problems(earlier_releases.combine_releases(packed.unpack_cells(), earlier), cache)
    ready = [problem.read_outcome() for problem in problems]
    sizes = [problem.block.height for problem in problems]
    outcomes: dict[str, _Outcome] = {}
    with nullcontext(pool) if pool else ProblemPool() as used_pool:
        completed = used_pool.complete_outcomes(_protect_problem, problems, ready, sizes, fewest=_CELLS_FOR_PROCESSES)
        for problem, outcome in zip(problems, completed, strict=True):
            outcomes[problem.name] = outcome
            if progress:
                progress(len(outcomes), len(problems))
    if not problems:
        return ProtectedCooperation(packed.unpack_cells().with_columns(conf_status=pl.lit("F")), risk.RiskReport(()))
    states = [
        problem.block.unpack_cells([*programme.KEY, "is_now"])
        .with_columns(conf_status=pl.Series(outcomes[problem.name][0]))
        .filter("is_now")
        .drop("is_now")
        for problem in problems
    ]
    marked = packed.unpack_cells().join(
        pl.concat(states), on=programme.KEY, how="left", maintain_order="left", validate="1:1"
    )
    if cache is not None:
        # After its publication, each of these figures is published or was hidden, so that nothing is left to choose in
        # a draft with the same figures: its problems, which name this release, have the same outcomes.
        released = [*earlier, earlier_releases.record_release(marked)]
        for problem in _list_problems(earlier_releases.combine_releases(packed.unpack_cells(), released), cache):
            problem.keep_outcome(outcomes[problem.name])
    return ProtectedCooperation(marked, risk.RiskReport(tuple(report for _, report in outcomes.values())))


def _list_problems(combined: pl.DataFrame, cache: Path | None) -> list[_Problem]:
    """Return the problems of combined releases, largest first, so that no process waits long for another."""
    problems = [
        _Problem(f"cooperation {group} {subject}", PackedCells(block), cache)
        for (group, subject), block in combined.group_by("offence_group", "subject", maintain_order=True)
    ]
    return sorted(problems, key=lambda problem: -problem.block.height)


def read_public(protected: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of the programme as the public may see them: hidden ones have no value and conf_status C."""
    is_hidden = pl.col("conf_status") != "F"
    return protected.filter(pl.col("table_id") != "").with_columns(
        value=pl.when(is_hidden).then(None).otherwise(pl.col("value")),
        obs_status=pl.when(is_hidden).then(pl.lit("Q")).otherwise(pl.lit("A")),
        conf_status=pl.when(is_hidden).then(pl.lit("C")).otherwise(pl.lit("F")),
    )


def split_public(public: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the tables of a release (`cells.PUBLISHED`) from `read_public`."""
    status = ("value", "table_id", "obs_status", "conf_status")
    return {
        name: public.filter(pl.col("table_id").is_in(tables)).select(*columns, *status)
        for name, (tables, columns) in programme.PUBLISHED.items()
    }


class _Problem(NamedTuple):
    """The figures that are protected together, and the folder with the outcome of each problem by its content."""

    name: str
    block: PackedCells
    cache: Path | None

    def find_kept(self) -> Path | None:
        """Return the file with the outcome of these figures, whether it exists or not; None without a folder."""
        if self.cache is None:
            return None
        content = self.block.unpack_cells().with_columns(pl.col("releases").cast(pl.List(pl.String)).list.join(","))
        key = hashlib.sha256((digest_code() + content.write_csv()).encode()).hexdigest()
        return self.cache / f"cooperation-{key}.json"

    def read_outcome(self) -> _Outcome | None:
        """Return the kept states of the cells and their assessment, or None if there are none."""
        path = self.find_kept()
        stored = durable.read_computed_json(path) if path is not None else None
        if stored is None:
            return None
        report = risk.BlockRisk(self.name, stored["hidden"], (), (), (), revealed_before=tuple(stored["revealed"]))
        return list(stored["states"]), report

    def keep_outcome(self, outcome: _Outcome) -> None:
        """Write the states of the cells and their assessment for the next protection, if there is a folder."""
        path = self.find_kept()
        if path is None or durable.read_computed_json(path) is not None:
            return
        states, report = outcome
        content = {"states": "".join(states), "hidden": report.hidden, "revealed": list(report.revealed_before)}
        with asides.replace_file(path) as aside:
            aside.write_text(json.dumps(content), encoding="ascii")


def _protect_problem(problem: _Problem) -> _Outcome:
    """Return the states of the cells of one problem and their assessment, and keep them. Raises ProtectError."""
    outcome = _choose_hidden(problem.block.unpack_cells(), problem.name)
    problem.keep_outcome(outcome)
    return outcome


def _choose_hidden(block: pl.DataFrame, name: str) -> _Outcome:
    pattern = _CooperationPattern(block, name)
    for number in range(_ROUNDS):
        pattern.hide_further()
        if number == 0:
            pattern.show_unneeded()
        report = pattern.assess_cells()
        if report.passed:
            return pattern.read_states(), report
    if pattern.fixed.any():
        pattern.hide_everything()
        report = pattern.assess_cells()
        if report.passed:
            return pattern.read_states(), report
    raise ProtectError(f"{name}: {len(report.failed_rows) + len(report.to_insiders)} cells could still be worked out")


class _CooperationPattern:
    """The figures of one problem that are hidden so far; arrays have an element for each."""

    def __init__(self, block: pl.DataFrame, name: str) -> None:
        self._name, self._block = name, block
        values = block["value"].to_numpy().astype(float)
        if (values < 0).any() or (values != np.rint(values)).any():
            raise ProtectError(f"{name}: a figure is not a whole number")
        is_now = block["is_now"].to_numpy()
        self._space = equations.build_space_of_releases(block)
        in_programme = (block["table_id"] != "").to_numpy()
        self.fixed: Array = block["was_published"].to_numpy()
        self._is_small: Array = (values > 0) & (values < block["least"].to_numpy())
        small_change = block["is_small_change"].to_numpy() & ~self.fixed
        self._guarded: Array = (self._is_small | small_change) & ~self.fixed
        self._can_show: Array = in_programme & is_now
        was_hidden = block["was_hidden"].to_numpy()
        self._must_hide: Array = (self._guarded | was_hidden | ~self._can_show) & ~self.fixed
        costs = np.array([_weigh(row) for row in block.iter_rows(named=True)])
        costs *= 1.0 + np.log1p(values)
        costs_of_rows = np.concatenate([np.where(is_now, costs, _COST_OF_EARLIER), np.zeros(self._space.ties)])
        raising = lp.Raising(self._space.matrix, self._space.values, costs_of_rows, self._space.ties)
        moved = raising.find_contradictions()
        if (np.abs(moved) > 1e-6).any():
            raise ProtectError(f"{name}: the figures contradict each other")
        self._truth = equations.find_true_population(self._space)
        raising.set_true_population(self._truth)
        self._readers = equations.list_readers(block)
        self._revealed: risk.BlockRisk | None = None
        # Of figures outside the programme only small counts are protected: nothing publishes the others.
        guarded = GuardedCells(
            hidden=self._pad(self._must_hide),
            fixed=self._pad(self.fixed),
            guarded=self._pad(self._guarded),
            assessed=self._pad(in_programme | self._is_small),
            lowered_first=self._pad(np.zeros(len(values), dtype=bool)),
            printed=self._pad(np.zeros(len(values), dtype=bool)),
        )
        self._search = PatternSearch(self._space, raising, self._truth, self._readers, guarded, WIDTH)

    def _pad(self, cells: Array) -> Array:
        """Return a mask of cells as one of all rows."""
        return np.concatenate([cells, np.zeros(self._space.ties, dtype=bool)])

    def hide_further(self) -> None:
        """Hide what moves with hidden figures that have not moved far enough (`PatternSearch.hide_further`)."""
        self._search.hide_further()

    def show_unneeded(self) -> None:
        """Publish figures again that other hidden ones turned out to protect (`PatternSearch.show_unneeded`)."""
        self._search.show_unneeded(self._pad(~self._must_hide))

    def hide_everything(self) -> None:
        """Hide every cell that earlier releases have not published: then readers learn nothing new."""
        self._search.hidden = self._pad(~self.fixed)

    def assess_cells(self) -> risk.BlockRisk:
        """Assess the hidden cells, and prepare those that fail to be moved further.

        Cells that earlier releases reveal by themselves cannot be protected; they are reported, and do not fail.
        """
        report = self._assess_readers(self._search.hidden)
        if not report.passed and self.fixed.any():
            if self._revealed is None:
                self._revealed = self._assess_readers(self._pad(~self.fixed))
            revealed = np.array(self._revealed.failed_rows, dtype=np.int64)
            report = report.except_revealed(revealed, set(self._revealed.to_insiders))
        names = [reader.name for reader in self._readers]
        self._search.move_further(report.failed_rows, [(names.index(name), row) for name, row in report.to_insiders])
        return report

    def _assess_readers(self, hidden: Array) -> risk.BlockRisk:
        witnesses = self._search.find_witnesses(hidden)
        report = risk.BlockRisk(self._name, 0, (), (), ())
        failed: list[tuple[str, int]] = []
        cells = self._space.cells
        for reader, (own_columns, assessed) in zip(self._readers, self._search.list_assessed(hidden), strict=True):
            is_public = reader is self._readers[0]
            of_reader = risk.assess_cells(
                self._space,
                hidden[:cells],
                name=self._name,
                width=WIDTH,
                witnesses=witnesses,
                own_figures=None if is_public else (own_columns, self._truth),
                assessed=assessed[:cells],
            )
            witnesses.add_populations(of_reader.witnesses)
            if is_public:
                report = replace(of_reader, witnesses=())
            else:
                failed += [(reader.name, row) for row in of_reader.failed_rows]
        self._search.keep_moves(witnesses.list_moves())
        return replace(report, to_insiders=tuple(failed))

    def read_states(self) -> list[str]:
        """Return the state of each cell: F free, A hidden as small, D hidden to protect another."""
        states: list[str] = np.where(
            self._guarded, "A", np.where(self._search.hidden[: self._space.cells], "D", "F")
        ).tolist()
        return states


def _weigh(cell: dict[str, object]) -> float:
    """Return the cost of hiding a cell."""
    table = str(cell["table_id"])
    if table == programme.TOTALS and cell["measure"] in _MAIN:
        return _COST_OF_TOTAL
    of_region = _COST_OF_REGION if cell["territory"] == REGION else 1.0
    return of_region * _COST_OF_TABLE.get(table, 1.0)
