"""Refuse to write while the computer's clock is behind what was already recorded.

The newest accepted return counts and the newest quarter names a release, so an act dated too early would silently lose
to older ones. Equal times are allowed: the clock counts in seconds.
"""

from __future__ import annotations

import json

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.ledger.schema import AUDIT
from pipelines.ledger.transitions import TransitionError

ACCEPT = "audit.accept_clock"
"""The action of an entry that declares the clock right and the times before it wrong."""


class ClockSetBackError(TransitionError):
    """The clock is behind something that was already recorded. The text says what, and what to do."""


def newest_entry_at(connection: sa.Connection) -> str | None:
    """Return the latest time of the audit log, since the clock was last declared right; None for an empty log.

    That is not always the last entry's: a demonstration's returns are entered under the times of their list.
    """
    declared = sa.select(sa.func.max(AUDIT.c.seq)).where(AUDIT.c.action == ACCEPT).scalar_subquery()
    query = sa.select(sa.func.max(AUDIT.c.at)).where(AUDIT.c.seq >= sa.func.coalesce(declared, 0))
    return connection.execute(query).scalar()


def refuse_clock_set_back(connection: sa.Connection) -> None:
    """Raise ClockSetBackError while the clock is behind the newest entry of the audit log."""
    now, newest = clock.stamp(clock.now()), newest_entry_at(connection)
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
    now = clock.stamp(clock.now())
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
