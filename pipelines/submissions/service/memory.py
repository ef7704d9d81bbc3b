"""Justify warnings, and offer the justification of the same warning in an earlier quarter again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import permissions
from pipelines.ledger.acts import Justification
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.schema import BLOCK, JUSTIFICATION, SUBMISSION
from pipelines.ledger.transitions import ACCEPTED
from pipelines.model.content import Where
from pipelines.submissions import decisions
from pipelines.submissions.service import reports, rights
from pipelines.submissions.service.desk import Desk

if TYPE_CHECKING:
    from pipelines.findings.finding import Finding
    from pipelines.ledger.identity import Identity

QUARTERS = 4
"""Number of quarters for which a justification is offered again."""
_CHANGING = frozenset(
    # Parameters that hold a period, a value or a count and so differ each time. Taken from the warnings of the
    # demonstration (in `plausible.jump`, measure and offence_group stay the same; mean, n, p and period change) and
    # from all rules.
    {"period", "previous", "periods", "year", "value", "values", "total", "added", "parts", "mean", "n", "p", "low"}
    | {"high", "count", "seen", "expected", "before", "after", "first", "last", "difference", "share", "line", "place"}
    | {"places", "cell", "row"}
)
_NUMBER = re.compile(r"[-+]?[\d.,\s]*\d%?|\d{4}(-Q[1-4])?")


@dataclass(frozen=True, slots=True)
class EarlierJustification:
    """The justification of the same warning in an earlier accepted return of the same series."""

    reason: str
    text: str
    at: str
    expires_at: str


def memory_key(series: str, finding: Finding) -> str:
    """Return 16 hex digits over the series, the rule and the parts of a finding that stay the same in later returns.

    Those are its parameters without periods, values and counts, or if there are none, its place without rows.
    """
    params = {
        name: value
        for name, value in finding.params.items()
        if name not in _CHANGING and isinstance(value, str) and value and not _NUMBER.fullmatch(value)
    }
    identifying: object = params or _place_without_rows(finding.where)
    text = json.dumps([series, finding.rule, identifying], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _place_without_rows(where: Where) -> dict[str, object]:
    """Return a place without rows: line 12 of a register is another case next quarter, but a column stays a field."""
    cell = re.sub(r"\d", "", where.cell) if where.cell and not where.cell.startswith("R") else where.cell
    if where.cell and (grid := re.fullmatch(r"R\d+C(\d+)", where.cell)):
        cell = f"C{grid[1]}"
    place = where._replace(cell=cell, line=None, page=None, box=None)
    return {name: value for name, value in place.as_dict().items() if value is not None}


def expiry_of(at: datetime) -> datetime:
    """Return when a justification expires: four quarters after it was given."""
    try:
        return at.replace(year=at.year + QUARTERS // 4)
    except ValueError:  # 29 February
        return at.replace(year=at.year + QUARTERS // 4, day=28)


def find_earlier_justifications(desk: Desk, who: Identity, submission_id: str) -> Mapping[str, EarlierJustification]:
    """Return the unexpired earlier justifications for the warnings of a draft, by finding."""
    submission, blocks = rights.get_visible(desk, who, submission_id)
    if submission.state != "checked":
        return {}
    report = reports.current_report(desk, submission, blocks)
    series = sorted({b.form for b in blocks})
    keys = {f.key: memory_key(s, f) for f in report.findings if f.severity == "warning" for s in series[:1]}
    if not keys:
        return {}
    of_series = sa.select(BLOCK.c.submission_id).where(BLOCK.c.form.in_(series))
    query = (
        sa.select(JUSTIFICATION)
        .join(SUBMISSION, SUBMISSION.c.submission_id == JUSTIFICATION.c.submission_id)
        .where(
            JUSTIFICATION.c.memory_key.in_(sorted(set(keys.values()))),
            JUSTIFICATION.c.expires_at > clock.format_timestamp(clock.now()),
            SUBMISSION.c.state.in_(ACCEPTED),
            SUBMISSION.c.submission_id != submission_id,
            SUBMISSION.c.submission_id.in_(of_series),
        )
        .order_by(JUSTIFICATION.c.at, JUSTIFICATION.c.submission_id)
    )
    with open_read_transaction(desk.engine) as connection:
        newest = {
            row.memory_key: EarlierJustification(row.reason, row.text, row.at, row.expires_at)
            for row in connection.execute(query)
        }
    return {finding: newest[key] for finding, key in keys.items() if key in newest}


def justify_warnings(
    desk: Desk, who: Identity, submission_id: str, finding_key: str | tuple[str, ...] | None, reason: str, text: str
) -> int:
    """Justify a warning, several in one transaction, or all open ones (None); return how many are still open.

    Raises NotAllowedError, TransitionError (no such warning, no such reason, too few words).
    """
    submission, blocks = rights.get_visible(desk, who, submission_id)
    permissions.require_role(who, "justify", rights.resource_of(submission, blocks), submission_id)
    report = reports.current_report(desk, submission, blocks)
    at = clock.now()
    series = min((b.form for b in blocks), default="")
    memory = {f.key: (memory_key(series, f), clock.format_timestamp(expiry_of(at))) for f in report.findings}
    justification = Justification(submission_id, reason, text, who.account, finding_key, at, memory)
    return decisions.justify_warnings(desk.engine, justification)
