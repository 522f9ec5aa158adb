"""Comparisons over HTTP: histories pinned where there are any, sets of the tenant, pictures, replays, faults."""

import copy
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest

from api.examples import SPEC_PORTFOLIO
from core.names import Measure
from services import costs
from services.costs import CostCurve
from tests.integration.api.conftest import Api
from tests.integration.api.test_parameter_sets import Desk as SetDesk
from tests.integration.api.test_parameter_sets import house
from tests.integration.api.test_replay import AGAIN, Desk, talk

ROUTE = "/api/v1/collateral/compare"
HISTORY = "/api/v1/prices/history"
BOOK: dict[str, Any] = {**copy.deepcopy(SPEC_PORTFOLIO), "as_of": "2025-06-30"}
MODELS = "house,portfolio_margin"


def closes(*symbols: str, days: int = 300) -> str:
    steps = 0.01 * np.random.default_rng(4).standard_normal((days, len(symbols)))
    path = 100.0 * np.exp(steps.cumsum(axis=0))
    dates = np.datetime64("2025-06-30") - np.arange(days)[::-1]
    rows = [f"{day},{','.join(f'{value:.4f}' for value in row)}" for day, row in zip(dates, path, strict=True)]
    return "\n".join([f"Date,{','.join(symbols)}", *rows])


async def store(client: httpx.AsyncClient, *symbols: str) -> None:
    answer = await client.post(HISTORY, content=closes(*symbols), headers={"Content-Type": "text/csv"})
    assert answer.is_success, answer.text


def body(**parameters: Any) -> dict[str, Any]:
    return {"measure": "compare", "portfolio": BOOK, "parameters": {"models": MODELS, "confidence": 0.95, **parameters}}


def test_histories_are_pinned_where_they_are_stored_and_a_replay_is_equal(api: Api) -> None:
    async def story(desk: Desk) -> None:
        _first, without = await desk.done(body())
        assert without["no_coverage"] == "No price history of AAPL, TSLA."
        await store(desk.client, "AAPL")
        _second, part = await desk.done(body())
        assert part["no_coverage"] == "No price history of TSLA."
        await store(desk.client, "TSLA")
        job_id, whole = await desk.done(body())
        assert whole["no_coverage"] is None
        assert whole["backtest"]["dates"] == 149
        assert len(whole["path"]) == 2 * 149
        await store(desk.client, "AAPL", "TSLA")  # a later version: what is pinned stays what it was
        replayed = await desk.replayed(job_id)
        assert replayed["verdict"] == "equal", replayed
        pinned = await desk.get(f"/api/v1/jobs/{job_id}/inputs")
        (entry, _) = pinned["parameters"]["models"]
        assert entry["label"] == "house"
        assert entry["parameters"]["version"] == "1.0"
        assert "given" not in entry

    talk(api, story)


def test_what_inputs_answers_sent_again_is_the_same_comparison(api: Api) -> None:
    async def story(desk: Desk) -> None:
        sets = SetDesk(api, desk.client)
        await sets.approved("wide", house(initial_rate=0.5))
        asked = body(models="house@1.0,house@wide@1,fhs")
        job_id, result = await desk.done(asked)
        plain, wide, _ = result["entries"]
        assert plain["version"] == "1.0"
        assert (wide["version"], wide["parameter_set"]["set"]) == ("wide@1", "wide@1")
        assert wide["initial_margin"] == pytest.approx(2.0 * plain["initial_margin"])
        assert result["entries"][2]["error"]["code"] == "history-unusable"
        given = await desk.get(f"/api/v1/jobs/{job_id}/inputs")
        _again, again = await desk.done({name: given[name] for name in AGAIN})
        assert [one["figures"] for one in again["entries"]] == [one["figures"] for one in result["entries"]]
        assert [one["label"] for one in again["entries"]] == [one["label"] for one in result["entries"]]

    talk(api, story)


def test_a_model_without_a_version_is_of_the_active_set(api: Api) -> None:
    async def story(desk: Desk) -> None:
        sets = SetDesk(api, desk.client)
        await sets.approved("wide", house(initial_rate=0.5))
        activated = await sets.step("wide", "activate")
        assert activated.status_code == 201, activated.text
        today = {**BOOK, "as_of": activated.json()["active_from"]}
        _job, result = await desk.done({**body(models="house@1.0,house"), "portfolio": today})
        assert [entry["version"] for entry in result["entries"]] == ["1.0", "wide@1"]
        missing = await desk.client.post("/api/v1/jobs", json=body(models="house,house@nothing@1"))
        assert missing.status_code == 422
        assert missing.json()["errors"][0]["pointer"] == "/parameters/models/1/parameters/parameter_set"

    talk(api, story)


def test_a_small_one_is_answered_at_once_and_drawn(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    curve = CostCurve(fixed_ms=0.0, slope_ms=1e-6)
    monkeypatch.setattr(costs, "_CURVES", {(Measure.MARGIN, name): curve for name in ("house", "portfolio_margin")})
    api = replace(api, settings=replace(api.settings, interactive_budget_ms=60_000.0))

    async def ask(client: httpx.AsyncClient) -> None:
        await store(client, "AAPL", "TSLA")
        asked = {name: value for name, value in body().items() if name != "measure"}
        answer = await client.post(ROUTE, json=asked)
        assert answer.status_code == 200, answer.text
        found = answer.json()["data"]
        assert [entry["label"] for entry in found["entries"]] == ["house", "portfolio_margin"]
        picture = await client.post(ROUTE, json=asked, headers={"Accept": "image/svg+xml"})
        assert picture.status_code == 200, picture.text
        assert "portfolio_margin" in picture.text
        assert "at 0.95 coverage" in picture.text

    api.run(ask)


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"models": "simm,reg_t"}, "/parameters/models"),
        ({"models": "house"}, "/parameters/models"),
        ({"models": "house@1.0,house"}, "/parameters/models/1"),
        ({"models": "house,huose"}, "/parameters/models/1/model"),
        ({"models": [{"model": "house"}, {"model": "fhs", "parameters": {"apc": "x"}}]},
         "/parameters/models/1/parameters/apc"),
        ({"horizon_days": 0}, "/parameters/horizon_days"),
    ],
)  # fmt: skip
def test_what_will_not_do_is_refused_before_anything_is_stored(
    api: Api, parameters: dict[str, Any], pointer: str
) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.client.post("/api/v1/jobs", json=body(**parameters))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer
        assert (await desk.get("/api/v1/jobs"))["items"] == []

    talk(api, story)


def test_a_crif_for_models_of_positions_is_refused_by_name(api: Api) -> None:
    async def story(desk: Desk) -> None:
        crif = "PortfolioID,RiskType,Amount\nP,Risk_FX,1\n"
        answer = await desk.client.post(
            "/api/v1/jobs", json={"measure": "compare", "crif": crif, "parameters": {"models": MODELS}}
        )
        assert answer.status_code == 422
        (fault,) = answer.json()["errors"]
        assert fault["pointer"] == "/crif"
        assert "does not take a CRIF" in fault["detail"]

    talk(api, story)
