"""Choose the cells of one problem that are hidden, and assess them over margins and over leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.publication.disclosure import own_corrections, risk, structure
from pipelines.publication.disclosure.kept_moves import read_moves, write_moves
from pipelines.publication.disclosure.moves import Move
from pipelines.publication.disclosure.problem import WIDTH, ProtectionProblem
from pipelines.publication.disclosure.readers import PUBLIC, InformedReader, list_readers
from pipelines.publication.disclosure.record_figures import ReleasedRecordFigures
from pipelines.publication.disclosure.search import GuardedCells, PatternSearch
from pipelines.publication.disclosure.space import Array, Space
from pipelines.publication.disclosure.witnesses import Witnesses
from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT


@dataclass(frozen=True)
class ProtectionRule:
    """The threshold of small counts, the range that a hidden cell needs, and whether insiders count as readers."""

    threshold: int = SMALLEST_PUBLISHED_COUNT
    width: int = WIDTH
    guards_against_offices: bool = False


class Pattern:
    """The cells of one problem that are hidden so far.

    Arrays have an element for each row of `views.margins`.  `fixed` cells were published by an earlier release with the
    same value: readers know them, so they can protect nothing and are published again.  Printed cells are not hidden
    either, unless no other pattern protects; those that an earlier release had to hide stay hidden.
    """

    def __init__(
        self,
        block: pl.DataFrame,
        *,
        name: str,
        rule: ProtectionRule,
        figures: ReleasedRecordFigures | None = None,
        guesses_closing: bool = True,
    ) -> None:
        self._name, self._width = name, rule.width
        problem = ProtectionProblem(block, name, figures, guesses_closing=guesses_closing)
        self._build_without_guess = partial(
            Pattern, block, name=name, rule=rule, figures=figures, guesses_closing=False
        )
        self._views, self._kept = problem.views, problem.kept
        self._block = block.filter(self._kept)
        self._cells = self._views.margins
        values = self._cells.values
        self._needed: Sequence[Move] = ()
        self.fixed = self._find_rows(self._block["was_published"])
        is_small = (values > 0) & (values < rule.threshold)
        # The constants of equations, such as the gap of a balance, are not counts.
        is_small[self._cells.cells :] = False
        is_small_change = self._find_rows(self._block["is_small_change"])
        is_group, is_printed = self._find_rows(self._block["is_group"]), self._find_rows(self._block["is_printed"])
        self._small = is_small | (is_small_change | is_group) & ~self.fixed
        self._was_hidden = self._find_rows(self._block["was_hidden"])
        hidden = (self._small | self._was_hidden) & ~self.fixed
        self.has_hidden = bool(hidden.any())
        if not self.has_hidden:
            return
        self._readers = list_readers(self._block) if rule.guards_against_offices else [InformedReader(PUBLIC)]
        # An insider who has corrected an own figure knows by how much the totals of the region have changed.
        of_others = self._find_rows(self._block["area_kind"] != "region")
        self._is_guarded = is_small | is_small_change & of_others & ~self.fixed
        self._truth = problem.find_true_population(name)
        self._revealed: tuple[Array, set[tuple[str, int]]] | None = None
        self._revealed_anyway: set[int] | None = None
        cells = GuardedCells(
            hidden=hidden,
            fixed=self.fixed,
            guarded=self._is_guarded,
            assessed=np.ones(len(values), dtype=bool),
            lowered_first=is_group,
            printed=is_printed & ~self.fixed & ~self._small & ~self._was_hidden,
            places=_list_places(self._block, self._cells),
            searched=self._find_undecided_parts(self.fixed | hidden) if self.fixed.any() else None,
        )
        self._search = PatternSearch(self._cells, problem.raising, self._truth, self._readers, cells, rule.width)

    def _find_undecided_parts(self, is_decided: Array) -> Array:
        """Return a mask of the rows whose years have a cell that earlier releases neither published nor hid.

        In all other years nothing further can be hidden, so an assessment is enough.
        """
        is_undecided = ~is_decided
        is_undecided[self._cells.cells :] = False
        is_searched: Array = np.full(len(is_decided), is_undecided.any(), dtype=bool)
        by_part: dict[int, bool] = {}
        for row in np.flatnonzero(is_decided):
            part = next(self._cells.parts.list_parts(int(row)), None)
            if part is not None:
                is_searched[row] = by_part.setdefault(id(part), bool(is_undecided[part.rows].any()))
        return is_searched

    def read_kept_moves(self, path: Path) -> None:
        """Take the populations that protected an earlier problem, if earlier releases decided most of the pattern."""
        if self.has_hidden and self.fixed.any():
            self._search.keep_moves(read_moves(path, self._views.name_variables(), self._cells))

    def write_kept_moves(self, path: Path) -> None:
        """Keep the populations with which the last assessment passed."""
        if self.has_hidden:
            write_moves(path, self._views.name_variables(), self._needed)

    def _find_rows(self, is_marked: pl.Series) -> Array:
        marked: Array = np.zeros(len(self._cells.values), dtype=bool)
        marked[self._cells.rows[is_marked.to_numpy()]] = True
        return marked

    def hide_further(self) -> None:
        """Hide what moves with hidden cells that have not moved far enough (`PatternSearch.hide_further`)."""
        self._search.hide_further()

    def show_unneeded(self) -> None:
        """Publish cells again that other hidden cells turned out to protect (`PatternSearch.show_unneeded`)."""
        # The pattern of a release must not depend on the populations that a home has kept.
        self._search.show_unneeded(~self._small & ~self._was_hidden, with_assessed=not self.fixed.any())

    def hide_everything(self) -> None:
        """Hide every cell that earlier releases have not published: then readers learn nothing new."""
        self._search.hidden = self._list_unpublished()

    def _list_unpublished(self) -> Array:
        can_hide = ~self.fixed
        can_hide[self._cells.cells :] = False
        return can_hide

    def assess_cells(self, *, margins_only: bool = False) -> risk.BlockRisk:
        """Assess the hidden cells, and prepare those that fail to be moved further.

        The populations that show other cells to be safe are kept.  Cells that earlier releases reveal by themselves
        cannot be protected; they are reported, and do not fail.
        """
        report = self._assess_readers(self._search.hidden, margins_only=margins_only)
        if not report.passed and self.fixed.any():
            report = self._except_revealed(report)
        names = [reader.name for reader in self._readers]
        self._search.move_further(report.failed_rows, [(names.index(name), row) for name, row in report.to_insiders])
        return report

    def _assess_readers(self, hidden: Array, *, margins_only: bool = False) -> risk.BlockRisk:
        """Return the risk for all readers, with the failed rows of margins: over margins first, then over leaves."""
        witnesses = self._search.find_witnesses(hidden)
        report = self._assess_view(self._cells, hidden, witnesses)
        self._search.keep_moves(witnesses.list_moves())
        return self._assess_leaves(hidden, witnesses) if report.passed and not margins_only else report

    def _assess_leaves(self, hidden: Array, margin_witnesses: Witnesses) -> risk.BlockRisk:
        """Assess over leaves with the populations found over margins that are needed to settle all cells."""
        self._needed = margin_witnesses.choose_needed(self._search.list_assessed(hidden), self._width)
        leaves = self._views.leaves
        lift = self._views.lift_from(self._truth)
        published = risk.find_published_rows(leaves, hidden[self._cells.rows])
        witnesses = Witnesses(leaves, lift.lift_truth(), published)
        witnesses.add_changes(lift.lift_moves(self._needed))
        report = self._assess_view(leaves, hidden, witnesses)
        is_hidden_cell = hidden[self._cells.rows]
        return report.with_rows_of(leaves.rows[is_hidden_cell], self._cells.rows[is_hidden_cell])

    def _assess_view(self, view: Space, hidden: Array, witnesses: Witnesses) -> risk.BlockRisk:
        cells, guarded = hidden[self._cells.rows], self._is_guarded[self._cells.rows]
        return risk.assess_readers(view, cells, guarded, self._readers, witnesses, name=self._name, width=self._width)

    def _except_revealed(self, report: risk.BlockRisk) -> risk.BlockRisk:
        if self._revealed is None:
            everything = self._assess_readers(self._list_unpublished())
            self._revealed = np.array(everything.failed_rows, dtype=np.int64), set(everything.to_insiders)
        rows, pairs = self._revealed
        report = report.except_revealed(rows, pairs, self._list_own_pairs(report))
        return self._separate_guesses(report) if report.revealed_before else report

    def _separate_guesses(self, report: risk.BlockRisk) -> risk.BlockRisk:
        """Count cells apart that only readers work out who guess that a correction closes a balance."""
        if self._revealed_anyway is None:
            self._revealed_anyway = self._find_revealed_anyway()
        revealed = tuple(row for row in report.revealed_before if row in self._revealed_anyway)
        guessed = tuple(row for row in report.revealed_before if row not in self._revealed_anyway)
        return replace(report, revealed_before=revealed, open_to_guess=guessed)

    def _find_revealed_anyway(self) -> set[int]:
        """Return the rows that earlier releases reveal to readers who know the oldest gap of each balance instead."""
        cautious = self._build_without_guess()
        if not np.array_equal(cautious._kept, self._kept):
            return set(range(len(self._cells.values)))
        everything = cautious._assess_readers(cautious._list_unpublished())
        pairs = set(everything.to_insiders) - cautious._list_own_pairs(everything)
        return {*everything.failed_rows, *(row for _, row in pairs)}

    def _list_own_pairs(self, report: risk.BlockRisk) -> set[tuple[str, int]]:
        """Return the failed pairs of an insider and a row from which the insider learns nothing of others."""
        is_own = own_corrections.mark_own_corrections(self._block, self._readers)
        names = [reader.name for reader in self._readers]
        pairs: set[tuple[str, int]] = set()
        for name in {name for name, _ in report.to_insiders}:
            reader = names.index(name)
            is_without_others = own_corrections.mark_rows_without_others(self._cells, self._search.own_columns[reader])
            is_own_row = is_without_others | self._find_rows(pl.Series(is_own[reader]))
            pairs |= {pair for pair in report.to_insiders if pair[0] == name and is_own_row[pair[1]]}
        return pairs

    def read_states(self) -> Array:
        """Return the state of each cell of the frame."""
        by_row: Array = np.where(self._small, "A", np.where(self._search.hidden, "D", "F")).astype(object)
        states: Array = np.full(len(self._kept), "F", dtype=object)
        states[self._kept] = by_row[self._cells.rows]
        return states


def _list_places(block: pl.DataFrame, known: Space) -> list[frozenset[tuple[str, str]]]:
    """Return the territories and years of each row."""
    places: list[frozenset[tuple[str, str]]] = [frozenset()] * len(known.values)
    for row, cell in zip(known.rows, block.iter_rows(named=True), strict=True):
        territories = cell["reporters"].split(",") if cell["area_kind"] == "region" else [cell["territory"]]
        places[row] = frozenset(product(territories, structure.years_of(cell["period"])))
    return places
