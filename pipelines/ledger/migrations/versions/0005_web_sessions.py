"""Sessions of the offices' pages, and an index by which the newest change of an account's credentials is found."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TIME = sa.String(20)


def upgrade() -> None:
    op.create_table(
        "web_session",
        sa.Column("session_id", sa.String(16)),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("signed_in_seq", sa.BigInteger, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_web_session"),
        sa.UniqueConstraint("hash", name="uq_web_session_hash"),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_web_session_account_id"),
    )
    op.create_index("ix_web_session_account_id", "web_session", ["account_id"])
    op.create_index("ix_audit_subject", "audit", ["subject", "action", "seq"])


def downgrade() -> None:
    raise NotImplementedError("a ledger is never taken apart; restore a backup instead")
