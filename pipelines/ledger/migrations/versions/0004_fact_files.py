"""Digests of the facts of accepted returns (append-only)."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "fact_file",
        sa.Column("submission_id", sa.String(16)),
        sa.Column("facts_table", sa.Text),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("submission_id", "facts_table", name="pk_fact_file"),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.submission_id"], name="fk_fact_file_submission_id"),
        sa.CheckConstraint("facts_table in ('observation', 'case_event')", name="ck_fact_file_facts_table"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"create trigger fact_file_no_{verb} before {verb} on fact_file "
                "begin select raise(abort, 'the table fact_file is append-only'); end"
            )
        return
    op.execute(
        "create function fact_file_is_append_only() returns trigger language plpgsql as "
        "$$ begin raise exception 'the table fact_file is append-only'; end $$"
    )
    op.execute(
        "create trigger fact_file_append_only before update or delete or truncate on fact_file "
        "for each statement execute function fact_file_is_append_only()"
    )


def downgrade() -> None:
    raise NotImplementedError("a ledger is never taken apart; restore a backup instead")
