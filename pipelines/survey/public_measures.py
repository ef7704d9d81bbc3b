"""Export what the public may know of corrective measures: theme, status, deadline and the day of the last change.

The description, the evidence, the owner and the question stay in the audit log. Stewards write the first two in their
own words, and an owner can be the only liaison officer of a territory.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from pipelines.ledger import facts
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.schema import AUDIT
from pipelines.survey.bank import load_bank
from pipelines.survey.measures import ACTION

if TYPE_CHECKING:
    import polars as pl

TABLE: Final = "corrective_measure"
SCHEMA: Final = {"area": str, "theme": str, "status": str, "deadline": str, "changed_on": str}
"""Columns of the exported table. `area` is a territory or `region`."""
_DAY: Final = len("2026-11-20")


def export_measures(engine: sa.Engine, path: Path) -> int:
    """Write the measures of themes of the question bank as Parquet, without ids; return their number."""
    import polars as pl

    themes = load_bank().theme_by_question
    newest: dict[str, dict[str, Any]] = {}
    query = sa.select(AUDIT.c.at, AUDIT.c.detail).where(AUDIT.c.action == ACTION).order_by(AUDIT.c.seq)
    with open_read_transaction(engine) as connection:
        for at, detail in connection.execute(query):
            measure = json.loads(detail)
            newest[measure["measure_id"]] = {
                "area": measure["territory"],
                "theme": themes.get(measure["question"], ""),
                "status": measure["status"],
                "deadline": measure["deadline"],
                "changed_on": str(at)[:_DAY],
            }
    rows = [row for row in newest.values() if row["theme"]]
    frame = pl.DataFrame(rows, schema=SCHEMA).sort(*SCHEMA)
    facts.write_parquet(frame, path)
    return frame.height


def read_exported(folder: Path) -> pl.DataFrame:
    """Return the exported table; an empty one if earlier software has gathered the tables of a home."""
    import polars as pl

    path = folder / f"{TABLE}.parquet"
    return pl.read_parquet(path) if path.is_file() else pl.DataFrame(schema=SCHEMA)
