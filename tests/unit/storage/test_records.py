"""Records mirror the tables; the mains of workers, beat and reconciler load no numerics through this room."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from storage import schema
from storage.audit import AuditRow
from storage.jobs import Job, NewJob
from storage.portfolios import StoredPortfolio
from storage.schedules import NewSchedule, Schedule
from storage.tenants import Tenant
from storage.workers import Worker

ROOT = Path(__file__).parents[3]


def _names(record: type) -> list[str]:
    return [field.name for field in fields(record)]


@pytest.mark.parametrize(
    ("record", "table"),
    [
        (Job, schema.jobs),
        (AuditRow, schema.audit),
        (Schedule, schema.schedules),
        (Tenant, schema.tenants),
        (Worker, schema.workers),
    ],
)
def test_a_record_has_the_columns_of_its_table_in_their_order(record: type, table: object) -> None:
    assert _names(record) == [column.name for column in table.c]  # type: ignore[attr-defined]


def test_a_stored_portfolio_has_every_column() -> None:
    assert set(_names(StoredPortfolio)) == {column.name for column in schema.portfolios.c}


def test_what_is_new_has_only_known_columns() -> None:
    assert set(_names(NewJob)) <= {column.name for column in schema.jobs.c}
    assert set(_names(NewSchedule)) <= {column.name for column in schema.schedules.c}


def test_lifecycle_modules_load_no_numerics() -> None:
    rooms = "audit cache database histories idempotency jobs migrate outbox portfolios prices schedules tenants workers"
    imports = "; ".join(f"import storage.{name}" for name in rooms.split())
    heavy = {"numpy", "scipy", "numba", "zstandard", "compute"}
    program = f"{imports}; import sys; print(sorted({heavy} & set(sys.modules)))"

    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603

    assert answer.stdout.strip() == "[]"
