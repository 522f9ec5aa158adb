"""Margin models other than house through the earlier engine's route: what they do not have is null and listed."""

from pathlib import Path

import httpx
import pytest

from api.examples import SPEC_PORTFOLIO
from tests.integration.api.conftest import Api

CALCULATE = "/api/v1/collateral/margin/calculate"
CRIF = (Path(__file__).parents[2] / "data" / "simm" / "ore_example_crif.csv").read_text()


def test_the_schedule_of_a_portfolio(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(CALCULATE, json={"portfolio": SPEC_PORTFOLIO, "parameters": {"model": "schedule"}})
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        assert data["model"] == "schedule"
        assert data["margin_requirement"]["net_initial_margin"] == pytest.approx(0.15 * 250_000)
        assert data["margin_requirement"]["cross_margin_offset"] is None
        assert {"margin_requirement.cross_margin_offset", "optimization"} <= set(data["not_computed"])
        assert data["model_result"]["net_to_gross_ratio"] == pytest.approx(1.0)

    api.run(talk)


def test_simm_of_a_crif(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        body = {"crif": CRIF, "parameters": {"model": "simm", "version": "2.6"}, "optimize": False}
        answer = await client.post(CALCULATE, json=body)
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        assert data["margin_requirement"]["total_margin"] == pytest.approx(1_086_219.458910127, rel=1e-9)
        assert data["model_result"]["regulation"] == "ESA"

    api.run(talk)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"portfolio": SPEC_PORTFOLIO, "parameters": {"model": "simm"}}, "/portfolio"),
        ({"crif": CRIF, "parameters": {"model": "house"}}, "/crif"),
        ({"crif": CRIF, "portfolio": SPEC_PORTFOLIO, "parameters": {"model": "simm"}}, "/crif"),
        ({"parameters": {"model": "simm"}}, "/crif"),
        ({"portfolio": SPEC_PORTFOLIO, "parameters": {"model": "sim"}}, "/parameters/model"),
    ],
)
def test_the_wrong_kind_of_input_is_named(api: Api, body: dict[str, object], pointer: str) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(CALCULATE, json=body)
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]

    api.run(talk)
