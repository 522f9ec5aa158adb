"""Parameter sets and their activations, and the triggers that keep both as they were written."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

_KEEP_SETS = """
CREATE FUNCTION keep_parameter_sets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (OLD.tenant, OLD.name, OLD.version, OLD.model, OLD.content_hash, OLD.document, OLD.note,
                OLD.created_by, OLD.created_at)
            IS NOT DISTINCT FROM (NEW.tenant, NEW.name, NEW.version, NEW.model, NEW.content_hash, NEW.document,
                NEW.note, NEW.created_by, NEW.created_at)
            AND (OLD.approved_by IS NULL OR (OLD.approved_by, OLD.approved_at)
                IS NOT DISTINCT FROM (NEW.approved_by, NEW.approved_at)) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'versions of parameter sets stay as they are: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$
"""
_KEEP_ACTIVATIONS = """
CREATE FUNCTION keep_parameter_set_activations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.withdrawn_at IS NULL AND (to_jsonb(OLD) - '{withdrawn_by,withdrawn_at}'::text[])
            = (to_jsonb(NEW) - '{withdrawn_by,withdrawn_at}'::text[]) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'activations of parameter sets stay as they are: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$
"""
_GUARDS = (
    (
        "CREATE TRIGGER parameter_sets_kept BEFORE UPDATE OR DELETE ON parameter_sets "
        "FOR EACH ROW EXECUTE FUNCTION keep_parameter_sets()"
    ),
    (
        "CREATE TRIGGER parameter_sets_not_emptied BEFORE TRUNCATE ON parameter_sets "
        "FOR EACH STATEMENT EXECUTE FUNCTION keep_parameter_sets()"
    ),
    (
        "CREATE TRIGGER parameter_set_activations_kept BEFORE UPDATE OR DELETE ON parameter_set_activations "
        "FOR EACH ROW EXECUTE FUNCTION keep_parameter_set_activations()"
    ),
    (
        "CREATE TRIGGER parameter_set_activations_not_emptied BEFORE TRUNCATE ON parameter_set_activations "
        "FOR EACH STATEMENT EXECUTE FUNCTION keep_parameter_set_activations()"
    ),
)


def upgrade() -> None:
    """Create both tables and their guards."""
    _parameter_sets()
    _activations()
    for statement in (_KEEP_SETS, _KEEP_ACTIVATIONS, *_GUARDS):
        op.execute(statement)


def _moment(name: str, *, null: bool = False) -> sa.Column[datetime]:
    default = None if null else sa.text("clock_timestamp()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=null)


def _parameter_sets() -> None:
    op.create_table(
        "parameter_sets",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        _moment("created_at"),
        sa.Column("submitted_by", sa.Text(), nullable=True),
        _moment("submitted_at", null=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        _moment("approved_at", null=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        _moment("withdrawn_at", null=True),
        sa.CheckConstraint(
            "state IN ('draft','submitted','approved','withdrawn')", name=op.f("ck_parameter_sets_state")
        ),
        sa.CheckConstraint("approved_by <> created_by", name=op.f("ck_parameter_sets_second_person")),
        sa.CheckConstraint(
            "state <> 'approved' OR approved_by IS NOT NULL", name=op.f("ck_parameter_sets_approved_by_somebody")
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_parameter_sets_tenant_tenants")),
        sa.PrimaryKeyConstraint("tenant", "name", "version", name=op.f("pk_parameter_sets")),
    )


def _activations() -> None:
    op.create_table(
        "parameter_set_activations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("set_name", sa.Text(), nullable=True),
        sa.Column("set_version", sa.Integer(), nullable=True),
        sa.Column("packaged", sa.Text(), nullable=True),
        sa.Column("active_from", sa.Date(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        _moment("created_at"),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        _moment("withdrawn_at", null=True),
        sa.CheckConstraint("action IN ('activate','roll_back')", name=op.f("ck_parameter_set_activations_action")),
        sa.CheckConstraint(
            "(set_name IS NULL) = (set_version IS NULL) AND (set_name IS NULL) = (packaged IS NOT NULL)",
            name=op.f("ck_parameter_set_activations_one_target"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "set_name", "set_version"],
            ["parameter_sets.tenant", "parameter_sets.name", "parameter_sets.version"],
            name=op.f("fk_parameter_set_activations_tenant_parameter_sets"),
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_parameter_set_activations_tenant_tenants")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parameter_set_activations")),
    )
    op.create_index(
        "ix_parameter_set_activations_active",
        "parameter_set_activations",
        ["tenant", "model", sa.literal_column("active_from DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
