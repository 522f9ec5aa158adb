"""What-if over HTTP: stored books in their latest version, pictures, jobs, problems by pointer."""

import copy
import math
from datetime import date, timedelta

import httpx
import pytest

from api.examples import MIXED_PORTFOLIO, SPEC_PORTFOLIO, WHATIF
from core.names import Role
from tests.integration.api.conftest import Api

ROUTE = "/api/v1/collateral/whatif"
BOOK = "/api/v1/portfolios/portfolio_001"
SELL = {"basket": {"trades": [{"id": "pos_001", "quantity": -400}]}}


def test_a_stored_book_is_answered_in_its_latest_version(api: Api) -> None:
    async def ask(client: httpx.AsyncClient) -> dict[str, dict[str, float]]:
        answer = await client.post(ROUTE, json={"portfolio_id": "portfolio_001", "parameters": SELL})
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def talk(client: httpx.AsyncClient) -> None:
        await client.put(BOOK, json=SPEC_PORTFOLIO)
        first = await ask(client)
        assert (await ask(client))["after"] == first["after"]
        larger = copy.deepcopy(SPEC_PORTFOLIO)
        larger["positions"][0]["quantity"] = 2000
        await client.put(BOOK, json=larger)
        second = await ask(client)
        assert second["before"]["initial_margin"] > first["before"]["initial_margin"]
        margin = await client.post("/api/v1/collateral/margin/calculate", json={"portfolio": larger})
        shown = margin.json()["data"]["margin_requirement"]["net_initial_margin"]
        assert second["before"]["initial_margin"] == shown
        job = (await client.get(f"/api/v1/jobs/{second['job_id']}")).json()
        assert job["portfolio_version"] == 2
        assert job["result"]["after"] == second["after"]
        await client.delete(BOOK)
        gone = await client.post(ROUTE, json={"portfolio_id": "portfolio_001", "parameters": SELL})
        assert gone.status_code == 404

    api.run(talk)


def test_another_tenants_book_is_not_there_even_when_it_is_resident(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        await client.put(BOOK, json=SPEC_PORTFOLIO)
        asked = {"portfolio_id": "portfolio_001", "parameters": SELL}
        assert (await client.post(ROUTE, json=asked)).status_code == 200
        other = await client.post(ROUTE, json=asked, headers=api.as_(Role.TRADER, "other"))
        assert other.status_code == 404

    api.run(talk)


def test_a_stored_price_is_taken_for_a_new_position_and_pinned(api: Api) -> None:
    asked = {
        "portfolio": SPEC_PORTFOLIO,
        "parameters": {"basket": {"trades": [{"symbol": "NEW", "asset_class": "equity", "quantity": 10}]}},
    }

    async def talk(client: httpx.AsyncClient) -> None:
        missing = await client.post(ROUTE, json=asked)
        assert missing.status_code == 422
        assert missing.json()["errors"][0]["pointer"] == "/parameters/basket/trades/0/price"
        await client.post("/api/v1/prices", json={"prices": {"NEW": {"price": 42.0}}})
        found = await client.post(ROUTE, json=asked)
        assert found.status_code == 200, found.text
        inputs = (await client.get(f"/api/v1/jobs/{found.json()['data']['job_id']}/inputs")).json()
        assert inputs["parameters"]["basket"]["trades"][0]["price"] == 42.0

    api.run(talk)


def test_the_history_of_a_new_symbol_is_read_and_pinned_with_the_others(api: Api) -> None:
    symbols = [position["symbol"] for position in SPEC_PORTFOLIO["positions"]]
    rows = [f"{date(2023, 1, 1) + timedelta(day)}" for day in range(900)]
    wide = [
        [row, *(f"{100 + math.sin(day * (place + 1)):.4f}" for place in range(len(symbols) + 1))]
        for day, row in enumerate(rows)
    ]
    history = "\n".join(",".join(row) for row in [["date", *symbols, "NEW"], *wide])

    def asked(symbol: str) -> dict[str, object]:
        trade = {"symbol": symbol, "asset_class": "equity", "quantity": 10, "price": 50.0}
        return {"portfolio": SPEC_PORTFOLIO, "parameters": {"model": "fhs", "basket": {"trades": [trade]}}}

    async def talk(client: httpx.AsyncClient) -> None:
        sent = await client.post("/api/v1/prices/history", content=history, headers={"Content-Type": "text/csv"})
        assert sent.status_code == 200, sent.text
        answer = await client.post("/api/v1/jobs", json={"measure": "whatif", **asked("NEW")})
        assert answer.status_code == 202, answer.text
        refused = await client.post(ROUTE, json=asked("OTHER"))
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/parameters/basket/trades"
        assert "No price history is stored for 'OTHER'" in refused.json()["errors"][0]["detail"]

    api.run(talk)


def test_a_picture_where_one_is_asked_for(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        picture = await client.post(ROUTE, json=WHATIF, headers={"Accept": "image/svg+xml"})
        assert picture.status_code == 200, picture.text
        assert picture.headers["content-type"] == "image/svg+xml"
        assert picture.text.startswith("<svg")
        job = picture.headers["content-location"]
        again = await client.get(f"{job}/result", headers={"Accept": "image/svg+xml"})
        assert again.headers["content-type"].startswith("image/svg+xml")
        assert again.text.startswith("<svg")
        none = await client.post(
            "/api/v1/collateral/price", json={"portfolio": MIXED_PORTFOLIO}, headers={"Accept": "image/svg+xml"}
        )
        assert none.status_code == 406

    api.run(talk)


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({}, "/parameters/basket"),
        ({"basket": {"trades": [{"close": "nobody"}]}}, "/parameters/basket/trades/0/close"),
        ({**SELL, "limits": {"initial_margin": {"min": 2, "max": 1}}}, "/parameters/limits/initial_margin/min"),
        ({"basket": {"collateral": {"equity": -1}}}, "/parameters/basket/collateral/equity"),
        ({"basket": {"crif": "x"}}, "/parameters/basket/crif"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_stored(api: Api, parameters: dict, pointer: str) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(ROUTE, json={"portfolio": SPEC_PORTFOLIO, "parameters": parameters})
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert (await client.get("/api/v1/jobs")).json()["items"] == []

    api.run(talk)
