"""Refuse to write while the computer's clock is behind the times already recorded.

The newest accepted return counts and the newest quarter names a release, so an act dated too early would be silently
overridden by older ones. Equal times are allowed, because times have a resolution of one second.
"""

from __future__ import annotations

import json

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.ledger.schema import AUDIT
from pipelines.ledger.transitions import TransitionError

ACCEPT = "audit.accept_clock"
"""The action of an audit entry that declares the clock right and earlier times wrong."""

_DECLARED = sa.select(sa.func.max(AUDIT.c.seq)).where(AUDIT.c.action == ACCEPT).scalar_subquery()
_NEWEST = sa.select(sa.func.max(AUDIT.c.at)).where(AUDIT.c.seq >= sa.func.coalesce(_DECLARED, 0))


class ClockSetBackError(TransitionError):
    """The clock is behind a time already recorded. The message names that time and says what to do."""


def newest_entry_at(connection: sa.Connection) -> str | None:
    """Return the latest time in the audit log since the clock was last declared right; None for an empty log.

    This is not always the time of the last entry: the returns of a demonstration get the times in their list.
    """
    return connection.execute(_NEWEST).scalar()


def refuse_clock_set_back(connection: sa.Connection) -> None:
    """Raise ClockSetBackError while the clock is behind the newest entry of the audit log."""
    now, newest = clock.format_timestamp(clock.now()), newest_entry_at(connection)
    if newest is not None and now < newest:
        raise ClockSetBackError(
            mark(
                "The clock of this computer says {now}, but the audit log has an entry of {newest}. Nothing was "
                "changed. Set the clock right and try again. If it is right now and was ahead before, a steward "
                "declares it right with `rti audit accept-clock`."
            ),
            now=now,
            newest=newest,
        )


def refuse_clock_before_release(connection: sa.Connection, release: str, made_at: str) -> None:
    """Raise ClockSetBackError while the clock is behind the time at which a release was drafted or published."""
    now = clock.format_timestamp(clock.now())
    if now < made_at and made_at > _declared_wrong_until(connection):
        raise ClockSetBackError(
            mark(
                "The clock of this computer says {now}, but release {release} dates from {newest}. Nothing was "
                "changed. Set the clock right and try again. If it is right now and was ahead before, a steward "
                "declares it right with `rti audit accept-clock`."
            ),
            now=now,
            release=release,
            newest=made_at,
        )


def _declared_wrong_until(connection: sa.Connection) -> str:
    query = sa.select(AUDIT.c.detail).where(AUDIT.c.action == ACCEPT).order_by(AUDIT.c.seq.desc()).limit(1)
    detail = connection.execute(query).scalar()
    return str(json.loads(detail)["newest"]) if detail is not None else ""
