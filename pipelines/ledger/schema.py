"""The ledger's tables as SQLAlchemy Core sees them.

Times are texts in the one form of `clock.stamp()`: they sort as they follow each other, and SQLite and PostgreSQL hold
them alike.  The event log and the audit log are append-only: the database itself forbids changing or deleting a row.
The tables of people and of notices lie in the same database, so that an act and the right to it are one transaction.
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
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("accepted_at", TIME),
    sa.Column("declaration_hash", sa.String(64)),
    sa.Column("rules_version", sa.Text),
    sa.Column("errors", sa.Integer),
    sa.Column("warnings", sa.Integer),
    sa.Column("informations", sa.Integer),
    sa.Column("corrects_submission_id", ID),
    sa.Column("demonstration", sa.Boolean, nullable=False),
    # Whose return it is: what accounts are scoped to. Empty until a form was recognised.
    sa.Column("jurisdiction", sa.Text, index=True),
    sa.Column("instrument", sa.Text),
    # Why it replaces an accepted return (code list `revision_reason`); empty where it replaces none.
    sa.Column("revision_reason", sa.Text),
    # Pages of the list, newest first: of everything, and of one state.
    sa.Index("ix_submission_received_at", "received_at", "submission_id"),
    sa.Index("ix_submission_state", "state", "received_at", "submission_id"),
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
    sa.Index("ix_block_period", "period"),
)

EVENT = sa.Table(
    "event",
    METADATA,
    sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("submission_id", ID, sa.ForeignKey("submission.submission_id"), nullable=False),
    sa.Column("at", TIME, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("from_state", sa.Text),
    sa.Column("to_state", sa.Text, nullable=False),
    sa.Column("comment", sa.Text),
    sa.Column("payload", sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")),
    # The newest event of a submission, also of one action, without reading its rows.
    sa.Index("ix_event_submission_id", "submission_id", "action", "event_id"),
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
    # What the same warning has in common from one quarter to the next; offered again until it expires.
    sa.Column("memory_key", sa.String(16), index=True),
    sa.Column("expires_at", TIME),
)

RECEIPT = sa.Table(
    "receipt",
    METADATA,
    sa.Column("receipt_id", ID, primary_key=True),
    sa.Column("submission_id", ID, sa.ForeignKey("submission.submission_id"), nullable=False, index=True),
    sa.Column("at", TIME, nullable=False),
    # The signed document, byte for byte as it was given out.
    sa.Column("document", sa.Text, nullable=False),
)

FACT_FILE = sa.Table(
    "fact_file",
    METADATA,
    sa.Column("submission_id", ID, sa.ForeignKey("submission.submission_id"), primary_key=True),
    # `observation` or `case_event`.
    sa.Column("facts_table", sa.Text, primary_key=True),
    # Of the Parquet file as it was when the return was accepted.
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
)

ACCOUNT = sa.Table(
    "account",
    METADATA,
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("language", sa.Text, nullable=False),
    # Argon2; empty for an account that signs in elsewhere, and for the machine's own.
    sa.Column("password_hash", sa.Text),
    sa.Column("must_change", sa.Boolean, nullable=False),
    # Wrong passwords since the last right one. `locked_until` is no longer used: nobody can lock an account.
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("locked_until", TIME),
    sa.Column("disabled", sa.Boolean, nullable=False),
    # Who vouches for it, and under which name: the provider of OpenID Connect.
    sa.Column("issuer", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("signed_in_at", TIME),
    sa.UniqueConstraint("issuer", "subject", name="uq_account_issuer_subject"),
)

ACCOUNT_GRANT = sa.Table(
    "account_grant",
    METADATA,
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.account_id"), primary_key=True),
    sa.Column("role", sa.Text, primary_key=True),
    # A code, or `*` for every one.
    sa.Column("jurisdiction", sa.Text, primary_key=True),
    sa.Column("instrument", sa.Text, primary_key=True),
    sa.Column("granted_at", TIME, nullable=False),
    sa.Column("granted_by", sa.Text, nullable=False),
)

TOKEN = sa.Table(
    "token",
    METADATA,
    sa.Column("token_id", ID, primary_key=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.account_id"), nullable=False, index=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    # What it may at most, as a list of [role, jurisdiction, instrument]; never more than its account.
    sa.Column("grants", sa.Text, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("expires_at", TIME, nullable=False),
    sa.Column("revoked_at", TIME),
    sa.Column("used_at", TIME),
)

AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("at", TIME, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    # Canonical JSON as text, so that its hash is the same in every database.
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)

NOTICE = sa.Table(
    "notice",
    METADATA,
    sa.Column("notice_id", ID, primary_key=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.account_id"), nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    # What it is about, never a figure: submissions, periods, deadlines.
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("sent_at", TIME),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
)

BLOCK_COLUMNS: tuple[str, ...] = tuple(c.name for c in BLOCK.columns)
"""Columns of a block; the key of the unit that supersedes is all between `submission_id` and `rows`."""
