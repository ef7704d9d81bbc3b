"""The tables of the ledger, declared with SQLAlchemy Core.

Times are text in the format of `clock.format_timestamp()`: they sort chronologically and are the same in SQLite and
PostgreSQL.
The event log and the audit log are append-only: database triggers forbid changing or deleting a row. The tables of
people and notices are in the same database, so that an act and the check of its permission share one transaction.
"""

from __future__ import annotations

import sqlalchemy as sa

# Some libraries load the ORM when they are first used. While one thread loads it, statements of other threads fail
# (an AttributeError in `sqlalchemy.orm.base`): an approval right after the service had started got a fault.
import sqlalchemy.orm
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
    # The pair that accounts are granted roles for. Empty until a form is recognised.
    sa.Column("jurisdiction", sa.Text, index=True),
    sa.Column("instrument", sa.Text),
    # Why it replaces an accepted return (code list `revision_reason`); empty if it replaces none.
    sa.Column("revision_reason", sa.Text),
    # For the paged list, newest first: of all submissions, and of one state.
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
    # Finds the newest event of a submission, optionally of one action, without reading rows.
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
    # Identifies the same warning in later quarters; the justification is offered again until it expires.
    sa.Column("memory_key", sa.String(16), index=True),
    sa.Column("expires_at", TIME),
)

RECEIPT = sa.Table(
    "receipt",
    METADATA,
    sa.Column("receipt_id", ID, primary_key=True),
    sa.Column("submission_id", ID, sa.ForeignKey("submission.submission_id"), nullable=False, index=True),
    sa.Column("at", TIME, nullable=False),
    # The signed document, byte for byte as it was issued.
    sa.Column("document", sa.Text, nullable=False),
)

FACT_FILE = sa.Table(
    "fact_file",
    METADATA,
    sa.Column("submission_id", ID, sa.ForeignKey("submission.submission_id"), primary_key=True),
    # `observation` or `case_event`.
    sa.Column("facts_table", sa.Text, primary_key=True),
    # SHA-256 of the Parquet file when the return was accepted.
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
    # Argon2 hash; empty for an account that signs in through a provider, and for the machine's own account.
    sa.Column("password_hash", sa.Text),
    sa.Column("must_change", sa.Boolean, nullable=False),
    # Wrong passwords since the last correct one. `locked_until` is unused, since accounts are not locked any more.
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("locked_until", TIME),
    sa.Column("disabled", sa.Boolean, nullable=False),
    # The OpenID Connect provider, and the name of the account there.
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
    # A code, or `*` for all.
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
    # The most it permits, as a list of [role, jurisdiction, instrument]; never more than its account has.
    sa.Column("grants", sa.Text, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("expires_at", TIME, nullable=False),
    sa.Column("revoked_at", TIME),
    sa.Column("used_at", TIME),
)

# Not compared with the audit log: sessions change at requests, end within a day and are then deleted. Signing in and
# ending a session are entries of the audit log. A row that is put in gives no access without the home's cookie secret.
WEB_SESSION = sa.Table(
    "web_session",
    METADATA,
    sa.Column("session_id", ID, primary_key=True),
    # SHA-256 of the token in the cookie.
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.account_id"), nullable=False, index=True),
    # How the person signed in: `local` and the account, or the provider and its name for the account.
    sa.Column("issuer", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    # The audit entry of the sign-in, or of the change of a password, with which the session began.
    sa.Column("signed_in_seq", sa.BigInteger, nullable=False),
    # By the system clock, never by `RTI_NOW`.
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("seen_at", TIME, nullable=False),
    sa.Column("expires_at", TIME, nullable=False),
    sa.Column("ended_at", TIME),
    sa.Column("user_agent", sa.Text, nullable=False),
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
    # Finds the newest entry of an account, optionally of one action, without reading rows.
    sa.Index("ix_audit_subject", "subject", "action", "seq"),
)

NOTICE = sa.Table(
    "notice",
    METADATA,
    sa.Column("notice_id", ID, primary_key=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.account_id"), nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    # Submissions, periods and deadlines that the notice mentions; never figures.
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("sent_at", TIME),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
)

# Not compared with the audit log: a digest of an erased entry could be guessed from its address. Acts on entries, and
# every look-up, are entries of the audit log.
EXPERT = sa.Table(
    "expert",
    METADATA,
    sa.Column("expert_id", ID, primary_key=True),
    # The account of the expert, if there is one; entries of others are confirmed by a link only.
    sa.Column("account_id", sa.Text, sa.ForeignKey("account.account_id"), unique=True),
    sa.Column("jurisdiction", sa.Text, nullable=False),
    sa.Column("institution", sa.Text, nullable=False),
    # The function of the person in the institution, never a name.
    sa.Column("position", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    # JSON lists of codes.
    sa.Column("languages", sa.Text, nullable=False),
    sa.Column("crimes", sa.Text, nullable=False),
    sa.Column("procedures", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("letter_language", sa.Text, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("changed_at", TIME, nullable=False),
    # Empty until the expert has confirmed the entry for the first time, and after a change of the address.
    sa.Column("confirmed_at", TIME),
    # The quarter of the newest letter, and how many letters were sent in it.
    sa.Column("letter_quarter", sa.Text),
    sa.Column("letters", sa.Integer, nullable=False),
)

EXPERT_LINK = sa.Table(
    "expert_link",
    METADATA,
    # SHA-256 of the secret in the link.
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("expert_id", ID, sa.ForeignKey("expert.expert_id"), nullable=False, index=True),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("expires_at", TIME, nullable=False),
    sa.Column("used_at", TIME),
)

BLOCK_COLUMNS: tuple[str, ...] = tuple(c.name for c in BLOCK.columns)
"""Columns of a block; those between `submission_id` and `rows` are the key by which one block supersedes another."""
