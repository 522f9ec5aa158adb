"""The stress test over HTTP: the earlier engine's shape, our own words, the picture, problems by pointer."""

import httpx
import pytest

from api.examples import SPEC_PORTFOLIO, STRESS, STRESS_TEST
from tests.integration.api.conftest import Api

SPEC, OURS = "/api/v1/collateral/stress-test", "/api/v1/collateral/stress"
FIELDS = {
    "scenario", "base_margin", "stressed_margin", "margin_increase", "margin_increase_percent", "positions_at_risk",
    "estimated_liquidation_value", "passes_test",
}  # fmt: skip


def test_the_earlier_shape_with_figures_that_differ_by_scenario(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(SPEC, json=STRESS_TEST)
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        assert data["portfolio_id"] == SPEC_PORTFOLIO["id"]
        assert data["tested_scenarios"] == STRESS_TEST["scenarios"]
        first, second = data["stress_test_results"]
        assert first.keys() >= FIELDS
        assert first["profit_and_loss"] != second["profit_and_loss"]
        for each in (first, second):
            assert each["stressed_margin"] - each["base_margin"] == pytest.approx(each["margin_increase"])
            assert each["passes_test"] is (each["available_funds"] >= 0.0)
        assert data["overall_assessment"]["all_scenarios_passed"] is all(
            each["passes_test"] for each in (first, second)
        )
        assert data["overall_assessment"]["max_margin_increase_percent"] == max(
            each["margin_increase_percent"] for each in (first, second)
        )
        assert data["not_computed"] == []
        job = (await client.get(f"/api/v1/jobs/{data['job_id']}")).json()
        assert (job["measure"], job["state"]) == ("stress", "done")

    api.run(talk)


def test_without_names_all_are_tested_and_a_poor_account_fails(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        poor = {**SPEC_PORTFOLIO, "available_cash": 1.0}
        data = (await client.post(SPEC, json={"portfolio": poor})).json()["data"]
        assert len(data["tested_scenarios"]) == 26
        assert data["overall_assessment"]["all_scenarios_passed"] is False
        assert data["overall_assessment"]["recommendation"].startswith("Add collateral of ")

    api.run(talk)


def test_an_empty_portfolio_is_answered(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(SPEC, json={"portfolio": {"id": "none", "positions": [], "available_cash": 0}})
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        assert data["overall_assessment"]["all_scenarios_passed"] is True
        assert data["stress_test_results"][0]["margin_increase_percent"] is None
        assert "stress_test_results.0.margin_increase_percent" in data["not_computed"]

    api.run(talk)


def test_our_own_words_and_the_picture(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(OURS, json=STRESS)
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        assert [each["scenario"] for each in data["scenarios"]] == ["gfc_2008", "rates_up_200"]
        assert [each["spot"] for each in data["grid"]] == [-0.2, 0.0, 0.2]
        picture = await client.post(OURS, json=STRESS, headers={"Accept": "image/svg+xml"})
        assert picture.text.startswith("<svg")
        assert "gfc_2008" in picture.text

    api.run(talk)


@pytest.mark.parametrize(
    ("given", "pointer", "words"),
    [
        ({"scenarios": ["gfc_2009"]}, "/scenarios/0", "gfc_2008"),
        ({"scenarios": []}, "/scenarios", "one text or a list"),
        ({"scenarios": [3]}, "/scenarios", "must be a text"),
        ({"scenarios": ["gfc_2008", "gfc_2008"]}, "/scenarios", "more than once"),
        ({"scenarios": ["gfc_2008"], "parameters": {"scenarios": ["covid_2020"]}}, "/scenarios", "too"),
        ({"parameters": 3}, "/parameters", "must be an object"),
        ({"parameters": {"shocks": {"a": {"percent": {"SPX": -101}}}}}, "/parameters/shocks/a/percent/SPX", "-100"),
        ({"parameters": {"grid": {"spot": []}}}, "/parameters/grid/spot", "one or more"),
        ({"parameters": {"model": "simm"}}, "/parameters/model", "unknown"),
        ({"scenario": ["gfc_2008"]}, "/scenario", "scenarios"),
    ],
)
def test_what_is_wrong_is_said_by_pointer(api: Api, given: dict[str, object], pointer: str, words: str) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(SPEC, json={"portfolio": SPEC_PORTFOLIO, **given})
        assert answer.status_code == 422, answer.text
        faults = answer.json()["errors"]
        assert pointer in [fault["pointer"] for fault in faults], faults
        assert words in answer.text

    api.run(talk)


def test_a_crif_has_no_prices_to_move(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(OURS, json={"crif": "RiskType,Qualifier\nRisk_FX,EUR\n"})
        assert answer.status_code == 422, answer.text
        assert "crif" in answer.text

    api.run(talk)
