"""Read and write the entries and links of the network within a transaction of the ledger."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import audit_log
from pipelines.ledger.schema import AUDIT, EXPERT, EXPERT_LINK
from pipelines.submissions.experts import links
from pipelines.submissions.experts.model import Expert, ExpertDetails, find_state

LINK_LIFE = timedelta(days=100)
"""How long a link can be used: a quarter, and some days."""
LOOKED_UP, PASSED_ON = "experts.look_up", "experts.message"
ADDED, CONFIRMED = "experts.add", "experts.confirm"
SUBJECT = "experts"
"""Subject of audit entries that concern the network as a whole. An erasure is one of them: it names no entry."""
LinkProblem = Literal["unknown", "used", "expired"]


@dataclass(frozen=True, slots=True)
class ExpertRow:
    """An entry with everything that is held on it. `letters` is the number of letters in `letter_quarter`."""

    expert: Expert
    address: str
    created_at: str
    changed_at: str
    letter_quarter: str | None
    letters: int


def select_rows(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> list[ExpertRow]:
    """Return the entries that meet the conditions, oldest first."""
    today = clock.now().date()
    query = sa.select(EXPERT).where(*conditions).order_by(EXPERT.c.created_at, EXPERT.c.expert_id)
    return [_as_row(row, today) for row in connection.execute(query)]


def select_row(connection: sa.Connection, expert_id: str) -> ExpertRow | None:
    """Return an entry by its id."""
    return next(iter(select_rows(connection, EXPERT.c.expert_id == expert_id)), None)


def select_own(connection: sa.Connection, account: str) -> ExpertRow | None:
    """Return the entry of an account."""
    return next(iter(select_rows(connection, EXPERT.c.account_id == account)), None)


def insert_expert(
    connection: sa.Connection,
    expert_id: str,
    details: ExpertDetails,
    address: str,
    account: str | None,
    *,
    at: datetime | None = None,
) -> None:
    """Store a new entry, which nobody has confirmed yet; without `at`, it is made now."""
    made_at = clock.format_timestamp(at or clock.now())
    connection.execute(
        sa.insert(EXPERT).values(
            expert_id=expert_id, account_id=account, address=address, created_at=made_at, changed_at=made_at, letters=0,
            **_as_columns(details),
        )
    )  # fmt: skip


def update_expert(connection: sa.Connection, expert_id: str, details: ExpertDetails, address: str | None) -> None:
    """Change an entry. With a new address it waits for its first confirmation again; links sent before end."""
    values: dict[str, Any] = {**_as_columns(details), "changed_at": clock.format_timestamp(clock.now())}
    if address is not None:
        values |= {"address": address, "confirmed_at": None, "letter_quarter": None, "letters": 0}
        connection.execute(sa.delete(EXPERT_LINK).where(EXPERT_LINK.c.expert_id == expert_id))
    connection.execute(sa.update(EXPERT).where(EXPERT.c.expert_id == expert_id).values(**values))


def confirm_expert(connection: sa.Connection, expert_id: str, *, at: datetime | None = None) -> None:
    """Store that an entry was confirmed, now or at a moment, and burn its links."""
    moment = clock.format_timestamp(at or clock.now())
    connection.execute(sa.update(EXPERT).where(EXPERT.c.expert_id == expert_id).values(confirmed_at=moment))
    unused = (EXPERT_LINK.c.expert_id == expert_id, EXPERT_LINK.c.used_at.is_(None))
    connection.execute(sa.update(EXPERT_LINK).where(*unused).values(used_at=moment))


def delete_expert(connection: sa.Connection, expert_id: str) -> None:
    """Delete an entry and its links; SQLite overwrites what it deletes."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("pragma secure_delete = on")
    connection.execute(sa.delete(EXPERT_LINK).where(EXPERT_LINK.c.expert_id == expert_id))
    connection.execute(sa.delete(EXPERT).where(EXPERT.c.expert_id == expert_id))


def empty_log_of_database(engine: sa.Engine) -> None:
    """Empty SQLite's write-ahead log, which still holds what was deleted; another reader may delay it."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.execute("pragma wal_checkpoint(truncate)")


# -- Links


def add_link(connection: sa.Connection, expert_id: str) -> str:
    """Store a new link of an entry and return its token, which is stored nowhere. Links that are over are deleted."""
    token, now = links.make_token(), clock.now()
    connection.execute(sa.delete(EXPERT_LINK).where(EXPERT_LINK.c.expires_at < clock.format_timestamp(now)))
    connection.execute(
        sa.insert(EXPERT_LINK).values(
            digest=links.digest_token(token), expert_id=expert_id, created_at=clock.format_timestamp(now),
            expires_at=clock.format_timestamp(now + LINK_LIFE),
        )
    )  # fmt: skip
    return token


def find_linked(connection: sa.Connection, token: str) -> ExpertRow | LinkProblem:
    """Return the entry that a token opens, or why it opens none."""
    query = sa.select(EXPERT_LINK).where(EXPERT_LINK.c.digest == links.digest_token(token))
    link = connection.execute(query).one_or_none()
    if link is None:
        return "unknown"
    if link.used_at is not None:
        return "used"
    if link.expires_at < clock.format_timestamp(clock.now()):
        return "expired"
    return select_row(connection, link.expert_id) or "unknown"


def claim_letter(connection: sa.Connection, row: ExpertRow, quarter: str) -> bool:
    """Count a letter of a quarter; return False if another process counted it meanwhile."""
    before = row.letters if row.letter_quarter == quarter else 0
    same_quarter = EXPERT.c.letter_quarter.is_not_distinct_from(row.letter_quarter)
    statement = sa.update(EXPERT).where(
        EXPERT.c.expert_id == row.expert.expert_id, same_quarter, EXPERT.c.letters == row.letters
    )
    result = connection.execute(statement.values(letter_quarter=quarter, letters=before + 1))
    return bool(result.rowcount == 1)


def release_letter(connection: sa.Connection, expert_id: str, quarter: str) -> None:
    """Take back a letter that was counted and could not be sent, so that it is tried again."""
    statement = sa.update(EXPERT).where(EXPERT.c.expert_id == expert_id, EXPERT.c.letter_quarter == quarter)
    connection.execute(statement.values(letters=EXPERT.c.letters - 1))


# -- The audit log


def record_act(
    connection: sa.Connection,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    *,
    at: datetime | None = None,
) -> None:
    """Add an entry to the audit log. Its detail holds codes and ids of entries, never what an entry says."""
    audit_log.append_entry(
        connection, at=at or clock.now(), actor=actor, action=action, subject=subject, detail=dict(detail)
    )


def list_uses(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return the look-ups and messages, oldest first: at, actor, action, and the detail."""
    query = sa.select(AUDIT).where(AUDIT.c.action.in_((LOOKED_UP, PASSED_ON))).order_by(AUDIT.c.seq)
    return [
        {"at": row.at, "actor": row.actor, "action": row.action, **json.loads(row.detail)}
        for row in connection.execute(query)
    ]


def export_row(connection: sa.Connection, row: ExpertRow) -> dict[str, Any]:
    """Return everything that is held on a person, as JSON can hold it; who looked it up is left out."""
    query = sa.select(EXPERT_LINK).where(EXPERT_LINK.c.expert_id == row.expert.expert_id)
    details = row.expert.details
    columns = (EXPERT_LINK.c.created_at, EXPERT_LINK.c.expires_at, EXPERT_LINK.c.used_at)
    sent_links = connection.execute(query.with_only_columns(*columns).order_by(EXPERT_LINK.c.created_at))
    uses = [use for use in list_uses(connection) if row.expert.expert_id in use["entries"]]
    return {
        "expert_id": row.expert.expert_id,
        "account": row.expert.account,
        **{name: getattr(details, name) for name in ExpertDetails.__dataclass_fields__},
        "address": row.address,
        "state": row.expert.state,
        "created_at": row.created_at,
        "changed_at": row.changed_at,
        "confirmed_on": row.expert.confirmed_on,
        "letters": {"quarter": row.letter_quarter, "number": row.letters},
        "links": [dict(link._mapping) for link in sent_links],
        "uses": [{"at": use["at"], "action": use["action"], "query": use["query"]} for use in uses],
    }


def _as_columns(details: ExpertDetails) -> dict[str, str]:
    names = ("jurisdiction", "institution", "position", "role", "region", "letter_language")
    lists = ("languages", "crimes", "procedures")
    return {name: getattr(details, name) for name in names} | {
        name: json.dumps(getattr(details, name)) for name in lists
    }


def _as_row(row: sa.Row[Any], today: date) -> ExpertRow:
    languages, crimes, procedures = (tuple(json.loads(v)) for v in (row.languages, row.crimes, row.procedures))
    details = ExpertDetails(
        row.jurisdiction, row.institution, row.position, row.role, languages, crimes, procedures, row.region,
        row.letter_language,
    )  # fmt: skip
    confirmed: datetime | None = clock.parse_time(row.confirmed_at) if row.confirmed_at else None
    day = confirmed.date() if confirmed is not None else None
    expert = Expert(
        row.expert_id, details, find_state(day, today), day.isoformat() if day is not None else "", row.account_id
    )
    return ExpertRow(expert, row.address, row.created_at, row.changed_at, row.letter_quarter, row.letters)
