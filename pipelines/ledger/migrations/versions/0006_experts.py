"""The network of experts on joint investigation teams: entries, and the links by which they are confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TIME = sa.String(20)


def upgrade() -> None:
    op.create_table(
        "expert",
        sa.Column("expert_id", sa.String(16)),
        sa.Column("account_id", sa.Text),
        sa.Column("jurisdiction", sa.Text, nullable=False),
        sa.Column("institution", sa.Text, nullable=False),
        sa.Column("position", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("languages", sa.Text, nullable=False),
        sa.Column("crimes", sa.Text, nullable=False),
        sa.Column("procedures", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("letter_language", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("confirmed_at", TIME),
        sa.Column("letter_quarter", sa.Text),
        sa.Column("letters", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("expert_id", name="pk_expert"),
        sa.UniqueConstraint("account_id", name="uq_expert_account_id"),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_expert_account_id"),
    )
    op.create_table(
        "expert_link",
        sa.Column("digest", sa.String(64)),
        sa.Column("expert_id", sa.String(16), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.PrimaryKeyConstraint("digest", name="pk_expert_link"),
        sa.ForeignKeyConstraint(["expert_id"], ["expert.expert_id"], name="fk_expert_link_expert_id"),
    )
    op.create_index("ix_expert_link_expert_id", "expert_link", ["expert_id"])


def downgrade() -> None:
    raise NotImplementedError("a ledger is never taken apart; restore a backup instead")
