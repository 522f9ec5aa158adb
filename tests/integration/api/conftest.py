"""One application in memory over the real Postgres and Valkey, with keys of its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from core.names import Role
from core.security import DEFAULT_TENANT, issue_token, load_private_key, make_keys
from core.settings import Settings
from storage import tenants
from storage.database import Database

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Api:
    """What a test needs to talk to one application."""

    settings: Settings
    private_key: Path

    def token(self, role: Role = Role.TRADER, tenant: str = DEFAULT_TENANT, **lifetime: float) -> str:
        key = load_private_key(self.private_key)
        valid = timedelta(**(lifetime or {"minutes": 5}))
        return issue_token(key, tenant=tenant, subject=f"{role.value}@{tenant}", role=role, lifetime=valid)

    @asynccontextmanager
    async def client(self, role: Role = Role.ADMIN, *, app: FastAPI | None = None) -> AsyncIterator[httpx.AsyncClient]:
        app = app or create_app(self.settings)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            headers = {"Authorization": f"Bearer {self.token(role)}"}
            async with httpx.AsyncClient(transport=transport, base_url="http://api.test", headers=headers) as client:
                yield client

    def run(self, talk: Callable[[httpx.AsyncClient], Awaitable[T]], role: Role = Role.ADMIN) -> T:
        async def exchange() -> T:
            async with self.client(role) as client:
                return await talk(client)

        return asyncio.run(exchange())

    def as_(self, role: Role, tenant: str = DEFAULT_TENANT) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role, tenant)}"}


@pytest.fixture
def api(postgres_url: str, redis_url: str, tmp_path: Path) -> Api:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    make_keys(private, public)
    database = Database(postgres_url, pool_size=1)
    with database.unit_of_work() as conn:
        tenants.ensure(conn, DEFAULT_TENANT, "Default")
        tenants.ensure(conn, "other", "Other")
    database.dispose()
    settings = Settings(
        database_url=postgres_url, redis_url=redis_url, public_key_file=str(public), drills_enabled=True
    )
    return Api(settings=settings, private_key=private)
