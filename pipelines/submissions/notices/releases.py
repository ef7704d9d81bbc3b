"""Notify the people who asked for it of releases, rollbacks, and notices on corrected figures.

Who asked is in the audit log: the newest entry of an account counts. Only the person can ask, or stop the messages.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import audit_log
from pipelines.ledger.database import open_read_transaction, open_write_transaction
from pipelines.ledger.schema import ACCOUNT, AUDIT
from pipelines.submissions.notices.queue import enqueue_notice

SUBSCRIBED, UNSUBSCRIBED = "news.subscribe", "news.unsubscribe"
"""Actions of the audit log; their subject is the account."""


def change_subscription(engine: sa.Engine, account_id: str, *, is_wanted: bool) -> None:
    """Record that an account wants messages about releases, or does not want them any more."""
    with open_write_transaction(engine) as connection:
        if (account_id in _select_subscribers(connection)) == is_wanted:
            return
        action = SUBSCRIBED if is_wanted else UNSUBSCRIBED
        audit_log.append_entry(
            connection, at=clock.now(), actor=account_id, action=action, subject=account_id, detail={}
        )


def has_subscription(engine: sa.Engine, account_id: str) -> bool:
    """Return True if an account wants messages about releases."""
    with open_read_transaction(engine) as connection:
        return account_id in _select_subscribers(connection)


def count_subscribers(engine: sa.Engine) -> int:
    """Return how many accounts get a message about the next release or rollback."""
    with open_read_transaction(engine) as connection:
        return len(_list_recipients(connection))


def enqueue_release_notices(
    connection: sa.Connection, release: str, news: Literal["published", "corrected", "rolled_back"], at: datetime
) -> int:
    """Enqueue a notice for each account that wants them and is not disabled; return how many there are."""
    accounts = _list_recipients(connection)
    content = {"release": release, "what": news}
    subject = f"{release} {news} {clock.format_timestamp(at)}"
    for account_id in accounts:
        enqueue_notice(connection, account_id, "release", content, what=subject, at=at)
    return len(accounts)


def _list_recipients(connection: sa.Connection) -> list[str]:
    """Return the accounts that want messages about releases and are not disabled."""
    enabled = connection.execute(sa.select(ACCOUNT.c.account_id).where(~ACCOUNT.c.disabled)).scalars()
    return sorted(_select_subscribers(connection) & set(enabled))


def _select_subscribers(connection: sa.Connection) -> set[str]:
    query = sa.select(AUDIT.c.subject, AUDIT.c.action).where(AUDIT.c.action.in_([SUBSCRIBED, UNSUBSCRIBED]))
    newest = {row.subject: row.action for row in connection.execute(query.order_by(AUDIT.c.seq))}
    return {account for account, action in newest.items() if action == SUBSCRIBED}
