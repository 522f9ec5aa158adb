"""The tables. Migrations under `storage/migrations/` make them; a test holds the two equal."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_MOMENT = DateTime(timezone=True)
_NOW = func.clock_timestamp()


def _tenant() -> Column[str]:
    return Column("tenant", Text, ForeignKey("tenants.id"), nullable=False)


tenants = Table(
    "tenants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", _MOMENT, nullable=False, server_default=_NOW),
)

# Every version is kept; a delete is a version without columns.
portfolios = Table(
    "portfolios",
    metadata,
    Column("tenant", Text, ForeignKey("tenants.id"), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("position_count", Integer, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("columns", LargeBinary),
    Column("deleted", Boolean, nullable=False, server_default=text("false")),
    Column("created_by", Text, nullable=False),
    Column("created_at", _MOMENT, nullable=False, server_default=_NOW),
)

prices = Table(
    "prices",
    metadata,
    Column("tenant", Text, ForeignKey("tenants.id"), primary_key=True),
    Column("symbol", Text, primary_key=True),
    Column("price", Double, nullable=False),
    Column("as_of", _MOMENT, nullable=False),
    Column("updated_at", _MOMENT, nullable=False, server_default=_NOW),
)

# One row a symbol and version: dates and closes as compressed columns. A job pins the version it used.
price_history = Table(
    "price_history",
    metadata,
    Column("tenant", Text, ForeignKey("tenants.id"), primary_key=True),
    Column("symbol", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("first_date", Date, nullable=False),
    Column("last_date", Date, nullable=False),
    Column("observations", Integer, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("columns", LargeBinary, nullable=False),
    Column("created_at", _MOMENT, nullable=False, server_default=_NOW),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    _tenant(),
    Column("submitted_by", Text, nullable=False),
    Column("measure", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("device_requested", Text, nullable=False),
    Column("fallback", Boolean, nullable=False),
    Column("queue", Text),  # null: computed in the API process
    Column("routing_reason", Text, nullable=False),
    Column("predicted_ms", Double),
    Column("portfolio_id", Text),
    Column("portfolio_version", Integer),  # null: the portfolio came with the request
    Column("schedule_id", UUID(as_uuid=True)),
    Column("trace", Text, nullable=False),
    # the claim
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("max_attempts", Integer, nullable=False),
    Column("token", UUID(as_uuid=True)),
    Column("worker", Text),
    Column("lease_expires_at", _MOMENT),
    Column("cancel_requested", Boolean, nullable=False, server_default=text("false")),
    Column("progress_done", BigInteger, nullable=False, server_default=text("0")),
    Column("progress_total", BigInteger, nullable=False, server_default=text("0")),
    # the send; a hint that may be lost
    Column("available_at", _MOMENT, nullable=False, server_default=_NOW),
    Column("sent_at", _MOMENT),
    Column("sent_epoch", Text),
    Column("sends", Integer, nullable=False, server_default=text("0")),
    # the outcome
    Column("device", Text),
    Column("code_version", Text),
    Column("error", JSONB),
    Column("deadline_seconds", Double),
    Column("deadline_at", _MOMENT),
    Column("submitted_at", _MOMENT, nullable=False, server_default=_NOW),
    Column("started_at", _MOMENT),
    Column("finished_at", _MOMENT),
    Column("run_ms", Double),
    Column("replay_of", UUID(as_uuid=True)),  # the job whose pinned inputs this one computes again
    CheckConstraint("state IN ('queued','running','done','failed','dead','cancelled')", name="state"),
    CheckConstraint("(state = 'running') = (token IS NOT NULL)", name="token_while_running"),
)
Index("ix_jobs_page", jobs.c.tenant, jobs.c.submitted_at.desc(), jobs.c.id.desc())
Index("ix_jobs_open", jobs.c.queue, jobs.c.sent_at, postgresql_where=text("state = 'queued'"))
Index("ix_jobs_unsent", jobs.c.available_at, postgresql_where=text("state = 'queued' AND sent_at IS NULL"))
Index("ix_jobs_deadlines", jobs.c.deadline_at, postgresql_where=text("state IN ('queued','running')"))
Index("ix_jobs_leases", jobs.c.lease_expires_at, postgresql_where=text("state = 'running'"))
Index("ix_jobs_unfinished", jobs.c.tenant, postgresql_where=text("state IN ('queued','running')"))
Index(
    "ix_jobs_failures",
    jobs.c.tenant,
    jobs.c.submitted_at.desc(),
    jobs.c.id.desc(),
    postgresql_where=text("state IN ('failed','dead')"),
)
Index("ix_jobs_started", jobs.c.queue, jobs.c.started_at.desc())
Index("ix_jobs_replays", jobs.c.replay_of, postgresql_where=text("replay_of IS NOT NULL"))

job_inputs = Table(
    "job_inputs",
    metadata,
    Column("job_id", UUID(as_uuid=True), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("parameters", JSONB, nullable=False),  # validated, defaults filled in, so that a replay needs nothing else
    Column("market", JSONB, nullable=False),  # pinned versions of what was read from storage
    Column("content_hash", Text),
    Column("columns", LargeBinary),  # null where a stored portfolio version is the input
)

results = Table(
    "results",
    metadata,
    Column("job_id", UUID(as_uuid=True), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    _tenant(),
    Column("content_hash", Text, nullable=False),
    Column("columns", LargeBinary, nullable=False),
    Column("created_at", _MOMENT, nullable=False, server_default=_NOW),
    Column("environment", JSONB),  # what else than code and input may move a last digit: libraries and the cpu
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant", Text, ForeignKey("tenants.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", Text, nullable=False),
    Column("claim", UUID(as_uuid=True), nullable=False),
    Column("claimed_until", _MOMENT, nullable=False),
    Column("status", Integer),  # null while in flight
    Column("headers", JSONB),
    Column("body", LargeBinary),
    Column("created_at", _MOMENT, nullable=False, server_default=_NOW),
)

# Append only: a trigger refuses UPDATE, DELETE and TRUNCATE.
audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _tenant(),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("job_id", UUID(as_uuid=True)),
    Column("detail", JSONB, nullable=False),
    Column("at", _MOMENT, nullable=False, server_default=_NOW),
)
Index("ix_audit_page", audit.c.tenant, audit.c.id.desc())
Index("ix_audit_job", audit.c.job_id, postgresql_where=text("job_id IS NOT NULL"))

# Events leave through here: written with what they tell of, relayed to Redis after.
outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _tenant(),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("created_at", _MOMENT, nullable=False, server_default=_NOW),
    Column("relayed_at", _MOMENT),
)
Index("ix_outbox_waiting", outbox.c.id, postgresql_where=text("relayed_at IS NULL"))

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("code_version", Text, nullable=False),
    Column("devices", JSONB, nullable=False),  # the probe's findings, absences with their reason
    Column("device", Text, nullable=False),  # the class it serves: cpu, gpu or ane
    Column("queues", ARRAY(Text), nullable=False),
    Column("slots", Integer, nullable=False),
    Column("started_at", _MOMENT, nullable=False, server_default=_NOW),
    Column("heartbeat_at", _MOMENT, nullable=False, server_default=_NOW),
    Column("stopped_at", _MOMENT),
)

schedules = Table(
    "schedules",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    _tenant(),
    Column("name", Text, nullable=False),
    Column("measure", Text, nullable=False),
    Column("portfolio_ids", ARRAY(Text), nullable=False),
    Column("parameters", JSONB, nullable=False),
    Column("every_seconds", Double, nullable=False),
    Column("aligned", Boolean, nullable=False),  # on multiples of the interval since the epoch, or from its creation
    Column(
        "misfire", Text, nullable=False
    ),  # skip: a late tick is left out; run_once: one tick makes up for all missed
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("created_by", Text, nullable=False),
    Column("created_at", _MOMENT, nullable=False, server_default=_NOW),
    Column("last_tick_at", _MOMENT),
    UniqueConstraint("tenant", "name"),
    CheckConstraint("misfire IN ('skip','run_once')", name="misfire"),
    CheckConstraint("every_seconds >= 1", name="interval"),
)

# A tick is claimed once: the key is floor(epoch of Postgres / interval), so two schedulers are harmless.
schedule_ticks = Table(
    "schedule_ticks",
    metadata,
    Column("schedule_id", UUID(as_uuid=True), ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True),
    Column("tick", BigInteger, primary_key=True),
    Column("at", _MOMENT, nullable=False, server_default=_NOW),
    Column("outcome", Text, nullable=False),  # submitted, or skipped with the reason
)

# Every version is kept as it was written, and a trigger refuses to change or delete it: only its state moves on.
parameter_sets = Table(
    "parameter_sets",
    metadata,
    Column("tenant", Text, ForeignKey("tenants.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("model", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False, server_default=text("1")),  # of the state: part of the entity tag
    Column("created_by", Text, nullable=False),
    Column("created_at", _MOMENT, nullable=False, server_default=_NOW),
    Column("submitted_by", Text),
    Column("submitted_at", _MOMENT),
    Column("approved_by", Text),
    Column("approved_at", _MOMENT),
    Column("withdrawn_by", Text),
    Column("withdrawn_at", _MOMENT),
    CheckConstraint("state IN ('draft','submitted','approved','withdrawn')", name="state"),
    CheckConstraint("approved_by <> created_by", name="second_person"),
    CheckConstraint("state <> 'approved' OR approved_by IS NOT NULL", name="approved_by_somebody"),
)

# What is active on a date is the newest row from the latest date up to it; rows stay, a planned one may be withdrawn.
parameter_set_activations = Table(
    "parameter_set_activations",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _tenant(),
    Column("model", Text, nullable=False),
    Column("set_name", Text),
    Column("set_version", Integer),
    Column("packaged", Text),  # the version of a packaged set, where that is what becomes active
    Column("active_from", Date, nullable=False),
    Column("action", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("created_by", Text, nullable=False),
    Column("created_at", _MOMENT, nullable=False, server_default=_NOW),
    Column("withdrawn_by", Text),
    Column("withdrawn_at", _MOMENT),
    ForeignKeyConstraint(
        ["tenant", "set_name", "set_version"],
        ["parameter_sets.tenant", "parameter_sets.name", "parameter_sets.version"],
    ),
    CheckConstraint("action IN ('activate','roll_back')", name="action"),
    CheckConstraint(
        "(set_name IS NULL) = (set_version IS NULL) AND (set_name IS NULL) = (packaged IS NOT NULL)", name="one_target"
    ),
)
Index(
    "ix_parameter_set_activations_active",
    parameter_set_activations.c.tenant,
    parameter_set_activations.c.model,
    parameter_set_activations.c.active_from.desc(),
    parameter_set_activations.c.id.desc(),
)
