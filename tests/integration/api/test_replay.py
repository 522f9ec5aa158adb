"""Pinned inputs over the wire and back, and replays of every kind: equal, within a bound, different and why."""

import asyncio
import uuid
from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy import text

from compute.margin.sets import packaged_document
from core.names import Measure, Role
from services import costs, execute
from services.costs import CostCurve
from services.job_inputs import pinned
from services.runtime import Runtime
from storage.columns import pack, unpack
from tests.integration.api.conftest import Api

JOBS = "/api/v1/jobs"
AGAIN = ("measure", "parameters", "portfolio", "crif", "device", "fallback", "lane")
BOOK: dict[str, Any] = {
    "id": "book",
    "name": "The book",
    "currency": "USD",
    "as_of": "2024-05-31",
    "available_cash": 250_000.5,
    "fx": {"EUR/USD": 1.0837},
    "rates": {"USD": 0.0431},
    "collateral": {"treasury_bills": 1e5},
    "positions": [
        {"id": "a", "symbol": "AAPL", "asset_class": "equity", "currency": "USD", "quantity": 137, "price": 191.37,
         "settlement_price": 190.2, "sector": "tech"},
        {"id": "b", "symbol": "BMW", "asset_class": "equity", "currency": "EUR", "quantity": -310, "price": 97.13},
        {"id": "c", "symbol": "UST", "asset_class": "bond", "currency": "USD", "quantity": 50, "price": 98.875,
         "duration": 7.25, "implied_volatility": 0.061},
    ],
}  # fmt: skip
CRIF = "\n".join(
    (
        "TradeID,PortfolioID,IMModel,ProductClass,RiskType,Qualifier,Bucket,Label1,Label2,Amount,AmountCurrency,AmountUSD",
        '"t,1",P,SIMM,RatesFX,Risk_IRCurve,USD,1,5y,OIS,10000.1,USD,10000.1',
        "t2,P,SIMM,Equity,Risk_Equity,ACME,1,,,-20000.7,EUR,",
        "t3,P,Schedule,Equity,Risk_Equity,ACME,1,,,5,USD,5",
        "",
    )
)
SIMM = {"model": "simm", "version": "2.5", "fx": {"EUR/USD": 1.07}}


class Desk:
    """One client, and what a worker does, in a thread of this process."""

    def __init__(self, api: Api, client: httpx.AsyncClient) -> None:
        self.api, self.client = api, client

    async def work(self, job_id: str) -> None:
        runtime = Runtime.for_process(self.api.settings, pool_size=2)
        try:
            await asyncio.to_thread(execute.execute, runtime, uuid.UUID(job_id), worker="test")
        finally:
            runtime.close()

    async def done(self, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        answer = await self.client.post(JOBS, json=body)
        assert answer.status_code == 202, answer.text
        job_id = answer.json()["id"]
        await self.work(job_id)
        job = await self.get(f"{JOBS}/{job_id}")
        assert job["state"] == "done", job["error"]
        return job_id, job["result"]

    async def get(self, path: str, status: int = 200, **headers: str) -> dict[str, Any]:
        answer = await self.client.get(path, headers=headers)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def replayed(self, job_id: str) -> dict[str, Any]:
        answer = await self.client.post(f"{JOBS}/{job_id}/replay")
        assert answer.status_code == 202, answer.text
        if answer.json()["state"] == "queued":
            await self.work(answer.json()["id"])
        return await self.get(f"{JOBS}/{job_id}/replay")

    def alter(self, statement: str, **values: Any) -> None:
        runtime = Runtime.for_process(self.api.settings, pool_size=1)
        try:
            with runtime.database.unit_of_work() as conn:
                assert conn.execute(text(statement), values).rowcount == 1
        finally:
            runtime.close()

    def rewrite(self, job_id: str, **changes: float) -> None:
        """Change figures of a stored result behind everybody's back."""
        runtime = Runtime.for_process(self.api.settings, pool_size=1)
        try:
            with runtime.database.read() as conn:
                data = conn.execute(text("SELECT columns FROM results WHERE job_id = :id"), {"id": job_id}).scalar_one()
        finally:
            runtime.close()
        document, tables = unpack(data)
        packed = pack({**document, **{name: document[name] * factor for name, factor in changes.items()}}, tables)
        self.alter(
            "UPDATE results SET columns = :data, content_hash = :hash WHERE job_id = :id",
            data=packed.data, hash=packed.content_hash, id=job_id,
        )  # fmt: skip


def talk(api: Api, story: Any, role: Role = Role.ADMIN) -> None:
    async def exchange(client: httpx.AsyncClient) -> None:
        await story(Desk(api, client))

    api.run(exchange, role)


@pytest.mark.parametrize(
    "body",
    [
        {"measure": "margin", "portfolio": BOOK},
        {"measure": "optimise", "portfolio": BOOK, "lane": "bulk"},
        {"measure": "price", "portfolio": BOOK},
        {"measure": "margin", "portfolio": BOOK, "parameters": {"model": "reg_t"}},
        {"measure": "margin", "crif": CRIF, "parameters": SIMM},
    ],
    ids=["house", "optimise", "price", "reg_t", "simm"],
)
def test_what_inputs_answers_sent_again_gives_the_same_number(api: Api, body: dict[str, Any]) -> None:
    async def story(desk: Desk) -> None:
        job_id, result = await desk.done(body)
        given = await desk.get(f"{JOBS}/{job_id}/inputs")
        again_id, again = await desk.done({name: given[name] for name in AGAIN})
        inputs = [one.pop("input", None) for one in (result, again)]  # how many rows a file had: of the file
        assert again == result
        second = await desk.get(f"{JOBS}/{again_id}/inputs")
        assert given["content_hash"]
        assert (second["portfolio"], second["crif"]) == (given["portfolio"], given["crif"])
        assert (second["content_hash"] == given["content_hash"]) is (inputs[0] is None)

    talk(api, story)


def test_inputs_say_what_was_pinned(api: Api) -> None:
    async def story(desk: Desk) -> None:
        first = {**BOOK["positions"][0]}
        del first["price"]
        stored = {**BOOK, "positions": [first, *BOOK["positions"][1:]]}
        assert (await desk.client.put("/api/v1/portfolios/book", json=stored)).status_code < 300
        await desk.client.post(
            "/api/v1/prices", json={"prices": {"AAPL": {"price": 200.25, "as_of": "2024-05-31T16:00:00Z"}}}
        )
        job_id, _ = await desk.done({"measure": "margin", "portfolio_id": "book"})
        await desk.client.post("/api/v1/prices", json={"prices": {"AAPL": {"price": 999.0}}})
        given = await desk.get(f"{JOBS}/{job_id}/inputs")
        assert (given["portfolio_id"], given["portfolio_version"]) == ("book", 1)
        assert given["portfolio"]["positions"][0]["price"] == 200.25
        assert given["market"]["prices"] == {"AAPL": {"price": 200.25, "as_of": "2024-05-31T16:00:00Z"}}
        assert given["parameters"]["version"]
        assert given["code_version"].count("+") == 1
        assert {"cpu", "numpy", "numba"} <= given["environment"].keys()
        assert (await desk.replayed(job_id))["verdict"] == "equal"

    talk(api, story)


def test_who_may_read_inputs_and_who_may_replay(api: Api) -> None:
    async def story(desk: Desk) -> None:
        job_id, _ = await desk.done({"measure": "margin", "portfolio": BOOK})
        paths = {"inputs": f"{JOBS}/{job_id}/inputs", "replay": f"{JOBS}/{job_id}/replay"}
        for role in (Role.AUDITOR, Role.VIEWER):
            headers = api.as_(role)
            assert (await desk.client.get(paths["inputs"], headers=headers)).status_code == 200
            assert (await desk.client.post(paths["replay"], headers=headers)).status_code == 403
        other = api.as_(Role.ADMIN, "other")
        for method, path in (("GET", "inputs"), ("POST", "replay"), ("GET", "replay")):
            assert (await desk.client.request(method, paths[path], headers=other)).status_code == 404
        assert (await desk.client.get(paths["inputs"], headers={"Authorization": ""})).status_code == 401
        missing = await desk.get(paths["replay"], 404)
        assert f"POST {paths['replay']}" in missing["remedy"]

    talk(api, story)


def test_a_replay_is_a_job_of_its_own_and_equal(api: Api) -> None:
    async def story(desk: Desk) -> None:
        job_id, result = await desk.done({"measure": "margin", "portfolio": BOOK, "lane": "bulk"})
        answer = await desk.client.post(f"{JOBS}/{job_id}/replay", headers={"Idempotency-Key": "once"})
        replay_id = answer.json()["id"]
        assert answer.json()["replay_of"] == job_id
        assert answer.headers["location"] == f"{JOBS}/{replay_id}"
        repeat = await desk.client.post(f"{JOBS}/{job_id}/replay", headers={"Idempotency-Key": "once"})
        assert repeat.json() == answer.json()
        waiting = await desk.get(f"{JOBS}/{job_id}/replay")
        assert (waiting["state"], waiting["verdict"]) == ("queued", None)
        shown = await desk.get(f"{JOBS}/{replay_id}")
        assert (shown["replay_of"], shown["lane"], shown["queue"]) == (job_id, "bulk", "cpu.bulk")
        await desk.work(replay_id)
        listed = (await desk.get(JOBS))["items"]
        assert [(one["id"], one["replay_of"]) for one in listed] == [(replay_id, job_id), (job_id, None)]
        found = await desk.get(f"{JOBS}/{job_id}/replay")
        assert (found["verdict"], found["why"], found["differences"], found["bound"]) == ("equal", [], [], None)
        assert found["original"]["result_hash"] == found["replay"]["result_hash"]
        assert found["compared"] > len(result)
        assert await desk.get(f"{JOBS}/{replay_id}/replay") == found

    talk(api, story)


def test_short_ones_are_computed_at_once_with_what_stood_beside_them(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    curves = {(measure, "house" if measure is Measure.MARGIN else ""): CostCurve(fixed_ms=0.1, slope_ms=0.0)
              for measure in (Measure.MARGIN, Measure.OPTIMISE)}  # fmt: skip
    monkeypatch.setattr(costs, "_CURVES", curves)

    async def story(desk: Desk) -> None:
        computed = await desk.client.post("/api/v1/collateral/margin/calculate", json={"portfolio": BOOK})
        assert computed.status_code == 200, computed.text
        job_id = computed.headers["content-location"].rpartition("/")[2]
        assert "beside" in await desk.get(f"{JOBS}/{job_id}/result")
        answer = await desk.client.post(f"{JOBS}/{job_id}/replay", headers={"Prefer": "wait=5"})
        assert answer.status_code == 202
        assert (answer.json()["verdict"], answer.json()["state"]) == ("equal", "done")
        assert (await desk.get(f"{JOBS}/{answer.json()['replay_id']}"))["queue"] is None
        monkeypatch.setattr(costs, "_CURVES", {})
        assert (await desk.replayed(job_id))["verdict"] == "equal"  # by a worker

    talk(api, story)


def test_a_changed_number_is_found_by_its_path(api: Api) -> None:
    async def story(desk: Desk) -> None:
        job_id, result = await desk.done({"measure": "margin", "portfolio": BOOK})
        desk.rewrite(job_id, initial_margin=1.0 + 1e-6, total_margin=1.0 + 1e-12)
        found = await desk.replayed(job_id)
        assert (found["verdict"], found["why"], found["differing"]) == ("different", [], 2)
        worst = found["differences"][0]
        assert (worst["path"], worst["replay"]) == ("/initial_margin", result["initial_margin"])
        assert worst["relative"] == pytest.approx(1e-6, rel=1e-3)
        assert "the computation is at fault" in found["reason"]

    talk(api, story)


def test_bytes_without_their_hash_are_never_taken_for_what_was_stored(api: Api) -> None:
    async def story(desk: Desk) -> None:
        job_id, _ = await desk.done({"measure": "margin", "portfolio": BOOK})
        desk.alter("UPDATE results SET content_hash = :value WHERE job_id = :id", value="0" * 64, id=job_id)
        found = await desk.replayed(job_id)
        assert (found["verdict"], found["differing"]) == ("different", 0)
        assert "does not have the hash" in found["reason"]
        bridge = {"measure": "bridge", "portfolio": BOOK, "parameters": {"earlier": job_id}}
        refused = await desk.client.post(JOBS, json=bridge)
        assert (refused.status_code, refused.json()["type"]) == (500, "/problems/columns-corrupt")

        other, _ = await desk.done({"measure": "margin", "portfolio": BOOK})
        desk.alter("UPDATE job_inputs SET content_hash = :value WHERE job_id = :id", value="0" * 64, id=other)
        for method, path in (("GET", "inputs"), ("POST", "replay")):
            answer = await desk.client.request(method, f"{JOBS}/{other}/{path}")
            assert (answer.status_code, answer.json()["type"]) == (500, "/problems/columns-corrupt")

    talk(api, story)


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("jobs SET code_version", "0.0.1+abc", "code_version"),
        ("results SET environment", '{"cpu": "Another CPU", "numpy": "1.0"}', "environment.cpu"),
    ],
)
def test_another_code_or_cpu_allows_a_bound_and_is_named(api: Api, column: str, value: str, what: str) -> None:
    async def story(desk: Desk) -> None:
        job_id, result = await desk.done({"measure": "margin", "portfolio": BOOK})
        key = "id" if column.startswith("jobs") else "job_id"
        cast = "CAST(:value AS jsonb)" if key == "job_id" else ":value"
        desk.alter(f"UPDATE {column} = {cast} WHERE {key} = :id", value=value, id=job_id)
        assert (await desk.replayed(job_id))["verdict"] == "equal"
        desk.rewrite(job_id, initial_margin=1.0 + 1e-12)
        within = await desk.replayed(job_id)
        assert (within["verdict"], within["beyond_bound"]) == ("equal_within", 0)
        assert within["bound"]["relative"] == 1e-9
        assert what in {one["what"] for one in within["why"]}
        desk.rewrite(job_id, initial_margin=1.0 + 1e-3)
        beyond = await desk.replayed(job_id)
        assert (beyond["verdict"], beyond["beyond_bound"]) == ("different", 1)
        assert what in beyond["reason"]
        assert beyond["differences"][0]["replay"] == result["initial_margin"]

    talk(api, story)


@pytest.mark.parametrize(
    ("state", "remedy"),
    [("failed", "submit it again"), ("dead", "dlq replay"), ("cancelled", "submit it again"), ("queued", "Wait")],
)
def test_only_done_jobs_are_replayed(api: Api, state: str, remedy: str) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.client.post(JOBS, json={"measure": "margin", "portfolio": BOOK})
        job_id = answer.json()["id"]
        desk.alter("UPDATE jobs SET state = :state WHERE id = :id", state=state, id=job_id)
        refused = await desk.client.post(f"{JOBS}/{job_id}/replay")
        assert refused.status_code == 409, refused.text
        assert state in refused.json()["detail"]
        assert remedy in refused.json()["remedy"]

    talk(api, story)


def test_a_drill_has_no_number(api: Api) -> None:
    async def story(desk: Desk) -> None:
        job_id, _ = await desk.done({"measure": "noop", "parameters": {"sleep_ms": 0}})
        refused = await desk.client.post(f"{JOBS}/{job_id}/replay")
        assert refused.status_code == 409
        assert "drill" in refused.json()["detail"]
        assert (await desk.get(f"{JOBS}/{job_id}/inputs"))["portfolio"] is None

    talk(api, story)


def test_a_history_that_was_removed_is_named(api: Api) -> None:
    async def story(desk: Desk) -> None:
        days = np.arange("2024-01-01", "2024-05-31", dtype="datetime64[D]")
        rows = [f"{day},{190 + index % 7},{95 + index % 5}" for index, day in enumerate(days)]
        csv = "\n".join(("Date,AAPL,BMW", *rows))
        sent = await desk.client.post("/api/v1/prices/history", content=csv, headers={"Content-Type": "text/csv"})
        assert sent.status_code < 300, sent.text
        book = {**BOOK, "positions": BOOK["positions"][:2]}
        body = {"measure": "margin", "portfolio": book, "parameters": {"volatility": "history"}, "lane": "bulk"}
        job_id, _ = await desk.done(body)
        given = await desk.get(f"{JOBS}/{job_id}/inputs")
        assert given["market"]["histories"] == {"AAPL": 1, "BMW": 1}
        assert (await desk.replayed(job_id))["verdict"] == "equal"
        desk.alter("DELETE FROM price_history WHERE symbol = 'BMW'")
        found = await desk.replayed(job_id)
        assert (found["state"], found["verdict"]) == ("failed", None)
        assert "'BMW, version 1'" in found["error"]["detail"]

    talk(api, story)


def test_inputs_that_were_removed_are_named(api: Api) -> None:
    async def story(desk: Desk) -> None:
        await desk.client.put("/api/v1/portfolios/book", json=BOOK)
        job_id, _ = await desk.done({"measure": "margin", "portfolio_id": "book"})
        desk.alter("DELETE FROM portfolios WHERE id = 'book'")
        for method, path in (("GET", "inputs"), ("POST", "replay")):
            answer = await desk.client.request(method, f"{JOBS}/{job_id}/{path}")
            assert answer.status_code == 404
            assert "removed" in answer.json()["remedy"]

    talk(api, story)


def test_a_replay_asks_nothing_anew(api: Api) -> None:
    """Latest prices and portfolio versions have moved on; the pinned ones are read."""

    async def story(desk: Desk) -> None:
        await desk.client.put("/api/v1/portfolios/book", json=BOOK)
        job_id, _ = await desk.done({"measure": "margin", "portfolio_id": "book"})
        await desk.client.put("/api/v1/portfolios/book", json={**BOOK, "positions": BOOK["positions"][:1]})
        found = await desk.replayed(job_id)
        assert found["verdict"] == "equal"
        replay = await desk.get(f"{JOBS}/{found['replay_id']}")
        assert replay["portfolio_version"] == 1
        runtime = Runtime.for_process(api.settings, pool_size=1)
        try:
            with runtime.database.read() as conn:
                kept = pinned(conn, "default", uuid.UUID(found["replay_id"]))
        finally:
            runtime.close()
        assert not kept.inputs.own  # the stored version is the input: nothing is stored twice

    talk(api, story)


@pytest.mark.parametrize(
    ("measure", "parameters"),
    [
        ("whatif", {"basket": {"trades": [{"id": "a", "quantity": -50}, {"close": "b"}], "cash": 10.0}}),
        ("explain", {"group_by": "asset_class"}),
        ("var", {"method": "plain", "paths": 16_384, "seed": 7}),
        ("margin", {"model": "fhs"}),
    ],
)
def test_every_kind_of_number_comes_out_again(api: Api, measure: str, parameters: dict[str, Any]) -> None:
    async def story(desk: Desk) -> None:
        days = np.datetime64("2024-05-31") - np.arange(1_700)[::-1]
        moves = np.exp(np.random.default_rng(1).normal(0.0, 0.01, (1_700, 3)).cumsum(axis=0)) * (190.0, 97.0, 1.08)
        rows = [f"{day},{','.join(f'{move:.4f}' for move in row)}" for day, row in zip(days, moves, strict=True)]
        csv = "\n".join(("Date,AAPL,BMW,EUR/USD", *rows))
        sent = await desk.client.post("/api/v1/prices/history", content=csv, headers={"Content-Type": "text/csv"})
        assert sent.status_code < 300, sent.text
        book = {**BOOK, "positions": BOOK["positions"][:2]}
        body = {"measure": measure, "portfolio": book, "parameters": parameters, "lane": "bulk"}
        job_id, result = await desk.done(body)
        found = await desk.replayed(job_id)
        assert (found["verdict"], found["error"]) == ("equal", None)
        given = await desk.get(f"{JOBS}/{job_id}/inputs")
        _, again = await desk.done({name: given[name] for name in AGAIN})
        assert again == result

    talk(api, story)


def test_a_job_under_a_stored_set_is_sent_again_with_its_document(api: Api) -> None:
    async def story(desk: Desk) -> None:
        document = packaged_document("house", "1.0")
        document["classes"]["equity"]["initial_rate"] = 0.3
        draft = {"model": "house", "document": document}
        stored = await desk.client.put("/api/v1/parameter-sets/ours", json=draft, headers=api.as_(Role.RISK_MANAGER))
        assert stored.status_code < 300, stored.text
        body = {"measure": "margin", "portfolio": BOOK, "parameters": {"parameter_set": "ours@1"}}
        job_id, result = await desk.done(body)
        assert (await desk.replayed(job_id))["verdict"] == "equal"
        given = await desk.get(f"{JOBS}/{job_id}/inputs")
        assert (given["parameter_set"], given["parameters"]["parameter_set"]) == ("ours@1", "")
        assert given["parameters"]["tables"]
        _, again = await desk.done({name: given[name] for name in AGAIN})
        assert {name: again[name] for name in ("initial_margin", "maintenance_margin", "positions")} == {
            name: result[name] for name in ("initial_margin", "maintenance_margin", "positions")
        }

    talk(api, story)
