"""Replays: the job that a job computes again, and what a result was computed in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add both columns, and the index that finds a job's replays."""
    op.add_column("jobs", sa.Column("replay_of", sa.UUID(), nullable=True))
    op.create_index(
        "ix_jobs_replays", "jobs", ["replay_of"], unique=False, postgresql_where=sa.text("replay_of IS NOT NULL")
    )
    op.add_column("results", sa.Column("environment", postgresql.JSONB(), nullable=True))
