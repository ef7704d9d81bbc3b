"""Statements on what a treaty provides for, with the source that somebody read: a kind of `law_proposals.py`.

`seeds/rules/treaty_element.csv` declares what is known at first, and marks what nobody has verified. An approved
statement confirms an element, adds one, or removes one. It holds for all territories, so its roles are those of the
whole region.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import sqlalchemy as sa

from pipelines.core import codes
from pipelines.core.i18n import mark
from pipelines.declarations.treaties import (
    Provision,
    ReadProvision,
    apply_readings,
    list_declared_provisions,
    list_teams_treaties,
)
from pipelines.ledger import facts
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.identity import EVERY
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions import law_proposals
from pipelines.submissions.treaty_statements import clean_source

TABLE: Final = "provision_statement"
"""Name of the exported table."""
EXPORTED: Final[Mapping[str, type]] = {
    **dict.fromkeys(("treaty", "element", "source", "approved_at"), str), "is_provided": bool, "sequence": int,
}  # fmt: skip
"""Its columns. `sequence` grows with each decision."""


@dataclass(frozen=True, slots=True)
class ProvisionStatement(ReadProvision):
    """Proposal that a treaty provides for an element, or does not."""

    @property
    def jurisdiction(self) -> str:
        """All jurisdictions: a treaty has the same text everywhere."""
        return EVERY


Proposal: TypeAlias = law_proposals.Proposal[ProvisionStatement]
"""A statement with its history."""


def order_approved(proposals: Iterable[Proposal]) -> list[Proposal]:
    """Return the approved statements, oldest decision first."""
    return sorted((item for item in proposals if item.state == "approved"), key=lambda item: item.sequence)


def select_provisions(connection: sa.Connection) -> tuple[Provision, ...]:
    """Return what the treaties provide for now, within a transaction."""
    approved = order_approved(law_proposals.select_proposals(connection, KIND).values())
    return apply_readings(list_declared_provisions(), (item.content for item in approved))


def read_provisions(engine: sa.Engine) -> tuple[Provision, ...]:
    """Return what the treaties provide for now."""
    with open_read_transaction(engine) as connection:
        return select_provisions(connection)


def _clean(statement: ProvisionStatement, _: sa.Connection) -> ProvisionStatement:
    if statement.treaty not in list_teams_treaties() or statement.element not in codes.list_codes("law_element"):
        raise TransitionError(mark("Choose a treaty on joint teams and an element of the law from the lists."))
    return replace(statement, source=clean_source(statement.source))


def _key(statement: ProvisionStatement) -> tuple[str, ...]:
    return statement.treaty, statement.element


def _find_last(approved: list[Proposal]) -> Proposal | None:
    return max(approved, key=lambda item: item.sequence, default=None)


KIND: Final = law_proposals.ProposalKind(
    "provision", "P", lambda detail: ProvisionStatement(**detail), asdict, _clean, _key, _find_last
)
"""Statements as a kind of proposals."""


def export_statements(engine: sa.Engine, path: Path) -> int:
    """Write the approved statements, without accounts, in the order of their approval; return their number."""
    import polars as pl

    rows = [
        {**asdict(item.content), "approved_at": item.decided_at, "sequence": item.sequence}
        for item in order_approved(law_proposals.read_proposals(engine, KIND))
    ]
    frame = pl.DataFrame(rows, schema=EXPORTED)
    facts.write_parquet(frame, path)
    return frame.height
