"""Housekeeping removes what is past its retention, in batches, and leaves the rest."""

import pytest
from sqlalchemy import text

from core.security import Principal
from services import schedules
from services.housekeeping import housekeeping
from services.runtime import Runtime
from tests.integration.beat.test_ticks import request

_KEYS = text(
    "INSERT INTO idempotency_keys (tenant, key, request_hash, claim, claimed_until, created_at) "
    "SELECT 'default', 'k' || n, '', gen_random_uuid(), now(), now() - make_interval(days => n % 4) "
    "FROM generate_series(1, 10) AS n"
)
_AGE_TICKS = text("UPDATE schedule_ticks SET at = at - make_interval(days => 31)")
_AGE_JOBS = text(
    "UPDATE jobs SET state = 'cancelled', finished_at = now() - make_interval(days => 401), "
    "submitted_at = now() - make_interval(days => 401) WHERE portfolio_id = 'alpha'"
)
_COUNT = text("SELECT (SELECT count(*) FROM idempotency_keys), (SELECT count(*) FROM jobs)")


def test_only_what_is_old_goes(runtime: Runtime, principal: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.housekeeping.BATCH", 2)
    schedule = schedules.add(runtime, principal, request())
    assert schedules.tick(runtime, schedule.id) is not None
    with runtime.database.unit_of_work() as conn:
        for statement in (_KEYS, _AGE_TICKS, _AGE_JOBS):
            conn.execute(statement)
    removed = housekeeping(runtime)
    with runtime.database.read() as conn:
        keys, jobs_left = conn.execute(_COUNT).one()
    assert removed["idempotency_keys"] == 5  # of days 0, 1, 2, 3: those of 2 and 3
    assert (removed["ticks"], removed["jobs"]) == (1, 1)
    assert (keys, jobs_left) == (5, 2)
