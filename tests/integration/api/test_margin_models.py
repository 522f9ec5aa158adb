"""CRIF files over the wire: simm and schedule as jobs, and what is refused before there is one."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest

from services import execute
from services.runtime import Runtime
from tests.integration.api.conftest import Api

JOBS = "/api/v1/jobs"
HEADER = "TradeID,PortfolioID,IMModel,ProductClass,RiskType,Qualifier,Bucket,Label1,Label2,AmountUSD"
RATES = "t1,P,SIMM,RatesFX,Risk_IRCurve,USD,1,5y,OIS,10000"
EQUITY = "t2,P,SIMM,Equity,Risk_Equity,ACME,1,,,-20000"
SIMM = {"measure": "margin", "parameters": {"model": "simm", "version": "2.5"}}
POSITION = {"id": "p", "symbol": "ACME", "quantity": 1, "price": 10, "asset_class": "equity", "currency": "USD"}
PORTFOLIO = {
    "id": "book",
    "currency": "USD",
    "available_cash": 1_000,
    "positions": [
        {"id": "p", "symbol": "ACME", "quantity": 1, "price": 10, "asset_class": "equity", "currency": "USD"}
    ],
}


def crif(*rows: str) -> str:
    return "\n".join((HEADER, *rows, ""))


async def computed(api: Api, client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(JOBS, json=body)
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["id"]
    runtime = Runtime.for_process(api.settings, pool_size=2)
    try:
        await asyncio.to_thread(execute.execute, runtime, uuid.UUID(job_id), worker="test")
    finally:
        runtime.close()
    document = (await client.get(f"{JOBS}/{job_id}")).json()
    assert document["state"] == "done", document["error"]
    result: dict[str, Any] = document["result"]
    return result


def refused(api: Api, body: dict[str, Any]) -> list[dict[str, Any]]:
    async def talk(client: httpx.AsyncClient) -> list[dict[str, Any]]:
        answer = await client.post(JOBS, json=body)
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")
        errors: list[dict[str, Any]] = answer.json()["errors"]
        return errors

    return api.run(talk)


def test_one_netting_set(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        result = await computed(api, client, {**SIMM, "crif": crif(RATES, EQUITY)})
        assert result["model"] == "simm"
        assert result["version"] == "2.5"
        assert result["portfolio_id"] == "P"
        assert result["currency"] == "USD"
        # The weights of 2.5: 52 for five years of a regular currency, 26 for equity bucket 1; two product classes add.
        assert result["breakdown"]["RatesFX"] == pytest.approx(10_000 * 52, rel=1e-12)
        assert result["breakdown"]["Equity"] == pytest.approx(20_000 * 26, rel=1e-12)
        assert result["initial_margin"] == pytest.approx(10_000 * 52 + 20_000 * 26, rel=1e-12)
        assert result["input"]["rows"] == 2
        assert "ISDA" in result["parameter_set"]["license"]

    api.run(talk)


def test_several_netting_sets_are_a_list_with_their_sum(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        rows = [RATES, RATES.replace(",P,", ",Q,").replace("10000", "-20000")]
        result = await computed(api, client, {**SIMM, "crif": crif(*rows)})
        margins = {one["portfolio_id"]: one["initial_margin"] for one in result["netting_sets"]}
        assert margins == pytest.approx({"P": 520_000.0, "Q": 1_040_000.0}, rel=1e-12)
        assert result["initial_margin"] == pytest.approx(1_560_000.0, rel=1e-12)

    api.run(talk)


def test_rows_of_the_other_model_are_counted(api: Api) -> None:
    other = "t3,P,Schedule,Rates,Notional,,,,,1000000"

    async def talk(client: httpx.AsyncClient) -> None:
        result = await computed(api, client, {**SIMM, "crif": crif(RATES, other)})
        assert result["initial_margin"] == pytest.approx(520_000.0, rel=1e-12)
        assert result["input"]["rows_of_other_models"] == {"Schedule": 1}

    api.run(talk)


def test_the_schedule_from_a_crif_and_from_positions(api: Api) -> None:
    head = "TradeID,PortfolioID,IMModel,ProductClass,RiskType,ValuationDate,EndDate,AmountUSD"
    rows = (
        "t,P,Schedule,Rates,Notional,2026-11-23,2029-11-22,1000000",
        "t,P,Schedule,Rates,PV,2026-11-23,2029-11-22,-5",
    )

    async def talk(client: httpx.AsyncClient) -> None:
        wanted = {"measure": "margin", "parameters": {"model": "schedule"}}
        result = await computed(api, client, {**wanted, "crif": "\n".join((head, *rows, ""))})
        assert result["initial_margin"] == pytest.approx(0.02 * 1_000_000, rel=1e-12)  # nothing is owed: NGR is 1
        result = await computed(api, client, {**wanted, "portfolio": PORTFOLIO})
        assert result["initial_margin"] == pytest.approx(0.15 * 10, rel=1e-12)

    api.run(talk)


def test_cells_that_cannot_be_used_come_back_by_row_and_column(api: Api) -> None:
    rows = (
        RATES,
        RATES.replace("5y", "4y"),
        EQUITY.replace("Risk_Equity", "Risk_Weather"),
        RATES.replace("10000", "ten"),
    )
    errors = refused(api, {**SIMM, "crif": crif(*rows)})
    found = {(error["row"], error["column"], error["pointer"]) for error in errors}
    assert found == {(3, "Label1", "/crif"), (4, "RiskType", "/crif"), (5, "AmountUSD", "/crif")}
    assert all(error["detail"] and error["remedy"] for error in errors)


@pytest.mark.parametrize("text", ["", "no table at all", 'a,PortfolioID\n"x'])
def test_a_text_that_is_no_crif_is_named(api: Api, text: str) -> None:
    (error,) = refused(api, {**SIMM, "crif": text})
    assert error["pointer"] == "/crif"


def test_simm_takes_no_positions_and_house_no_crif(api: Api) -> None:
    (error,) = refused(api, {**SIMM, "portfolio": PORTFOLIO})
    assert error["pointer"] == "/portfolio"
    assert "crif" in error["remedy"]
    (error,) = refused(api, {"measure": "margin", "crif": crif(RATES)})
    assert error["pointer"] == "/crif"
    assert "simm" in error["remedy"]


def test_parameters_are_the_models_own(api: Api) -> None:
    (error,) = refused(
        api, {"measure": "margin", "parameters": {"model": "simm", "version": "2.1"}, "crif": crif(RATES)}
    )
    assert error["pointer"] == "/parameters/version"
    (error,) = refused(api, {"measure": "margin", "parameters": {"model": "simm", "mpor_days": 5}, "crif": crif(RATES)})
    assert error["pointer"] == "/parameters/mpor_days"


def test_a_calculation_currency_needs_its_rate(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        parameters = {**SIMM["parameters"], "calculation_currency": "EUR", "fx": {"EUR/USD": 1.25}}  # type: ignore[dict-item]
        result = await computed(api, client, {**SIMM, "parameters": parameters, "crif": crif(RATES)})
        assert result["currency"] == "EUR"
        assert result["initial_margin"] == pytest.approx(520_000.0 / 1.25, rel=1e-12)

    api.run(talk)
    parameters = {"model": "simm", "calculation_currency": "EUR"}
    errors = refused(api, {"measure": "margin", "parameters": parameters, "crif": crif(RATES)})
    assert "/parameters/fx" in {error["pointer"] for error in errors}
