"""People and what they leave behind: accounts, grants, tokens, receipts, notices, the chained audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TIME = sa.String(20)
ID = sa.String(16)
ROLES = "role in ('viewer', 'submitter', 'approver', 'steward')"


def upgrade() -> None:
    for name in ("jurisdiction", "instrument", "revision_reason"):
        op.add_column("submission", sa.Column(name, sa.Text))
    op.create_index("ix_submission_jurisdiction", "submission", ["jurisdiction"])
    op.add_column("justification", sa.Column("memory_key", sa.String(16)))
    op.add_column("justification", sa.Column("expires_at", TIME))
    op.create_index("ix_justification_memory_key", "justification", ["memory_key"])
    for name in ("jurisdiction", "instrument"):
        # Submissions recognised before this revision have blocks, which name both.
        op.execute(
            f"update submission set {name} = (select min(b.{name}) from block b "
            "where b.submission_id = submission.submission_id)"
        )
    op.create_table(
        "receipt",
        sa.Column("receipt_id", ID),
        sa.Column("submission_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("receipt_id", name="pk_receipt"),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.submission_id"], name="fk_receipt_submission_id"),
    )
    op.create_index("ix_receipt_submission_id", "receipt", ["submission_id"])
    op.create_table(
        "account",
        sa.Column("account_id", sa.Text),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("must_change", sa.Boolean, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("locked_until", TIME),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("issuer", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("signed_in_at", TIME),
        sa.PrimaryKeyConstraint("account_id", name="pk_account"),
        sa.UniqueConstraint("issuer", "subject", name="uq_account_issuer_subject"),
    )
    op.create_table(
        "account_grant",
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("jurisdiction", sa.Text, nullable=False),
        sa.Column("instrument", sa.Text, nullable=False),
        sa.Column("granted_at", TIME, nullable=False),
        sa.Column("granted_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "role", "jurisdiction", "instrument", name="pk_account_grant"),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_account_grant_account_id"),
        sa.CheckConstraint(ROLES, name="ck_account_grant_role"),
    )
    op.create_table(
        "token",
        sa.Column("token_id", ID),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("grants", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME),
        sa.Column("used_at", TIME),
        sa.PrimaryKeyConstraint("token_id", name="pk_token"),
        sa.UniqueConstraint("hash", name="uq_token_hash"),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_token_account_id"),
    )
    op.create_index("ix_token_account_id", "token", ["account_id"])
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    op.create_table(
        "notice",
        sa.Column("notice_id", ID),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("sent_at", TIME),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("notice_id", name="pk_notice"),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_notice_account_id"),
    )
    op.create_index("ix_notice_account_id", "notice", ["account_id"])
    for table in ("audit", "receipt"):
        _append_only(table)


def _append_only(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"create trigger {table}_no_{verb} before {verb} on {table} "
                f"begin select raise(abort, 'the table {table} is append-only'); end"
            )
        return
    op.execute(
        f"create function {table}_is_append_only() returns trigger language plpgsql as "
        f"$$ begin raise exception 'the table {table} is append-only'; end $$"
    )
    op.execute(
        f"create trigger {table}_append_only before update or delete or truncate on {table} "
        f"for each statement execute function {table}_is_append_only()"
    )


def downgrade() -> None:
    raise NotImplementedError("a ledger is never taken apart; restore a backup instead")
