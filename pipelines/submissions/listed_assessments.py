"""Replay the assessments of the law of a demonstration, which are invented (`raw_samples/assessments.csv`)."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.core import clock
from pipelines.submissions.arrivals import ArrivalsError
from pipelines.submissions.assessments import Assessment, ListedAssessment, record_listed

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home

FILE: Final = "assessments.csv"
COLUMNS: Final = (
    "jurisdiction", "element", "results", "article", "citation", "applies_from", "reviewer_role", "proposer",
    "proposed_at", "approver", "approved_at",
)  # fmt: skip
"""`results` has a code for each treaty: `EU_MLA=met ETS182=partly`. Without an approver the assessment waits."""


def read_listed(folder: Path) -> list[ListedAssessment]:
    """Return the listed assessments; none if the folder has no list. Raises ArrivalsError for a wrong list."""
    path = folder / FILE
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ArrivalsError(f"{path} should have the columns {', '.join(COLUMNS)}; write it with `make samples`")
        return [
            ListedAssessment(
                Assessment(
                    row["jurisdiction"],
                    row["element"],
                    dict(pair.split("=") for pair in row["results"].split()),
                    row["article"],
                    row["citation"],
                    row["applies_from"],
                    row["reviewer_role"],
                ),
                row["proposer"],
                clock.parse_time(row["proposed_at"]),
                row["approver"],
                clock.parse_time(row["approved_at"]) if row["approved_at"] else None,
            )
            for row in reader
        ]


def record_assessments(home: Home, engine: sa.Engine, folder: Path) -> int:
    """Record the listed assessments that were made by now; return the number of new ones.

    Raises ArrivalsError for a real home, and the errors of `record_listed`.
    """
    if home.kind != "demonstration":
        raise ArrivalsError(f"{home.root} is a real home and takes no invented assessments; make a demonstration home")
    now = clock.now()
    return record_listed(
        engine, [item for item in read_listed(folder) if (item.approved_at or item.proposed_at) <= now]
    )
