"""Hide cells of the programme, so that no small count can be read or inferred.

Primary suppression: counts of 1 to threshold - 1.  Secondary suppression: for every hidden cell there must be another
population, equally possible for a reader of all published cells, in which that cell is at least `width` away from its
true value.  The cheapest such population is found by a linear program, and the cells that it moves are hidden too.
Zeros are ordinary candidates for hiding: the methodology states that a hidden cell may be zero, and that helps only if
it is true.

After the linear step every hidden cell is also assessed over whole-number populations (`risk.py`), because no real
population has fractions; cells that fail are raised further until none fails.

The formulation is Fischetti and Salazar's cell suppression problem, solved by the heuristic of one linear program for
each cell (Kelly, Golden and Assad 1992; Statistical Disclosure Control, Hundepool et al. 2012, ch. 4 and 5).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from pipelines.core import asides, codes, durable
from pipelines.publication.disclosure import balances, groups, programme, risk, ties
from pipelines.publication.disclosure import earlier as earlier_releases
from pipelines.publication.disclosure.packed import PackedCells, pack_cells
from pipelines.publication.disclosure.pattern import Pattern, ProtectionRule
from pipelines.publication.disclosure.problem import WIDTH, ProtectError
from pipelines.publication.disclosure.processes import ProblemPool
from pipelines.publication.disclosure.protecting_code import digest_code
from pipelines.publication.disclosure.record_figures import ReleasedRecordFigures
from pipelines.publication.disclosure.space import Array
from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT

_ROUNDS = 8
_CELLS_FOR_PROCESSES = 3000
"""Cells to protect from which several processes are worth their start, which takes about a second each."""


@dataclass(frozen=True)
class ProtectedCells:
    """Cells with `conf_status` (F free, A hidden as small, D hidden to protect another) and the risk of all blocks."""

    cells: pl.DataFrame
    report: risk.RiskReport


def hide_small_counts(
    cells: pl.DataFrame | PackedCells,
    *,
    earlier: Sequence[pl.DataFrame] = (),
    figures: ReleasedRecordFigures | None = None,
    single_cases: Collection[str] = (),
    guards_against_offices: bool | None = None,
    threshold: int = SMALLEST_PUBLISHED_COUNT,
    width: int = WIDTH,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    pool: ProblemPool | None = None,
) -> ProtectedCells:
    """Hide small counts in the programme's cells, and the further cells from which they could be inferred.

    `cells`: columns of `mart_count` and `table_id`, packed if the caller needs the memory of a long history; the same
    cell in two tables gets the same treatment.  Rows without a value (missing, not applicable) are returned unchanged
    with conf_status F.  The result has the same rows in the same order; hidden cells have a null `value` and
    `obs_status` Q.  `earlier` are the cells of all earlier releases, oldest first (`earlier.STORED`): readers have kept
    them, so they are protected and assessed with the new cells.  `figures` are those from case records that the release
    shows next to them, and `single_cases` the `cell_id` of the counts whose persons are all in one case by the
    registers; they are hidden like the small ones.
    With `guards_against_offices` (default: as the programme declares) small counts are also protected from insiders
    (`readers.py`).  `cache` is a folder with the outcome of each block by its content, so that a new return costs only
    the blocks that it affects; `progress` is called with the number of finished blocks and of all blocks.  The blocks
    are solved in `pool`, by default one of their own.  Raises ProtectError if a block cannot be made safe.
    """
    if guards_against_offices is None:
        guards_against_offices = programme.load().guards_against_offices
    rule = ProtectionRule(threshold, width, guards_against_offices)
    # Cells and blocks of 400 years took more than a gigabyte while their problems were solved.
    packed = pack_cells(cells)
    hidden = np.full(packed.height, "F", dtype=object)
    reports: list[risk.BlockRisk] = []
    blocks = _list_blocks(packed.unpack_cells(), earlier, single_cases, threshold)
    problems = [_Problem(block, figures and figures.select_group(group), rule, cache) for group, block in blocks]
    with nullcontext(pool) if pool else ProblemPool() as used_pool:
        ready = [_find_outcome(problem) for problem in problems]
        sizes = [problem.block.height for problem in problems]
        outcomes = used_pool.complete_outcomes(_solve_problem, problems, ready, sizes, fewest=_CELLS_FOR_PROCESSES)
        for problem, (states, report) in zip(problems, outcomes, strict=True):
            rows = problem.block.unpack_cells(["_row"])["_row"]
            hidden[rows.drop_nulls().to_numpy()] = states[rows.is_not_null().to_numpy()]
            reports.append(report)
            if progress:
                progress(len(reports), len(problems))
    marked = packed.unpack_cells().with_columns(pl.Series("conf_status", hidden.tolist(), dtype=pl.String))
    is_hidden = pl.col("conf_status") != "F"
    protected = marked.with_columns(
        pl.when(is_hidden).then(None).otherwise(pl.col("value")).alias("value"),
        pl.when(is_hidden).then(pl.lit("Q")).otherwise(pl.col("obs_status")).alias("obs_status"),
    )
    return ProtectedCells(protected, risk.RiskReport(tuple(reports)))


class _Problem(NamedTuple):
    """Linked blocks, the figures from case records of their offence group, and where their outcome is kept."""

    block: PackedCells
    figures: ReleasedRecordFigures | None
    rule: ProtectionRule
    cache: Path | None


_Outcome = tuple[Array, risk.BlockRisk]
"""The state of each cell of a problem, and its assessment."""


def _list_blocks(
    cells: pl.DataFrame, earlier: Sequence[pl.DataFrame], single_cases: Collection[str], threshold: int
) -> list[tuple[str, PackedCells]]:
    """Return the linked blocks of the cells and of those of earlier releases, each with its offence group.

    `_row` is the row of each cell.
    """
    counted = cells.with_row_index("_row").filter(pl.col("value").is_not_null())
    combined = earlier_releases.combine_releases(counted, earlier, threshold=threshold)
    rows_of_single_cases = counted.filter(pl.col("cell_id").is_in(list(single_cases)))["_row"] if single_cases else None
    combined = _mark_printed(_mark_groups(combined, threshold, rows_of_single_cases), threshold)
    # Of several equally cheap patterns the order decides which is hidden, so it must not be that of the input.
    combined = combined.sort(*codes.CELL_KEY, "states", "reporters", "_row", nulls_last=True)
    blocks = list(ties.with_family(combined).partition_by(ties.TIED, maintain_order=True))
    # Largest blocks first; otherwise the other processes would end up waiting for one of them.
    blocks.sort(key=lambda block: -block.height)
    return [(block["offence_group"][0], PackedCells(block)) for block in blocks]


def _solve_problem(problem: _Problem) -> _Outcome:
    """Audit the pattern that earlier releases gave the problem, or protect it if they gave it none; keep the outcome.

    It is kept where it is found, so that a refresh that is killed later need not find it again.
    """
    packed, figures, rule, cache = problem
    block = packed.unpack_cells()
    name = _name_block(block)
    moves = None if cache is None else cache / f"moves-{hashlib.sha256(name.encode()).hexdigest()[:16]}.npz"
    if (states := _repeat_pattern(block, rule.threshold)) is not None:
        outcome = states, _audit_repeated(block, name=name, rule=rule, figures=figures, moves=moves)
    else:
        outcome = protect_block(block, name=name, rule=rule, figures=figures, moves=moves)
    if cache is not None:
        _keep_outcome(block, figures, rule, cache, outcome)
    return outcome


def _audit_repeated(
    block: pl.DataFrame,
    *,
    name: str,
    rule: ProtectionRule,
    figures: ReleasedRecordFigures | None,
    moves: Path | None,
) -> risk.BlockRisk:
    """Return the assessment of a pattern that earlier releases gave all cells of a block.

    Nothing of it can be hidden any more, so what fails counts as revealed by earlier releases.  Patterns of earlier
    software may fail, and patterns that figures from case records were added to.
    """
    pattern = Pattern(block, name=name, rule=rule, figures=figures)
    if not pattern.has_hidden:
        return risk.nothing_hidden(name)
    if moves is not None:
        pattern.read_kept_moves(moves)
    report = pattern.assess_cells()
    if report.passed:
        return report
    revealed = {*report.failed_rows, *(row for _, row in report.to_insiders)}
    return risk.BlockRisk(name, report.hidden, (), (), (), revealed_before=tuple(sorted(revealed)))


def _name_block(block: pl.DataFrame) -> str:
    return " ".join(block.row(0, named=True)[column] for column in ties.TIED)


def _find_outcome(problem: _Problem) -> _Outcome | None:
    """Return the outcome of a problem that the same code protected before, or whose pattern it audited before."""
    packed, figures, rule, cache = problem
    block = packed.unpack_cells()
    name = _name_block(block)
    states = _repeat_pattern(block, rule.threshold)
    if states is not None and (states == "F").all():
        return states, risk.nothing_hidden(name)
    if cache is None:
        return None
    if states is None:
        path = _cached_path(block, figures, rule, cache)
    else:
        path = _audited_path(block, states, figures, rule, cache)
    outcome = durable.read_computed_json(path)
    if outcome is None:
        return None
    lost = {"revealed_before": tuple(outcome["revealed"]), "open_to_guess": tuple(outcome["guessed"])}
    report = risk.BlockRisk(name, outcome["hidden"], (), (), (), **lost)
    return np.array(list(outcome["states"]), dtype=object) if states is None else states, report


def _keep_outcome(
    block: pl.DataFrame, figures: ReleasedRecordFigures | None, rule: ProtectionRule, cache: Path, outcome: _Outcome
) -> None:
    """Keep the outcome of a block, and that its pattern was audited: a later release may have the same."""
    states, report = outcome
    content = {
        "block": report.name,
        "hidden": report.hidden,
        "revealed": report.revealed_before,
        "guessed": report.open_to_guess,
        "states": "".join(states),
    }
    paths = [_cached_path(block, figures, rule, cache)]
    if block["_row"].null_count() == 0:  # no earlier release shows other values
        paths.append(_audited_path(block, states, figures, rule, cache))
    for path in paths:
        with asides.replace_file(path) as aside:
            aside.write_text(json.dumps(content), encoding="ascii")


def _cached_path(block: pl.DataFrame, figures: ReleasedRecordFigures | None, rule: ProtectionRule, cache: Path) -> Path:
    return cache / f"{_digest_problem(block.drop('_row'), figures, rule)}.json"


def _audited_path(
    block: pl.DataFrame, states: Array, figures: ReleasedRecordFigures | None, rule: ProtectionRule, cache: Path
) -> Path:
    """Return the path of the assessment of a pattern: it depends on values and hidden cells, not on who hid them."""
    problem = block.select(
        *earlier_releases.COLUMNS, "is_group", "is_small_change", is_hidden=pl.Series(states != "F")
    ).with_columns(pl.col("reporters").fill_null(""), pl.col("value").cast(pl.Float64))
    return cache / f"audited-{_digest_problem(problem, figures, rule)}.json"


def _digest_problem(content: pl.DataFrame, figures: ReleasedRecordFigures | None, rule: ProtectionRule) -> str:
    rules = f"|{rule}|{codes.measure_parts()}|{balances.list_balances()}|{digest_code()}"
    return hashlib.sha256((content.write_csv() + rules + (figures.to_csv() if figures else "")).encode()).hexdigest()


def _mark_groups(combined: pl.DataFrame, threshold: int, rows_of_single_cases: pl.Series | None = None) -> pl.DataFrame:
    """Mark current cells that show a property of all their persons, or count a single case: `is_group`."""
    is_of_now = pl.col("_row").is_not_null()
    now, further = combined.filter(is_of_now), combined.filter(~is_of_now)
    is_group = groups.mark_uniform_groups(now, threshold=threshold) | groups.mark_single_cases(now)
    if rows_of_single_cases is not None:
        is_group |= now["_row"].is_in(rows_of_single_cases.to_list())
    return pl.concat(
        [now.with_columns(is_group.alias("is_group")), further.with_columns(pl.lit(False).alias("is_group"))]
    )


def _mark_printed(combined: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Mark current annual totals that offices print, so that withholding them protects nothing: `is_printed`.

    Those that changed by a small count, or show a single case, may still be withheld.
    """
    is_printed = programme.mark_printed_totals(combined, threshold)
    return combined.with_columns(
        is_printed=is_printed & pl.col("_row").is_not_null() & ~pl.col("is_small_change") & ~pl.col("is_group")
    )


def _repeat_pattern(block: pl.DataFrame, threshold: int) -> Array | None:
    """Return the states of a block if earlier releases had all its cells with the same values, else None.

    What they published is published again and what they hid stays hidden. Readers learn nothing from that, so it needs
    no search; earlier software may have found the pattern, so it is assessed once (`_audit_repeated`).
    """
    is_known = pl.col("was_published") | pl.col("was_hidden")
    if not block.select((is_known & pl.col("_row").is_not_null()).all()).item():
        return None
    is_small = pl.col("value").is_between(1, threshold - 1)
    states: Array = block.select(
        pl.when(is_small | ((pl.col("is_small_change") | pl.col("is_group")) & ~pl.col("was_published")))
        .then(pl.lit("A"))
        .when("was_hidden")
        .then(pl.lit("D"))
        .otherwise(pl.lit("F"))
        .alias("state")
    )["state"].to_numpy().astype(object)  # fmt: skip
    return states


def protect_block(
    block: pl.DataFrame,
    *,
    name: str,
    rule: ProtectionRule,
    figures: ReleasedRecordFigures | None = None,
    moves: Path | None = None,
) -> _Outcome:
    """Return the states (F, A, D) of the cells of one or more linked blocks, and their assessment. Raises ProtectError.

    `block` has the columns of `earlier.combine_releases`.  Cells are chosen over margins. The result is assessed over
    margins and over leaves, which are built independently; a cell that fails either assessment is raised further.
    `moves` is a file of populations (`kept_moves.py`): those of the problem before are read and those of this one kept.
    """
    pattern = Pattern(block, name=name, rule=rule, figures=figures)
    if not pattern.has_hidden:
        return np.full(block.height, "F", dtype=object), risk.nothing_hidden(name)
    if moves is not None:
        pattern.read_kept_moves(moves)
    has_shown = False
    for _ in range(_ROUNDS):
        pattern.hide_further()
        report = pattern.assess_cells(margins_only=not has_shown)
        if report.passed and not has_shown:
            has_shown = True
            pattern.show_unneeded()
            report = pattern.assess_cells()
        if report.passed:
            break
    else:
        report = _hide_everything(pattern, report, name)
    if moves is not None:
        pattern.write_kept_moves(moves)
    return pattern.read_states(), report


def _hide_everything(pattern: Pattern, report: risk.BlockRisk, name: str) -> risk.BlockRisk:
    """Hide all that is not known and return the assessment. Raises ProtectError if it fails, or nothing is known."""
    if pattern.fixed.any():
        pattern.hide_everything()
        report = pattern.assess_cells()
        if report.passed:
            return report
    raise ProtectError(
        f"{name}: {len(report.failed_rows) + len(report.to_insiders)} cells could still be worked out after "
        f"{_ROUNDS} rounds"
    )
