import gzip

import httpx
import pytest

from api.examples import HISTORY, PRICES
from tests.integration.api.conftest import Api

PATH = "/api/v1/prices"
CSV = {"Content-Type": "text/csv"}


def test_prices_are_stored_read_and_never_replaced_by_older_ones(api: Api) -> None:
    old = {"prices": {"AAPL": {"price": 1.0, "as_of": "2020-01-02T16:00:00Z"}}}

    async def talk(client: httpx.AsyncClient) -> None:
        stored = await client.post(PATH, json=PRICES)
        assert stored.status_code == 200, stored.text
        assert stored.json() == {"stored": 2, "kept_newer": []}
        assert (await client.post(PATH, json=old)).json() == {"stored": 0, "kept_newer": ["AAPL"]}
        named = (await client.get(PATH, params={"symbols": "AAPL,NONE"})).json()["items"]
        assert named == [{"symbol": "AAPL", "price": 150.0, "as_of": "2025-06-30T20:00:00Z"}]
        paged = (await client.get(PATH, params={"limit": 1})).json()
        assert paged["next"]

    api.run(talk)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"prices": {"A": {"price": NaN}}}', "/prices/A/price"),
        ('{"prices": {"A": {"price": "1"}}}', "/prices/A/price"),
        ('{"prices": {"A": 1.0}}', "/prices/A"),
        ('{"prices": {"A/B": {}}}', "/prices/A~1B/price"),
        ('{"prices": {"A": {"price": 1, "as_of": "2025-01-31T10:00:00"}}}', "/prices/A/as_of"),
        ('{"prices": {"A": {"price": 1, "as_of": "2999-01-31T10:00:00Z"}}}', "/prices/A/as_of"),
        ('{"price": {}}', "/price"),
        ("[]", ""),
    ],
)
def test_bad_prices_are_named_and_not_stored(api: Api, body: str, pointer: str) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(PATH, content=body.encode(), headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, answer.text
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]
        assert (await client.get(PATH)).json()["items"] == []

    api.run(talk)


def test_a_history_is_stored_plain_and_gzipped_as_one_version(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        stored = await client.post(f"{PATH}/history", content=HISTORY.encode(), headers=CSV)
        assert stored.status_code == 200, stored.text
        assert stored.json()["symbols"]["TSLA"] == {
            "version": 1,
            "first_date": "2025-06-26",
            "last_date": "2025-06-30",
            "observations": 2,
        }
        packed = await client.post(
            f"{PATH}/history", content=gzip.compress(HISTORY.encode()), headers={**CSV, "Content-Encoding": "gzip"}
        )
        assert packed.json() == stored.json()
        listed = (await client.get(f"{PATH}/history")).json()["items"]
        assert [item["symbol"] for item in listed] == ["AAPL", "TSLA"]

    api.run(talk)


@pytest.mark.parametrize(
    ("text", "row", "column"),
    [
        ("Date,A\n2025-01-02,x\n", 2, "A"),
        ("Date,A\n2025-01-02,NaN\n", 2, "A"),
        ("Date,A\n02/01/2025,1\n", 2, "Date"),
        ("Date,A\n2025-01-03,1\n2025-01-02,1\n", 3, "Date"),
        ("Date,A\n2025-01-02,1,2\n", 2, None),
        ("Date,A,A\n2025-01-02,1,2\n", 1, "3"),
        ("Day,A\n2025-01-02,1\n", 1, None),
    ],
)
def test_a_bad_history_is_named_by_row_and_column(api: Api, text: str, row: int, column: str | None) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(f"{PATH}/history", content=text.encode(), headers=CSV)
        assert answer.status_code == 422, answer.text
        found = answer.json()["errors"][0]
        assert (found.get("row"), found.get("column")) == (row, column)

    api.run(talk)


def test_json_is_no_history(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        assert (await client.post(f"{PATH}/history", json={})).status_code == 415

    api.run(talk)
