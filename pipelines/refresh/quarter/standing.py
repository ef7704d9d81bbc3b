"""Read the state of a quarter's round: its returns, its draft and its release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.publications import Publication, read_publications
from pipelines.publication.releases.publish import list_drafts
from pipelines.publication.releases.verification import manifest_digest
from pipelines.refresh.release_desk import review
from pipelines.submissions import timetable
from pipelines.submissions.timetable import ExpectedReturn, QuarterPlan

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa

    from pipelines.core.home import Home
    from pipelines.declarations.registry import Registry

_PERIODS = 8
"""Periods of the board: they contain those of the last two rounds, and two years."""


@dataclass(frozen=True, slots=True)
class QuarterDraft:
    """The draft of a quarter's release, its digest, and the territories whose sheets are signed."""

    release: str
    digest: str
    signed: frozenset[str]


def read_cells(engine: sa.Engine, registry: Registry, plan: QuarterPlan) -> list[ExpectedReturn]:
    """Return the expected returns of a plan with their states, in the order of the timetable."""
    board = timetable.build_board(engine, registry, [("*", "*")], periods=_PERIODS)
    cells = {cell.deadline.key: cell for row in board.rows for cell in row.cells}
    return [cells[deadline.key] for deadline in plan.expected if deadline.key in cells]


def find_quarter_draft(home: Home, engine: sa.Engine, plan: QuarterPlan) -> QuarterDraft | None:
    """Return the only draft if it is an edition of the quarter, else None."""
    drafts = list_drafts(home)
    if len(drafts) != 1 or edition_key(drafts[0])[:2] != edition_key(plan.quarter.code)[:2]:
        return None
    folder = home.drafts / drafts[0]
    return QuarterDraft(folder.name, manifest_digest(folder), read_signed(engine, folder))


def read_signed(engine: sa.Engine, folder: Path) -> frozenset[str]:
    """Return the territories that have signed the draft or release in a folder; none if it is not there any more."""
    if not (folder / "manifest.json").is_file():
        return frozenset()
    return frozenset(review.read_signatures(engine, folder.name, manifest_digest(folder)))


def find_quarter_release(home: Home, plan: QuarterPlan) -> Publication | None:
    """Return the first publication of the quarter or of a later one, which contains its figures."""
    key = edition_key(plan.quarter.code)
    return next((line for line in read_publications(home) if edition_key(line.release) >= key), None)


def has_same_returns(home: Home, draft: str, release: str) -> bool:
    """Return True if a draft consists of exactly the returns of a release: only days or texts have changed."""
    import polars as pl

    folders = (home.drafts / draft, home.releases / release)
    consists_of = [pl.read_parquet(folder / "data" / "submission.parquet")["submission_id"] for folder in folders]
    return set(consists_of[0]) == set(consists_of[1])


def list_publications(home: Home, plan: QuarterPlan) -> list[Publication]:
    """Return the first publication of each edition of a quarter, in the order of the editions."""
    quarter = edition_key(plan.quarter.code)[:2]
    first = {line.release: line for line in reversed(read_publications(home))}
    lines = [line for line in first.values() if edition_key(line.release)[:2] == quarter]
    return sorted(lines, key=lambda line: edition_key(line.release))


def list_editions(home: Home, plan: QuarterPlan) -> list[str]:
    """Return the published editions of a quarter, oldest first."""
    return [line.release for line in list_publications(home, plan)]
