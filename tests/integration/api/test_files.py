"""Files of positions over HTTP: stored, checked and computed from; each fault by row and column."""

import gzip
import io
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from pyarrow import parquet

from core.names import Role
from tests.integration.api.conftest import Api
from tests.unit.services.intake.files.workbooks import XLSX, workbook

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
PATH = "/api/v1/portfolios/book-1"
CSV = {"Content-Type": "text/csv"}
GOOD = "Ticker,Qty,Price,Asset Class,Desk\nAAPL,100,150.0,equity,a\nMSFT,-50,300.0,equity,b\n"
BAD = GOOD + "IBM,many,120.0,equity,c\nTSLA,10,200.0,equties,d\n"
HEADER = ["Ticker", "Qty", "Price", "Asset Class"]


def _parquet() -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(
        pa.table(
            {"Ticker": ["AAPL", "MSFT"], "Qty": [100, -50], "Price": [150.0, 300.0], "Asset Class": ["equity"] * 2}
        ),
        buffer,
    )
    return buffer.getvalue()


BODIES = {
    "text/csv": GOOD.encode(),
    "application/vnd.apache.parquet": _parquet(),
    XLSX: workbook([HEADER, ["AAPL", 100, 150.0, "equity"], ["MSFT", -50, 300.0, "equity"]]),
}


@pytest.mark.parametrize("media", list(BODIES))
def test_a_file_is_stored_like_json_and_every_result_says_how_it_was_read(api: Api, media: str) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        stored = await client.put(PATH, content=BODIES[media], headers={"Content-Type": media})
        assert stored.status_code == 201, stored.text
        assert stored.json()["input"]["mapping"]["symbol"] == "Ticker"
        read = (await client.get(PATH)).json()
        assert [one["quantity"] for one in read["positions"]] == [100.0, -50.0]
        assert (await client.put(PATH, json=read)).json()["version"] == 1
        answer = await client.post("/api/v1/collateral/margin/calculate", json={"portfolio_id": "book-1"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"]["input"]["mapping"]["quantity"] == "Qty"

    api.run(talk)


def test_a_file_with_bad_rows_is_refused_whole_and_nothing_is_stored(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        refused = await client.put(PATH, content=BAD, headers=CSV)
        assert refused.status_code == 422
        first, second = refused.json()["errors"]
        assert (first["row"], first["column"], first["value"]) == (4, "Qty", "many")
        assert (second["row"], second["column"], second["value"]) == (5, "Asset Class", "equties")
        assert second["remedy"] == "Did you mean equity?"
        assert (await client.get(PATH)).status_code == 404

    api.run(talk)


def test_accept_partial_takes_the_good_rows_and_the_result_names_the_others(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        url = "/api/v1/collateral/margin/calculate?accept_partial=true&set=id=book-1,as_of=2026-01-30"
        answer = await client.post(url, content=BAD, headers=CSV)
        assert answer.status_code == 200, answer.text
        said = answer.json()["data"]["input"]
        assert (said["rows"], said["taken"], said["rejected_count"]) == (4, 2, 2)
        assert [one["row"] for one in said["rejected_rows"]] == [4, 5]
        good = await client.post(url, content=GOOD, headers=CSV)
        figures = [one.json()["data"]["margin_requirement"]["total_margin"] for one in (answer, good)]
        assert figures[0] == figures[1] > 0

    api.run(talk)


def test_a_job_takes_a_file_and_its_result_says_how_it_was_read(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        url = "/api/v1/jobs?measure=margin&set=id=b&max_attempts=2&fallback=true&parameters="
        accepted = await client.post(url + '{"model":"house"}', content=GOOD, headers=CSV)
        assert accepted.status_code == 202, accepted.text
        job = (await client.get(accepted.headers["location"])).json()
        assert (job["max_attempts"], job["measure"]) == (2, "margin")
        for query in ("?set=id=b", "?measure=margin&set=id=b&parameters={model", "?measure=margin"):
            assert (await client.post("/api/v1/jobs" + query, content=GOOD, headers=CSV)).status_code == 422

    api.run(talk)


def test_a_check_shows_the_mapping_and_stores_nothing(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        url = "/api/v1/portfolios/check?set=id=x"
        found = await client.post(url, content=BAD, headers=CSV)
        assert found.status_code == 200, found.text
        said: dict[str, Any] = found.json()
        assert said["acceptable"] is False
        assert said["unused"] == [{"column": "Desk", "note": ""}]
        assert (await client.post(url, content=GOOD, headers=CSV)).json()["acceptable"] is True
        ambiguous = await client.post(url, content=GOOD.replace("Desk", "ISIN"), headers=CSV)
        assert ambiguous.status_code == 422
        assert "symbol" in ambiguous.json()["detail"]
        told = await client.post(url + "&map=symbol=Ticker", content=GOOD.replace("Desk", "ISIN"), headers=CSV)
        assert told.json()["unused"] == [{"column": "ISIN", "note": 'symbol is taken from "Ticker"'}]
        assert (await client.get("/api/v1/portfolios")).json()["items"] == []
        assert (await client.post(url, content=GOOD, headers={**CSV, **api.as_(Role.VIEWER)})).status_code == 403

    api.run(talk)


def test_what_is_no_such_file_or_too_large_is_answered_by_name(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        async def put(content: Any, media: str = "text/csv", **headers: str) -> tuple[int, str]:
            answer = await client.put(PATH, content=content, headers={"Content-Type": media, **headers})
            return answer.status_code, answer.json()["detail"]

        assert (await put(b"x" * 10, XLSX))[0] == 400
        assert (await put(b"x" * 10, "application/vnd.apache.parquet"))[0] == 400
        status, detail = await put(GOOD, "application/vnd.ms-excel.sheet.macroEnabled.12")
        assert (status, "macros" in detail) == (415, True)
        assert (await put(GOOD, "text/plain"))[0] == 415
        assert (await put(GOOD.encode("utf-16-le")))[0] == 400
        bomb = gzip.compress(b"a,b\n" + b"0,0\n" * (70 << 20), 1)
        status, detail = await put(bomb, **{"Content-Encoding": "gzip"})
        assert (status, "256 MiB" in detail) == (413, True)
        status, detail = await put(GOOD, **{"Content-Length": str(2 << 30)})
        assert (status, "256 MiB" in detail) == (413, True)
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get(PATH)).status_code == 404

    api.run(talk)


def test_the_query_of_a_file_is_refused_beside_json(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        refused = await client.put(f"{PATH}?map=symbol=Ticker", json={"id": "book-1", "positions": []})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["column"] == "map"
        unknown = await client.put(f"{PATH}?mapp=symbol=Ticker", content=GOOD, headers=CSV)
        assert unknown.json()["errors"][0]["remedy"] == "Did you mean 'map'?"
        other = await client.put(f"{PATH}?set=id=other", content=GOOD, headers=CSV)
        assert other.status_code == 422

    api.run(talk)


def test_one_portfolio_of_several_is_chosen_by_name(api: Api) -> None:
    several = "Account,Ticker,Qty,Price,Asset Class\nbook-1,AAPL,1,150,equity\nb,MSFT,2,300,equity\n"

    async def talk(client: httpx.AsyncClient) -> None:
        assert (await client.put(PATH, content=several, headers=CSV)).status_code == 422
        stored = await client.put(f"{PATH}?only=book-1", content=several, headers=CSV)
        assert (stored.status_code, stored.json()["position_count"]) == (201, 1)

    api.run(talk)


def test_for_a_model_that_takes_a_crif_the_csv_is_one(api: Api) -> None:
    crif = (EXAMPLES / "crif.csv").read_bytes()

    async def talk(client: httpx.AsyncClient) -> None:
        url = '/api/v1/collateral/margin/calculate?parameters={"model":"schedule"}&optimize=false'
        answer = await client.post(url, content=crif, headers=CSV)
        assert answer.status_code == 200, answer.text
        body = {"crif": crif.decode(), "parameters": {"model": "schedule"}, "optimize": False}
        same = await client.post("/api/v1/collateral/margin/calculate", json=body)
        results = [one.json()["data"]["model_result"] for one in (answer, same)]
        assert results[0] == results[1]
        assert results[0]["initial_margin"] > 0

    api.run(talk)
