"""Indexes by which a page of submissions, a block's successor and a newest event are found without reading all rows."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.drop_index("ix_submission_state", "submission")
    op.create_index("ix_submission_state", "submission", ["state", "received_at", "submission_id"])
    op.create_index("ix_submission_received_at", "submission", ["received_at", "submission_id"])
    op.create_index("ix_block_period", "block", ["period"])
    op.drop_index("ix_event_submission_id", "event")
    op.create_index("ix_event_submission_id", "event", ["submission_id", "action", "event_id"])
