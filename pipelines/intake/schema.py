"""The ledger's tables as SQLAlchemy Core sees them.

Belongs here: names, order and types of columns.  Does not belong here: how a table came to be (`migrations/`), what may
be written into it (`transitions.py`, `ledger.py`) and what is exported (`export.py`).

Times are texts in the one form of `clock.stamp()`: they sort as they follow each other, and SQLite and PostgreSQL hold
them alike.  The event log is append-only: the database itself forbids changing or deleting an event.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

METADATA = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

TIME = sa.String(20)
ID = sa.String(16)

SUBMISSION = sa.Table(
    "submission",
    METADATA,
    sa.Column("submission_id", ID, primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("filename", sa.Text, nullable=False),
    sa.Column("format", sa.Text),
    sa.Column("territory", sa.Text),
    sa.Column("form", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("received_at", TIME, nullable=False),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("accepted_at", TIME),
    sa.Column("declaration_hash", sa.String(64)),
    sa.Column("rules_version", sa.Text),
    sa.Column("errors", sa.Integer),
    sa.Column("warnings", sa.Integer),
    sa.Column("informations", sa.Integer),
    sa.Column("corrects_submission_id", ID),
    sa.Column("demonstration", sa.Boolean, nullable=False),
)

BLOCK = sa.Table(
    "block",
    METADATA,
    sa.Column("submission_id", ID, sa.ForeignKey("submission.submission_id"), primary_key=True),
    sa.Column("jurisdiction", sa.Text, primary_key=True),
    sa.Column("instrument", sa.Text, primary_key=True),
    sa.Column("form", sa.Text, primary_key=True),
    sa.Column("freq", sa.Text, primary_key=True),
    sa.Column("period", sa.Text, primary_key=True),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("nil", sa.Boolean, nullable=False),
    sa.Index("ix_block_key", "jurisdiction", "instrument", "form", "freq", "period"),
)

EVENT = sa.Table(
    "event",
    METADATA,
    sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("submission_id", ID, sa.ForeignKey("submission.submission_id"), nullable=False, index=True),
    sa.Column("at", TIME, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("from_state", sa.Text),
    sa.Column("to_state", sa.Text, nullable=False),
    sa.Column("comment", sa.Text),
    sa.Column("payload", sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")),
    sqlite_autoincrement=True,
)

JUSTIFICATION = sa.Table(
    "justification",
    METADATA,
    sa.Column("submission_id", ID, sa.ForeignKey("submission.submission_id"), primary_key=True),
    sa.Column("finding_key", sa.String(16), primary_key=True),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", TIME, nullable=False),
)

BLOCK_COLUMNS: tuple[str, ...] = tuple(c.name for c in BLOCK.columns)
"""Columns of a block; the key of the unit that supersedes is all between `submission_id` and `rows`."""
