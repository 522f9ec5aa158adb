import httpx
import pytest

from api.examples import MIXED_PORTFOLIO, SPEC_PORTFOLIO
from core.names import Role
from tests.integration.api.conftest import Api

PATH = "/api/v1/portfolios/book-1"


def test_what_is_read_can_be_stored_again_and_makes_no_new_version(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        new = await client.put(PATH, json=MIXED_PORTFOLIO)
        assert new.status_code == 201, new.text
        assert new.headers["etag"] == '"1"'
        read = await client.get(PATH)
        assert read.headers["etag"] == '"1"'
        again = await client.put(PATH, json=read.json())
        assert again.status_code == 200, again.text
        assert again.json()["version"] == 1
        positions = {position["id"]: position for position in read.json()["positions"]}
        assert positions["p2"]["quantity"] == -500
        assert "duration" not in positions["p1"]

    api.run(talk)


def test_preconditions_keep_writers_apart(api: Api) -> None:
    changed = {**MIXED_PORTFOLIO, "available_cash": 5.0}

    async def talk(client: httpx.AsyncClient) -> None:
        async def put(body: dict[str, object], **headers: str) -> int:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            return (await client.put(PATH, json=body, headers=names)).status_code

        assert await put(MIXED_PORTFOLIO, if_match='"1"') == 412
        assert await put(MIXED_PORTFOLIO, if_match="*") == 412
        assert await put(MIXED_PORTFOLIO, if_none_match="*") == 201
        assert await put(changed, if_none_match="*") == 412
        assert await put(changed, if_match='"7"') == 412
        assert await put(changed, if_match='"7", "1"') == 200
        assert await put(changed, if_match="3") == 400
        unchanged = await client.get(PATH, headers={"If-None-Match": 'W/"2"'})
        assert unchanged.status_code == 304
        assert unchanged.content == b""
        stale = await client.delete(PATH, headers={"If-Match": '"1"'})
        assert stale.status_code == 412
        assert stale.json()["remedy"]

    api.run(talk)


def test_every_version_is_kept_and_a_deleted_portfolio_is_gone(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        await client.put(PATH, json=MIXED_PORTFOLIO)
        await client.put(PATH, json={**MIXED_PORTFOLIO, "available_cash": 5.0})
        assert (await client.delete(PATH)).status_code == 204
        assert (await client.get(PATH)).status_code == 404
        assert (await client.delete(PATH)).status_code == 404
        first = await client.get(PATH, params={"version": 1})
        assert first.json()["available_cash"] == MIXED_PORTFOLIO["available_cash"]
        versions = (await client.get(f"{PATH}/versions")).json()["items"]
        assert [(item["version"], item["deleted"]) for item in versions] == [(3, True), (2, False), (1, False)]
        assert (await client.get("/api/v1/portfolios")).json()["items"] == []
        actions = [row["action"] for row in (await client.get("/api/v1/audit")).json()["items"]]
        assert actions == ["portfolio.deleted", "portfolio.stored", "portfolio.stored"]

    api.run(talk)


def test_listing_pages_by_id_and_shows_only_the_own_tenant(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        for name in ("c", "a", "b"):
            await client.put(f"/api/v1/portfolios/{name}", json={**SPEC_PORTFOLIO, "id": name})
        first = (await client.get("/api/v1/portfolios", params={"limit": 2})).json()
        rest = (await client.get("/api/v1/portfolios", params={"cursor": first["next"]})).json()
        assert [item["id"] for item in first["items"] + rest["items"]] == ["a", "b", "c"]
        stranger = api.as_(Role.ADMIN, "other")
        assert (await client.get("/api/v1/portfolios", headers=stranger)).json()["items"] == []
        assert (await client.get("/api/v1/portfolios/a", headers=stranger)).status_code == 404

    api.run(talk)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**SPEC_PORTFOLIO, "id": "another"}, "/id"),
        ({**SPEC_PORTFOLIO, "id": "book-1", "available_cash": "1"}, "/available_cash"),
        ({"id": "book-1"}, "/positions"),
        ({**MIXED_PORTFOLIO, "fx": {}}, "/fx"),
    ],
)
def test_a_bad_portfolio_is_not_stored(api: Api, body: dict[str, object], pointer: str) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.put(PATH, json=body)
        assert answer.status_code == 422, answer.text
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]
        assert (await client.get(PATH)).status_code == 404

    api.run(talk)


def test_a_job_on_a_stored_portfolio_takes_the_stored_prices(api: Api) -> None:
    unpriced = {name: value for name, value in SPEC_PORTFOLIO["positions"][0].items() if name != "market_value"}
    book = {"id": "book-1", "positions": [unpriced]}
    job = {"portfolio_id": "book-1"}
    calculate = "/api/v1/collateral/margin/calculate"

    async def talk(client: httpx.AsyncClient) -> None:
        assert (await client.put(PATH, json=book)).status_code == 201
        missing = await client.post(calculate, json=job)
        assert missing.status_code == 422, missing.text
        assert "AAPL" in missing.text
        await client.post("/api/v1/prices", json={"prices": {"AAPL": {"price": 150.0}}})
        found = await client.post(calculate, json=job)
        assert found.status_code == 200, found.text
        assert found.json()["data"]["margin_requirement"]["gross_initial_margin"] == pytest.approx(37_500)

    api.run(talk)


@pytest.mark.parametrize("name", ["%00", "a%0Ab", "%E2%80%AEevil", "%ED%A0%80", "%FF"])
def test_an_address_that_cannot_be_an_id_is_refused_and_names_nothing(api: Api, name: str) -> None:
    path = f"/api/v1/portfolios/{name}"
    body = {field: value for field, value in MIXED_PORTFOLIO.items() if field != "id"}

    async def talk(client: httpx.AsyncClient) -> None:
        put = await client.put(path, json=body)
        assert put.status_code == 422, put.text
        assert [fault["pointer"] for fault in put.json()["errors"]] == ["/id"]
        for gone in (await client.get(path), await client.delete(path), await client.get(f"{path}/versions")):
            assert gone.status_code == 404
            assert gone.headers["content-type"] == "application/problem+json"
        assert (await client.get("/api/v1/portfolios")).json()["items"] == []

    api.run(talk)


def test_the_location_of_a_portfolio_is_an_address_whatever_its_id(api: Api) -> None:
    body = {field: value for field, value in MIXED_PORTFOLIO.items() if field != "id"}

    async def talk(client: httpx.AsyncClient) -> None:
        stored = await client.put("/api/v1/portfolios/Zürich %26 東京", json=body)
        assert stored.status_code == 201, stored.text
        location = stored.headers["location"]
        assert location.isascii()
        assert (await client.get(location)).json()["id"] == "Zürich & 東京"

    api.run(talk)
