"""Statements on how a treaty binds a territory, with the source that somebody read: a kind of `law_proposals.py`.

A territory's `treaties.csv` declares what is known at first, and marks what nobody has verified. An approved statement
takes the place of the declared row of the same event, or adds an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import sqlalchemy as sa

from pipelines.core import codes
from pipelines.core.i18n import mark
from pipelines.declarations.law import partial_date
from pipelines.declarations.treaties import NOT_DATED
from pipelines.ledger import facts
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions import law_proposals
from pipelines.submissions.changes import refuse_words

LONGEST_SOURCE: Final = 300
TABLE: Final = "treaty_statement"
"""Name of the exported table."""
EXPORTED: Final[Mapping[str, type]] = {
    **dict.fromkeys(("territory", "treaty", "event", "date", "source", "approved_at"), str), "sequence": int,
}  # fmt: skip
"""Its columns. `sequence` grows with each decision."""


@dataclass(frozen=True, slots=True)
class TreatyStatement:
    """One event of a treaty for a territory: `treaty` and `event` are codes of the lists `treaty` and `treaty_event`.

    `jurisdiction` is the territory as a whole. `date` is a day, a month or a year, and empty if the territory is not a
    party. `source` names the document in which somebody read it.
    """

    jurisdiction: str
    treaty: str
    event: str
    date: str
    source: str


Proposal: TypeAlias = law_proposals.Proposal[TreatyStatement]
"""A statement with its history."""


def clean_source(source: str) -> str:
    """Return the name of a document without superfluous blanks. Raises TransitionError if it is missing or too long."""
    source = " ".join(source.split())
    refuse_words(source)
    if not source:
        raise TransitionError(mark("Name the document in which you read it.")).at_field("source")
    if len(source) > LONGEST_SOURCE:
        raise TransitionError(mark("The source has more than {n} characters."), n=LONGEST_SOURCE).at_field("source")
    return source


def _clean(statement: TreatyStatement, _: sa.Connection) -> TreatyStatement:
    """Return a statement without superfluous blanks. Raises TransitionError if something is missing or wrong."""
    cleaned = replace(statement, date=statement.date.strip(), source=clean_source(statement.source))
    for code, name in ((cleaned.treaty, "treaty"), (cleaned.event, "treaty_event")):
        if code not in codes.list_codes(name):
            raise TransitionError(mark("Choose a treaty and an event from the lists.")).at_field("event")
    try:
        day = partial_date(cleaned.date)
    except ValueError:
        day = None
    if bool(cleaned.date) != (day is not None) or bool(cleaned.date) == (cleaned.event in NOT_DATED):
        raise TransitionError(
            mark("Enter a date such as 2022-05-01, 2022-05 or 2022. A territory that is not a party has none.")
        ).at_field("date")
    return cleaned


def _key(statement: TreatyStatement) -> tuple[str, ...]:
    return statement.jurisdiction, statement.treaty


def _find_last(approved: list[Proposal]) -> Proposal | None:
    return max(approved, key=lambda item: item.sequence, default=None)


KIND: Final = law_proposals.ProposalKind(
    "treaty", "T", lambda detail: TreatyStatement(**detail), asdict, _clean, _key, _find_last
)
"""Statements as a kind of proposals."""


def export_statements(engine: sa.Engine, path: Path) -> int:
    """Write the approved statements, without accounts, in the order of their approval; return their number."""
    import polars as pl

    rows = [
        {
            "territory": item.content.jurisdiction,
            **{name: getattr(item.content, name) for name in ("treaty", "event", "date", "source")},
            "approved_at": item.decided_at,
            "sequence": item.sequence,
        }
        for item in law_proposals.read_proposals(engine, KIND)
        if item.state == "approved"
    ]
    frame = pl.DataFrame(rows, schema=EXPORTED).sort("sequence")
    facts.write_parquet(frame, path)
    return frame.height
