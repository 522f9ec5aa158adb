import httpx
import pytest

from api.examples import MIXED_PORTFOLIO, SCHEDULE, TENANT
from core.names import Role
from tests.integration.api.conftest import Api


def test_a_schedule_is_added_once_listed_run_and_removed(api: Api) -> None:
    path = "/api/v1/schedules"

    async def talk(client: httpx.AsyncClient) -> None:
        await client.put("/api/v1/portfolios/book-1", json=MIXED_PORTFOLIO)
        key = {"Idempotency-Key": "s-1"}
        added = await client.post(path, json=SCHEDULE, headers=key)
        assert added.status_code == 201, added.text
        assert (await client.post(path, json=SCHEDULE, headers=key)).json() == added.json()
        assert (await client.post(path, json=SCHEDULE)).status_code == 409
        assert [item["name"] for item in (await client.get(path)).json()["items"]] == ["desk"]
        assert (await client.get(f"{path}/desk")).json()["id"] == added.json()["id"]
        ran = await client.post(f"{path}/desk/run")
        assert ran.status_code == 202, ran.text
        assert len(ran.json()["jobs"]) == 1
        assert (await client.delete(f"{path}/desk", headers=api.as_(Role.RISK_MANAGER, "other"))).status_code == 404
        assert (await client.delete(f"{path}/desk")).status_code == 204
        assert (await client.get(f"{path}/desk")).status_code == 404

    api.run(talk)


def test_tenants_are_added_by_an_administrator(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        added = await client.post("/api/v1/tenants", json=TENANT)
        assert added.status_code == 201, added.text
        assert (await client.post("/api/v1/tenants", json=TENANT)).status_code == 409
        bad = await client.post("/api/v1/tenants", json={"id": "Desk One", "nam": "x"})
        assert bad.status_code == 422
        names = [item["id"] for item in (await client.get("/api/v1/tenants")).json()["items"]]
        assert "desk-1" in names
        assert (await client.get("/api/v1/jobs", headers=api.as_(Role.VIEWER, "desk-1"))).status_code == 200

    api.run(talk)


def test_an_auditor_sees_the_own_tenants_rows_alone(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        await client.put("/api/v1/portfolios/book-1", json=MIXED_PORTFOLIO)
        mine = (await client.get("/api/v1/audit", headers=api.as_(Role.AUDITOR))).json()["items"]
        assert [row["subject"] for row in mine] == ["portfolio:book-1"]
        assert (await client.get("/api/v1/audit", headers=api.as_(Role.AUDITOR, "other"))).json()["items"] == []

    api.run(talk)


def test_the_cluster_shows_queues_and_workers(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        await client.post("/api/v1/jobs", json={"measure": "noop"})
        found = (await client.get("/api/v1/cluster")).json()
        assert found["workers"] == []
        assert found["queues"]["cpu.rt"]["queued"] == 1
        assert len(found["queues"]) == 7

    api.run(talk)


def test_what_is_promised_and_not_built_says_so(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post("/api/v1/collateral/reports/comprehensive", json={})
        assert answer.status_code == 501
        assert answer.json()["type"] == "/problems/not-built-yet"

    api.run(talk)


@pytest.mark.parametrize(
    "path", ["/api/v1/prices?symbols=A%00", "/api/v1/audit?subject=%00", "/api/v1/jobs?cursor=%0A"]
)
def test_a_query_that_holds_no_plain_text_is_refused(api: Api, path: str) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.get(path)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["column"] == path.partition("?")[2].partition("=")[0]

    api.run(talk)
