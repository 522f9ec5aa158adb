"""Everything at once: the tables of the first release, and the trigger that keeps audit rows as they are."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

# Compressed already: Postgres need not try again.
_COMPRESSED = (
    ("portfolios", "columns"),
    ("price_history", "columns"),
    ("job_inputs", "columns"),
    ("results", "columns"),
)
_REFUSE = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows are append only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$
"""
_GUARD = """
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
"""


def upgrade() -> None:
    """Create the tables, their indexes and the guard of the audit table."""
    _tenants()
    _workers()
    _audit()
    _idempotency_keys()
    _jobs()
    _outbox()
    _portfolios()
    _price_history()
    _prices()
    _schedules()
    _job_inputs()
    _results()
    _schedule_ticks()
    for table, column in _COMPRESSED:
        op.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" SET STORAGE EXTERNAL')
    op.execute(_REFUSE)
    op.execute(_GUARD)


def _moment(name: str, *, null: bool = False) -> sa.Column[datetime]:
    default = None if null else sa.text("clock_timestamp()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=null)


def _tenants() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
    )


def _workers() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("code_version", sa.Text(), nullable=False),
        sa.Column("devices", postgresql.JSONB(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("queues", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        _moment("started_at"),
        _moment("heartbeat_at"),
        _moment("stopped_at", null=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=True),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        _moment("at"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_audit_tenant_tenants")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_job", "audit", ["job_id"], unique=False, postgresql_where=sa.text("job_id IS NOT NULL"))
    op.create_index("ix_audit_page", "audit", ["tenant", sa.literal_column("id DESC")], unique=False)


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("claim", sa.UUID(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.JSONB(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        _moment("created_at"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_idempotency_keys_tenant_tenants")),
        sa.PrimaryKeyConstraint("tenant", "key", name=op.f("pk_idempotency_keys")),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("device_requested", sa.Text(), nullable=False),
        sa.Column("fallback", sa.Boolean(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("routing_reason", sa.Text(), nullable=False),
        sa.Column("predicted_ms", sa.Double(), nullable=True),
        sa.Column("portfolio_id", sa.Text(), nullable=True),
        sa.Column("portfolio_version", sa.Integer(), nullable=True),
        sa.Column("schedule_id", sa.UUID(), nullable=True),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("token", sa.UUID(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        _moment("lease_expires_at", null=True),
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("progress_done", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("progress_total", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        _moment("available_at"),
        _moment("sent_at", null=True),
        sa.Column("sent_epoch", sa.Text(), nullable=True),
        sa.Column("sends", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("code_version", sa.Text(), nullable=True),
        sa.Column("error", postgresql.JSONB(), nullable=True),
        sa.Column("deadline_seconds", sa.Double(), nullable=True),
        _moment("deadline_at", null=True),
        _moment("submitted_at"),
        _moment("started_at", null=True),
        _moment("finished_at", null=True),
        sa.Column("run_ms", sa.Double(), nullable=True),
        sa.CheckConstraint("(state = 'running') = (token IS NOT NULL)", name=op.f("ck_jobs_token_while_running")),
        sa.CheckConstraint(
            "state IN ('queued','running','done','failed','dead','cancelled')", name=op.f("ck_jobs_state")
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_jobs_tenant_tenants")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_deadlines",
        "jobs",
        ["deadline_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued','running')"),
    )
    op.create_index(
        "ix_jobs_leases", "jobs", ["lease_expires_at"], unique=False, postgresql_where=sa.text("state = 'running'")
    )
    op.create_index(
        "ix_jobs_open", "jobs", ["queue", "sent_at"], unique=False, postgresql_where=sa.text("state = 'queued'")
    )
    op.create_index(
        "ix_jobs_page",
        "jobs",
        ["tenant", sa.literal_column("submitted_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_jobs_failures",
        "jobs",
        ["tenant", sa.literal_column("submitted_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state IN ('failed','dead')"),
    )
    op.create_index("ix_jobs_started", "jobs", ["queue", sa.literal_column("started_at DESC")], unique=False)
    op.create_index(
        "ix_jobs_unfinished",
        "jobs",
        ["tenant"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued','running')"),
    )
    op.create_index(
        "ix_jobs_unsent",
        "jobs",
        ["available_at"],
        unique=False,
        postgresql_where=sa.text("state = 'queued' AND sent_at IS NULL"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        _moment("created_at"),
        _moment("relayed_at", null=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_outbox_tenant_tenants")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_waiting", "outbox", ["id"], unique=False, postgresql_where=sa.text("relayed_at IS NULL"))


def _portfolios() -> None:
    op.create_table(
        "portfolios",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("position_count", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("columns", sa.LargeBinary(), nullable=True),
        sa.Column("deleted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        _moment("created_at"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_portfolios_tenant_tenants")),
        sa.PrimaryKeyConstraint("tenant", "id", "version", name=op.f("pk_portfolios")),
    )


def _price_history() -> None:
    op.create_table(
        "price_history",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("first_date", sa.Date(), nullable=False),
        sa.Column("last_date", sa.Date(), nullable=False),
        sa.Column("observations", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("columns", sa.LargeBinary(), nullable=False),
        _moment("created_at"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_price_history_tenant_tenants")),
        sa.PrimaryKeyConstraint("tenant", "symbol", "version", name=op.f("pk_price_history")),
    )


def _prices() -> None:
    op.create_table(
        "prices",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("price", sa.Double(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        _moment("updated_at"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_prices_tenant_tenants")),
        sa.PrimaryKeyConstraint("tenant", "symbol", name=op.f("pk_prices")),
    )


def _schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("portfolio_ids", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        sa.Column("every_seconds", sa.Double(), nullable=False),
        sa.Column("aligned", sa.Boolean(), nullable=False),
        sa.Column("misfire", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        _moment("created_at"),
        _moment("last_tick_at", null=True),
        sa.CheckConstraint("misfire IN ('skip','run_once')", name=op.f("ck_schedules_misfire")),
        sa.CheckConstraint("every_seconds >= 1", name=op.f("ck_schedules_interval")),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_schedules_tenant_tenants")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
        sa.UniqueConstraint("tenant", "name", name=op.f("uq_schedules_tenant_name")),
    )


def _job_inputs() -> None:
    op.create_table(
        "job_inputs",
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        sa.Column("market", postgresql.JSONB(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("columns", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_inputs_job_id_jobs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_inputs")),
    )


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("columns", sa.LargeBinary(), nullable=False),
        _moment("created_at"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_results_job_id_jobs"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_results_tenant_tenants")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_results")),
    )


def _schedule_ticks() -> None:
    op.create_table(
        "schedule_ticks",
        sa.Column("schedule_id", sa.UUID(), nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        _moment("at"),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name=op.f("fk_schedule_ticks_schedule_id_schedules"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("schedule_id", "tick", name=op.f("pk_schedule_ticks")),
    )
