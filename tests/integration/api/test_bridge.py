"""A bridge to a stored margin, as a job: what it begins at, what it refuses, and its own replay."""

import math
from typing import Any

import pytest

from core.names import Role
from tests.integration.api.conftest import Api
from tests.integration.api.test_replay import BOOK, CRIF, JOBS, SIMM, Desk, talk

TODAY: dict[str, Any] = {
    **BOOK,
    "as_of": "2024-06-03",
    "fx": {"EUR/USD": 1.1},
    "positions": [
        {**BOOK["positions"][0], "quantity": 200, "price": 194.5},
        {**BOOK["positions"][1], "price": 95.0},
        {"id": "n", "symbol": "MSFT", "asset_class": "equity", "currency": "USD", "quantity": 10, "price": 415.0},
    ],
}


def body(job_id: str, portfolio: dict[str, Any] | None = None, **parameters: Any) -> dict[str, Any]:
    return {"measure": "bridge", "portfolio": portfolio or TODAY, "parameters": {"earlier": job_id, **parameters}}


def closes(result: dict[str, Any]) -> None:
    for name, change in result["change"].items():
        assert math.fsum(step["figures"][name] for step in result["steps"]) == change


@pytest.mark.parametrize("method", ["sequential", "shapley"])
def test_from_a_stored_margin_to_todays(api: Api, method: str) -> None:
    async def story(desk: Desk) -> None:
        earlier_id, before = await desk.done({"measure": "margin", "portfolio": BOOK})
        _, now = await desk.done({"measure": "margin", "portfolio": TODAY})
        bridge_id, result = await desk.done(body(earlier_id, method=method))
        assert result["earlier"]["job_id"] == earlier_id
        assert result["earlier"]["code_version"] == result["today"]["code_version"]
        assert result["waterfall"][0]["running"] == before["initial_margin"]
        assert result["waterfall"][-1]["running"] == now["initial_margin"]
        assert [step["step"] for step in result["steps"]] == ["trades", "prices", "fx", "time"]
        assert {row["id"]: row["change"] for row in result["trades"]} == {"a": "changed", "n": "added", "c": "removed"}
        closes(result)
        assert (await desk.replayed(bridge_id))["verdict"] == "equal"
        own = {"portfolio": TODAY, "parameters": {"earlier": earlier_id, "method": method}}
        answer = await desk.client.post("/api/v1/collateral/bridge", json=own)
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"]["waterfall"] == result["waterfall"]
        drawn = await desk.client.post("/api/v1/collateral/bridge", json=own, headers={"Accept": "image/svg+xml"})
        assert drawn.headers["content-type"].startswith("image/svg+xml")
        assert "trades" in drawn.text
        given = await desk.get(f"{JOBS}/{bridge_id}/inputs")
        assert given["market"]["earlier"]["job_id"] == earlier_id

    talk(api, story)


def test_it_begins_at_the_stored_figure_whatever_todays_code_says(api: Api) -> None:
    async def story(desk: Desk) -> None:
        earlier_id, before = await desk.done({"measure": "margin", "portfolio": BOOK})
        desk.rewrite(earlier_id, initial_margin=1.01)
        desk.alter("UPDATE jobs SET code_version = '0+old' WHERE id = :id", id=earlier_id)
        _, result = await desk.done(body(earlier_id, BOOK))
        (only,) = result["steps"]
        assert only["step"] == "model_version"
        assert only["figures"]["initial_margin"] == pytest.approx(-0.01 * before["initial_margin"])
        assert only["figures"]["maintenance_margin"] == 0.0
        assert "0+old" in only["what"]
        closes(result)

    talk(api, story)


def test_pinned_histories_are_those_of_their_day(api: Api) -> None:
    async def story(desk: Desk) -> None:
        parameters = {"volatility": "history"}
        book = {**BOOK, "positions": BOOK["positions"][:2]}
        for shift in (0, 3):
            rows = [
                f"2024-0{1 + day // 28}-{1 + day % 28:02},{190 + day * shift % 7},{95 + day % 5}" for day in range(112)
            ]
            csv = "\n".join(("Date,AAPL,BMW", *rows))
            sent = await desk.client.post("/api/v1/prices/history", content=csv, headers={"Content-Type": "text/csv"})
            assert sent.status_code < 300, sent.text
            job_id, _ = await desk.done({"measure": "margin", "portfolio": book, "parameters": parameters})
            if not shift:
                earlier_id = job_id
        _, result = await desk.done(body(earlier_id, book, **parameters))
        assert [step["step"] for step in result["steps"]] == ["history"]
        assert [item["name"] for item in result["steps"][0]["changed"]] == ["AAPL"]
        closes(result)

    talk(api, story)


def test_a_crif_has_its_bridge_too(api: Api) -> None:
    async def story(desk: Desk) -> None:
        earlier_id, before = await desk.done({"measure": "margin", "crif": CRIF, "parameters": SIMM})
        rows = [*CRIF.replace("10000.1", "12000.0").splitlines(), "t4,P,SIMM,Equity,Risk_Equity,OTHER,2,,,700,USD,700"]
        parameters = {**SIMM, "version": "2.6", "mpor_days": 1, "earlier": earlier_id}
        _, result = await desk.done({"measure": "bridge", "crif": "\n".join(rows), "parameters": parameters})
        assert [step["step"] for step in result["steps"]] == ["trades", "sensitivities", "parameters", "parameter_set"]
        assert result["waterfall"][0]["running"] == before["initial_margin"]
        assert result["trades"][0]["trade"] == "t4"
        assert {row["trade"] for row in result["sensitivities"]} == {"t,1"}
        closes(result)

    talk(api, story)


def test_what_no_bridge_can_begin_at_is_refused_by_name(api: Api) -> None:
    async def story(desk: Desk) -> None:
        earlier_id, _ = await desk.done({"measure": "margin", "portfolio": BOOK})
        priced_id, _ = await desk.done({"measure": "price", "portfolio": BOOK})
        waiting = (await desk.client.post(JOBS, json={"measure": "margin", "portfolio": BOOK})).json()["id"]
        unknown = "00000000-0000-4000-8000-000000000009"
        cases = (
            (body(""), "needs the earlier result"),
            (body("yesterday"), "'yesterday' is no job id"),
            (body(unknown), f"There is no job {unknown}"),
            (body(priced_id), "of the measure price, not margin"),
            (body(waiting), "is queued and has no figures"),
            (body(earlier_id, {**TODAY, "id": "other"}), "of the portfolio 'book', and this one is of 'other'"),
            (body(earlier_id, {**TODAY, "currency": "EUR"}), "in USD, and this one is in EUR"),
            (body(earlier_id, model="reg_t"), "of the model house, and this one is of reg_t"),
            (body(earlier_id, order="trades,rain"), "'rain' is no step"),
        )
        for sent, detail in cases:
            answer = await desk.client.post(JOBS, json=sent)
            assert answer.status_code == 422, answer.text
            assert detail in answer.json()["errors"][0]["detail"]
        other = await desk.client.post(JOBS, json=body(earlier_id), headers=api.as_(Role.ADMIN, "other"))
        assert "There is no job" in other.json()["errors"][0]["detail"]

    talk(api, story)


def test_an_earlier_job_that_was_removed_is_named(api: Api) -> None:
    async def story(desk: Desk) -> None:
        await desk.client.put("/api/v1/portfolios/book", json=BOOK)
        earlier_id, _ = await desk.done({"measure": "margin", "portfolio_id": "book"})
        queued = await desk.client.post(JOBS, json=body(earlier_id))
        desk.alter("DELETE FROM portfolios WHERE id = 'book'")
        refused = await desk.client.post(JOBS, json=body(earlier_id))
        assert "no longer stored" in refused.json()["errors"][0]["detail"]
        await desk.work(queued.json()["id"])
        job = await desk.get(f"{JOBS}/{queued.json()['id']}")
        assert (job["state"], job["error"]["code"]) == ("failed", "invalid-input")
        assert "no longer stored" in job["error"]["detail"]

    talk(api, story)
