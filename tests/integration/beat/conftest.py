"""A cluster's storage without its processes: one tenant, three stored portfolios, an empty Valkey."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from core.names import Role
from core.security import DEFAULT_TENANT, Principal
from core.settings import Settings
from services.intake.decode import decode_portfolio
from services.runtime import Runtime
from storage import portfolios, tenants
from storage.columns import pack

PORTFOLIOS = ("alpha", "beta", "gamma")


@pytest.fixture
def settings(postgres_url: str, redis_url: str) -> Settings:
    return Settings.from_env({"DATABASE_URL": postgres_url, "COLLATERAL_REDIS_URL": redis_url})


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    runtime = Runtime.for_process(settings, pool_size=4)
    with runtime.database.unit_of_work() as conn:
        tenants.ensure(conn, DEFAULT_TENANT, "Default")
        for name in PORTFOLIOS:
            portfolio = decode_portfolio(body(name))
            portfolios.put(
                conn,
                DEFAULT_TENANT,
                name,
                name=name,
                currency=portfolio.currency,
                position_count=len(portfolio),
                packed=pack(portfolio.document(), portfolio.tables()),
                actor="test",
            )
    yield runtime
    runtime.close()


@pytest.fixture
def principal() -> Principal:
    return Principal(tenant=DEFAULT_TENANT, subject="desk", role=Role.RISK_MANAGER)


@pytest.fixture
def broker(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(f"{redis_url}/0") as client:
        yield client


def body(name: str) -> bytes:
    position = {"id": "p", "symbol": "AAPL", "quantity": 100, "price": 150.0, "asset_class": "equity"}
    return json.dumps({"id": name, "available_cash": 1e6, "positions": [position]}).encode()


def sent(broker: redis.Redis, queue: str = "monitor") -> list[dict[str, Any]]:
    """Return the headers of the messages that wait in a queue, oldest first."""
    return [json.loads(message)["headers"] for message in reversed(broker.lrange(queue, 0, -1))]
