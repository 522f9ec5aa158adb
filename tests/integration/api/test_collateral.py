import asyncio
import copy
import json
from dataclasses import replace
from uuid import UUID

import httpx
import pytest

from api.examples import MARGIN_CALCULATE, MIXED_PORTFOLIO, SPEC_PORTFOLIO
from core.names import Role
from core.security import DEFAULT_TENANT, Principal
from services import execute, jobs
from services.calculate import Calculated, calculate
from services.intake.decode import decode_margin
from services.runtime import Runtime
from tests.integration.api.conftest import Api

CALCULATE = "/api/v1/collateral/margin/calculate"
OPTIMIZE = "/api/v1/collateral/margin/optimize"


def test_the_example_of_the_earlier_engine(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(CALCULATE, json=MARGIN_CALCULATE)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["success"] is True
        data = body["data"]
        margin = data["margin_requirement"]
        assert margin["gross_initial_margin"] == pytest.approx(37_500 + 30_625)
        assert set(margin["position_margins"]) == {"pos_001", "pos_002"}
        assert data["optimization"]["margin_savings"] == pytest.approx(margin["cross_margin_offset"])
        assert data["stress_test"] is None
        assert "stress_test" in data["not_computed"]
        job = await client.get(answer.headers["content-location"])
        assert job.json()["state"] == "done"
        assert job.json()["result"]["initial_margin"] == margin["net_initial_margin"]
        assert job.json()["result"]["beside"]["margin_savings"] == data["optimization"]["margin_savings"]
        rows = (await client.get("/api/v1/audit", params={"job_id": job.json()["id"]})).json()["items"]
        assert [row["action"] for row in rows] == ["margin.computed"]

    api.run(talk)


def test_the_job_in_hand_is_the_job_that_was_stored(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(CALCULATE, json=MARGIN_CALCULATE)
        runtime = Runtime.for_process(api.settings, pool_size=1)
        principal = Principal(tenant=DEFAULT_TENANT, subject="test", role=Role.ADMIN)
        wanted = decode_margin(json.dumps(MARGIN_CALCULATE).encode()).job
        found = await asyncio.to_thread(calculate, runtime, principal, wanted, trace="t")
        assert isinstance(found, Calculated)
        assert jobs.show(runtime, principal, found.job.id) == found.job
        runtime.close()
        assert answer.status_code == 200

    api.run(talk)


def test_optimize_takes_a_bare_portfolio(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(OPTIMIZE, json=SPEC_PORTFOLIO)
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        assert data["original_margin"] == pytest.approx(37_500 + 30_625)
        assert data["optimized_margin"] == pytest.approx(data["original_margin"] - data["margin_savings"])

    api.run(talk)


def test_position_margins_beyond_a_thousand_are_in_the_answer_on_request(api: Api) -> None:
    position = SPEC_PORTFOLIO["positions"][0]
    book = {**SPEC_PORTFOLIO, "positions": [{**position, "id": f"p{i}"} for i in range(1001)]}

    async def talk(client: httpx.AsyncClient) -> None:
        short = (await client.post(CALCULATE, json={"portfolio": book})).json()["data"]["margin_requirement"]
        assert short["position_margins"] is None
        answer = await client.post(CALCULATE, params={"include": "positions"}, json={"portfolio": book})
        assert len(answer.json()["data"]["margin_requirement"]["position_margins"]) == 1001
        assert (await client.post(CALCULATE, params={"include": "all"}, json={"portfolio": book})).status_code == 422

    api.run(talk)


def test_an_idempotent_calculation_is_stored_once(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        key = {"Idempotency-Key": "m-1"}
        first = await client.post(CALCULATE, json=MARGIN_CALCULATE, headers=key)
        second = await client.post(CALCULATE, json=MARGIN_CALCULATE, headers=key)
        assert first.status_code == second.status_code == 200
        assert first.content == second.content
        assert len((await client.get("/api/v1/jobs")).json()["items"]) == 1

    api.run(talk)


def test_respond_async_is_202_and_the_job_gives_the_same_margin(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(CALCULATE, json=MARGIN_CALCULATE, headers={"Prefer": "respond-async"})
        assert answer.status_code == 202
        assert answer.headers["preference-applied"] == "respond-async"
        await _work(api, answer.json()["id"])
        job = (await client.get(answer.headers["location"])).json()
        now = (await client.post(CALCULATE, json=MARGIN_CALCULATE)).json()["data"]["margin_requirement"]
        assert job["result"]["total_margin"] == now["total_margin"]

    api.run(talk)


def test_what_is_over_the_budget_waits_for_a_worker_and_then_answers_202(api: Api) -> None:
    slow = replace(api, settings=replace(api.settings, interactive_budget_ms=0.0, calculation_timeout=0.3))

    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(CALCULATE, json=MARGIN_CALCULATE)
        assert answer.status_code == 202
        assert answer.headers["location"].startswith("/api/v1/jobs/")

    slow.run(talk)


def test_what_is_over_the_budget_and_done_in_time_is_answered_200(api: Api) -> None:
    queued = replace(api, settings=replace(api.settings, interactive_budget_ms=0.0))

    async def talk(client: httpx.AsyncClient) -> None:
        async def calculate() -> httpx.Response:
            return await client.post(CALCULATE, json=MARGIN_CALCULATE)

        waiting = asyncio.create_task(calculate())
        while len(items := (await client.get("/api/v1/jobs")).json()["items"]) < 2:
            await asyncio.sleep(0.05)
        for item in items:
            await _work(api, item["id"])
        answer = await waiting
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        assert data["optimization"]["margin_savings"] == pytest.approx(
            data["margin_requirement"]["cross_margin_offset"]
        )

    queued.run(talk)


def test_status_and_performance_count_what_was_computed(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        await client.post(CALCULATE, json=MARGIN_CALCULATE)
        await client.put("/api/v1/portfolios/book-1", json=MIXED_PORTFOLIO)
        status = (await client.get("/api/v1/collateral/status")).json()
        assert status["performance_metrics"]["calculations_performed"] == 1
        assert status["active_portfolios"] == 1
        assert status["hardware_acceleration"]["gpu"] is False
        performance = (await client.get("/api/v1/collateral/performance/metrics")).json()["data"]
        assert performance["performance_metrics"]["average_calculation_time_ms"] > 0

    api.run(talk)


def test_health_shows_the_count_of_portfolios_only_with_a_token(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        for path in ("/health", "/api/v1/collateral/health"):
            known = (await client.get(path)).json()
            assert known["active_portfolios"] == 0
            stranger = await client.get(path, headers={"Authorization": "Bearer nonsense"})
            assert stranger.status_code == 200
            assert stranger.json()["active_portfolios"] is None
            assert {"status", "engine_status", "hardware_acceleration", "timestamp"} <= set(known)

    api.run(talk)


def test_a_viewer_may_not_calculate(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        assert (await client.post(CALCULATE, json=MARGIN_CALCULATE)).status_code == 403

    api.run(talk, Role.VIEWER)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"quantity": "1000"}, "/portfolio/positions/1/quantity"),
        ({"quantity": True}, "/portfolio/positions/1/quantity"),
        ({"asset_class": "bonds"}, "/portfolio/positions/1/asset_class"),
        ({"id": "pos_001"}, "/portfolio/positions/1/id"),
        ({"price": 1.0}, "/portfolio/positions/1/market_value"),
        ({"quantitty": 1.0}, "/portfolio/positions/1/quantitty"),
        ({"currency": "EUR"}, "/portfolio/fx"),
    ],
)
def test_a_bad_value_is_named_by_its_pointer(api: Api, change: dict[str, object], pointer: str) -> None:
    body = copy.deepcopy(MARGIN_CALCULATE)
    body["portfolio"]["positions"][1] |= change

    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(CALCULATE, json=body)
        assert answer.status_code == 422, answer.text
        assert pointer in {error["pointer"] for error in answer.json()["errors"]}
        assert (await client.get("/api/v1/jobs")).json()["items"] == []

    api.run(talk)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e309", "-1e400"])
def test_a_number_that_is_none_is_never_echoed(api: Api, value: str) -> None:
    text = (
        '{"portfolio":{"id":"x","positions":[{"id":"a","symbol":"A","asset_class":"equity","quantity":%s,"price":1}]}}'
    )

    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(
            CALCULATE, content=(text % value).encode(), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == "/portfolio/positions/0/quantity"
        assert value not in answer.text

    api.run(talk)


async def _work(api: Api, job_id: str) -> None:
    runtime = Runtime.for_process(api.settings, pool_size=2)
    try:
        await asyncio.to_thread(execute.execute, runtime, UUID(job_id), worker="test")
    finally:
        runtime.close()
