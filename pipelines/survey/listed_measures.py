"""Replay the corrective measures of a demonstration, which are invented (`raw_samples/measures.csv`)."""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import audit_log
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.schema import AUDIT
from pipelines.survey.measures import ACTION, Measure
from pipelines.survey.surveys import SurveyError

if TYPE_CHECKING:
    from pipelines.core.home import Home

FILE: Final = "measures.csv"
"""One line for each act: the measure as it was then, and the time."""
STEWARD: Final = "steward"
"""Account of the demonstration that keeps the measures."""


def record_measures(home: Home, engine: sa.Engine, folder: Path) -> int:
    """Record the listed acts that happened by now; return the number of new ones.

    Raises SurveyError for a real home.
    """
    path = folder / FILE
    if not path.is_file():
        return 0
    if home.kind != "demonstration":
        raise SurveyError(f"{home.root} is a real home and takes no invented measures; make a demonstration home")
    now = clock.now()
    entries = []
    with path.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            at = clock.parse_time(row.pop("at"))
            measure = Measure(**row)  # type: ignore[arg-type]
            if at <= now:
                entries.append(audit_log.AuditEntry(at, STEWARD, ACTION, measure.measure_id, asdict(measure)))
    with open_write_transaction(engine) as connection:
        query = sa.select(AUDIT.c.subject, AUDIT.c.at).where(AUDIT.c.action == ACTION)
        recorded = {(subject, at) for subject, at in connection.execute(query)}
        new = [entry for entry in entries if (entry.subject, clock.format_timestamp(entry.at)) not in recorded]
        if new:
            audit_log.append_many(connection, new)
    return len(new)
