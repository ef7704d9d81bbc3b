"""The first ledger: submission, block, event (append-only), justification."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

TIME = sa.String(20)
ID = sa.String(16)


def upgrade() -> None:
    op.create_table(
        "submission",
        sa.Column("submission_id", ID),
        sa.Column("sha256", sa.String(64), nullable=False),
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
        sa.PrimaryKeyConstraint("submission_id", name="pk_submission"),
        sa.CheckConstraint(
            "state in ('received', 'checked', 'refused', 'sent', 'approved', 'published', 'withdrawn')",
            name="ck_submission_state",
        ),
        sa.CheckConstraint("kind is null or kind in ('full', 'patch', 'nil')", name="ck_submission_kind"),
    )
    op.create_index("ix_submission_sha256", "submission", ["sha256"])
    op.create_index("ix_submission_state", "submission", ["state"])
    op.create_table(
        "block",
        sa.Column("submission_id", ID, nullable=False),
        sa.Column("jurisdiction", sa.Text, nullable=False),
        sa.Column("instrument", sa.Text, nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("freq", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("nil", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint(
            "submission_id", "jurisdiction", "instrument", "form", "freq", "period", name="pk_block"
        ),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.submission_id"], name="fk_block_submission_id"),
    )
    op.create_index("ix_block_key", "block", ["jurisdiction", "instrument", "form", "freq", "period"])
    op.create_table(
        "event",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True),
        sa.Column("submission_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("from_state", sa.Text),
        sa.Column("to_state", sa.Text, nullable=False),
        sa.Column("comment", sa.Text),
        sa.Column("payload", sa.JSON().with_variant(JSONB(), "postgresql")),
        sa.PrimaryKeyConstraint("event_id", name="pk_event"),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.submission_id"], name="fk_event_submission_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_submission_id", "event", ["submission_id"])
    op.create_table(
        "justification",
        sa.Column("submission_id", ID, nullable=False),
        sa.Column("finding_key", sa.String(16), nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("submission_id", "finding_key", name="pk_justification"),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.submission_id"], name="fk_justification_submission_id"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"create trigger event_no_{verb} before {verb} on event "
                "begin select raise(abort, 'the event log is append-only'); end"
            )
    else:
        op.execute(
            "create function event_is_append_only() returns trigger language plpgsql as "
            "$$ begin raise exception 'the event log is append-only'; end $$"
        )
        op.execute(
            "create trigger event_append_only before update or delete or truncate on event "
            "for each statement execute function event_is_append_only()"
        )


def downgrade() -> None:
    raise NotImplementedError("a ledger is never taken apart; restore a backup instead")
