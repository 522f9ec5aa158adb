"""Parameter sets over HTTP: draft, submit, approve by a second person, activate, roll back; what each step refuses."""

import copy
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from compute.margin.sets import packaged_document
from core.names import Role
from tests.integration.api.conftest import Api

SETS, ACTIVATIONS = "/api/v1/parameter-sets", "/api/v1/parameter-set-activations"
AUTHOR, SECOND = Role.RISK_MANAGER, Role.ADMIN


def house(**equity: float) -> dict[str, Any]:
    document = packaged_document("house", "1.0")
    document["classes"]["equity"] |= equity
    return {"model": "house", "document": document}


class Desk:
    """Two people at one API."""

    def __init__(self, api: Api, client: httpx.AsyncClient) -> None:
        self.api = api
        self.client = client

    async def put(
        self, name: str, body: Any, headers: dict[str, str] | None = None, *, role: Role = AUTHOR
    ) -> httpx.Response:
        return await self.client.put(f"{SETS}/{name}", json=body, headers=self.api.as_(role) | (headers or {}))

    async def post(
        self, path: str, body: Any = None, headers: dict[str, str] | None = None, *, role: Role = AUTHOR
    ) -> httpx.Response:
        return await self.client.post(path, json=body or {}, headers=self.api.as_(role) | (headers or {}))

    async def step(self, name: str, step: str, *, role: Role = AUTHOR, **body: Any) -> httpx.Response:
        return await self.post(f"{SETS}/{name}/{step}", body, role=role)

    async def approved(self, name: str, body: Any) -> dict[str, Any]:
        answer = await self.put(name, body)
        assert answer.status_code == 201, answer.text
        assert (await self.step(name, "submit")).status_code == 200
        found = await self.step(name, "approve", role=SECOND)
        assert found.status_code == 200, found.text
        read: dict[str, Any] = found.json()
        return read

    async def get(self, path: str) -> Any:
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()


def desk(api: Api, talk: Any) -> None:
    async def exchange(client: httpx.AsyncClient) -> None:
        await talk(Desk(api, client))

    api.run(exchange)


def today() -> date:
    return datetime.now(UTC).date()


def test_a_set_goes_from_draft_to_active(api: Api) -> None:
    async def talk(desk: Desk) -> None:
        stored = await desk.put("eu-desk", {**house(initial_rate=0.3), "note": "Wider."})
        assert stored.status_code == 201
        first = stored.json()
        assert (first["version"], first["state"], first["created"]["by"]) == (1, "draft", "risk_manager@default")
        assert stored.headers["ETag"] == '"1.1"'

        again = await desk.put("eu-desk", house(initial_rate=0.3), role=SECOND)
        assert (again.status_code, again.json()["version"], again.json()["created"]["by"]) == (
            200,
            1,
            "risk_manager@default",
        )

        submitted = await desk.step("eu-desk", "submit")
        assert submitted.json()["state"] == "submitted"
        refused = await desk.step("eu-desk", "approve")
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/own-approval")
        assert "risk_manager@default" in refused.json()["detail"]
        approved = await desk.step("eu-desk", "approve", role=SECOND, reason="Read and agreed.")
        assert approved.json()["approved"]["by"] == "admin@default"

        activated = await desk.step("eu-desk", "activate")
        assert activated.status_code == 201
        assert activated.json()["active_from"] == today().isoformat()
        (row,) = [item for item in (await desk.get(f"{ACTIVATIONS}/active"))["items"] if item["model"] == "house"]
        assert row["set"] == "eu-desk@1"
        before = await desk.get(f"{ACTIVATIONS}/active?on={today() - timedelta(days=1)}")
        (row,) = [item for item in before["items"] if item["model"] == "house"]
        assert row == {"model": "house", "set": "packaged@1.0", "since": None, "activation": None}

        audited = (await desk.get("/api/v1/audit?subject=parameter-set:eu-desk"))["items"]
        assert [item["action"] for item in reversed(audited)] == [
            f"parameter_set.{step}" for step in ("stored", "submitted", "approved", "activated")
        ]
        assert {item["detail"]["author"] for item in audited} == {"risk_manager@default"}

    desk(api, talk)


def test_every_fault_of_a_document_has_its_pointer(api: Api) -> None:
    async def talk(desk: Desk) -> None:
        body = house()
        document = body["document"]
        document["classes"]["equity"]["initial_rate"] = "much"
        document["classes"]["bond"]["maintenance_rate"] = 0.9
        document["cross_class"]["rules"][0]["rate"] = True
        document["volatilities"]["by_symbol"]["BRK.B/x"] = -1
        document["haircuts"].pop("source")
        document["status"] = []
        document["offset"] = 1
        answer = await desk.put("broken", body)
        assert answer.status_code == 422
        assert {item["pointer"] for item in answer.json()["errors"]} == {
            "/document/classes/equity/initial_rate",
            "/document/classes/bond/maintenance_rate",
            "/document/cross_class/rules/0/rate",
            "/document/volatilities/by_symbol/BRK.B~1x",
            "/document/haircuts/source",
            "/document/status",
            "/document/offset",
        }
        assert (await desk.client.get(f"{SETS}/broken")).status_code == 404

    desk(api, talk)


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b"[]", 422, ""),
        (b"{", 400, None),
        (b'{"model": "simm", "document": {}}', 422, "/model"),
        (b'{"model": "none", "document": {}}', 422, "/model"),
        (b'{"model": 3, "document": {}}', 422, "/model"),
        (b'{"model": "house", "document": []}', 422, "/document"),
        (b'{"model": "house"}', 422, "/document"),
        (b'{"model": "house", "document": {"schema": NaN}}', 422, "/document/schema"),
        (b'{"model": "house", "document": {"schema": 1, "schema": 1}}', 422, "/document"),
        (b'{"model": "house", "document": {"a\\u0000b": 1}}', 422, "/document"),
        (b'{"model": "house", "document": {"schema": 1e999}}', 422, "/document/schema"),
        (b'{"model": "house", "document": {}, "nmae": 1}', 422, "/nmae"),
        (b'{"model": "house", "document": {}, "note": 7}', 422, "/note"),
    ],
)
def test_bodies_that_make_no_sense(api: Api, body: bytes, status: int, pointer: str | None) -> None:
    async def talk(desk: Desk) -> None:
        headers = api.as_(AUTHOR) | {"Content-Type": "application/json"}
        answer = await desk.client.put(f"{SETS}/x", content=body, headers=headers)
        assert answer.status_code == status, answer.text
        if pointer is not None:
            assert pointer in {item["pointer"] for item in answer.json()["errors"]}, answer.text

    desk(api, talk)


def test_simm_is_refused_with_the_reason(api: Api) -> None:
    async def talk(desk: Desk) -> None:
        answer = await desk.put("ours", {"model": "simm", "document": {"version": "9"}})
        assert answer.status_code == 422
        assert "licensed" in answer.text

    desk(api, talk)


@pytest.mark.parametrize("name", ["a%00b", "a@1", "active", "Packaged", "-x", "x" * 65, "a%20b", "%E2%80%AEevil"])
def test_names_that_are_none(api: Api, name: str) -> None:
    async def talk(desk: Desk) -> None:
        assert (await desk.put(name, house())).status_code == 422
        assert (await desk.client.get(f"{SETS}/{name}")).status_code == 404
        assert (await desk.step(name, "approve", role=SECOND)).status_code == 404

    desk(api, talk)


def test_ten_megabytes_are_too_much(api: Api) -> None:
    async def talk(desk: Desk) -> None:
        body = house()
        body["document"]["volatilities"]["by_symbol"] |= {f"S{index:09}": 0.3 for index in range(500_000)}
        content = json.dumps(body).encode()
        assert len(content) > 9_000_000
        headers = api.as_(AUTHOR) | {"Content-Type": "application/json"}
        answer = await desk.client.put(f"{SETS}/large", content=content, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")

    desk(api, talk)


def test_entity_tags_keep_writers_apart(api: Api) -> None:
    async def talk(desk: Desk) -> None:
        stored = await desk.put("eu-desk", house(initial_rate=0.3), {"If-None-Match": "*"})
        tag = stored.headers["ETag"]
        assert (await desk.put("eu-desk", house(initial_rate=0.4), {"If-None-Match": "*"})).status_code == 412
        assert (await desk.put("eu-desk", house(initial_rate=0.4), {"If-Match": '"9.9"'})).status_code == 412
        changed = await desk.put("eu-desk", house(initial_rate=0.4), {"If-Match": tag})
        assert changed.headers["ETag"] == '"2.1"'
        stale = await desk.post(f"{SETS}/eu-desk/submit", {}, {"If-Match": tag})
        assert stale.status_code == 412
        fresh = await desk.post(f"{SETS}/eu-desk/submit", {}, {"If-Match": '"2.1"'})
        assert fresh.headers["ETag"] == '"2.2"'
        known = await desk.client.get(f"{SETS}/eu-desk", headers={"If-None-Match": '"2.2"'})
        assert known.status_code == 304
        assert (await desk.get(f"{SETS}/eu-desk?version=1"))["document"]["classes"]["equity"]["initial_rate"] == 0.3

    desk(api, talk)


def test_roles(api: Api) -> None:
    async def talk(desk: Desk) -> None:
        for role in (Role.VIEWER, Role.TRADER, Role.AUDITOR):
            assert (await desk.put("x", house(), role=role)).status_code == 403
        assert (await desk.put("x", house(), role=Role.OPERATOR)).status_code == 201
        assert (await desk.step("x", "submit", role=Role.OPERATOR)).status_code == 200
        for role in (Role.OPERATOR, Role.TRADER):
            assert (await desk.step("x", "approve", role=role)).status_code == 403
            assert (await desk.step("x", "activate", role=role)).status_code == 403
        assert (await desk.step("x", "approve", role=Role.RISK_MANAGER)).status_code == 200

    desk(api, talk)


def test_tenants_are_apart(api: Api) -> None:
    async def talk(desk: Desk) -> None:
        await desk.approved("x", house(initial_rate=0.3))
        await desk.client.post("/api/v1/tenants", json={"id": "other", "name": "Other"})
        elsewhere = api.as_(Role.ADMIN, "other")
        for path in (f"{SETS}/x", f"{SETS}/x/versions", f"{SETS}/x/diff"):
            assert (await desk.client.get(path, headers=elsewhere)).status_code == 404, path
        for step in ("submit", "approve", "activate", "withdraw", "preview"):
            answer = await desk.client.post(f"{SETS}/x/{step}", json={}, headers=elsewhere)
            assert answer.status_code == 404, step
        assert (await desk.client.get(SETS, headers=elsewhere)).json()["items"] == []

    desk(api, talk)


def test_what_cannot_become_active(api: Api) -> None:
    async def talk(desk: Desk) -> None:
        await desk.put("x", house(initial_rate=0.3))
        draft = await desk.step("x", "activate", role=SECOND)
        assert (draft.status_code, draft.json()["type"]) == (409, "/problems/not-approved")
        early = await desk.step("x", "approve", role=SECOND)
        assert (early.status_code, early.json()["type"]) == (409, "/problems/not-approved")
        await desk.step("x", "submit")
        assert (await desk.step("x", "submit")).status_code == 409
        await desk.step("x", "approve", role=SECOND)
        assert (await desk.step("x", "approve", role=SECOND)).status_code == 409

        past = await desk.step("x", "activate", active_from=(today() - timedelta(days=1)).isoformat())
        assert (past.status_code, past.json()["type"]) == (422, "/problems/activation-in-past")
        assert past.json()["errors"][0]["pointer"] == "/active_from"
        for wrong in ("tomorrow", "2027-02-30", 20270101, True):
            answer = await desk.step("x", "activate", active_from=wrong)
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/active_from")

        assert (await desk.step("x", "activate")).status_code == 201
        twice = await desk.step("x", "activate")
        assert twice.status_code == 409
        assert "already" in twice.json()["detail"]
        in_use = await desk.step("x", "withdraw", role=SECOND)
        assert (in_use.status_code, in_use.json()["type"]) == (409, "/problems/parameter-set-in-use")
        assert (await desk.client.delete(f"{SETS}/x")).status_code == 405

    desk(api, talk)


def test_roll_back_is_an_activation_and_history_stays(api: Api) -> None:
    async def talk(desk: Desk) -> None:
        nothing = await desk.post(f"{ACTIVATIONS}/rollback", {"model": "house"})
        assert nothing.status_code == 409
        for rate in (0.3, 0.4):
            await desk.approved("x", house(initial_rate=rate))
            assert (await desk.step("x", "activate")).status_code == 201
        later = (today() + timedelta(days=30)).isoformat()
        await desk.approved("x", house(initial_rate=0.5))
        planned = await desk.step("x", "activate", active_from=later)
        assert planned.status_code == 201

        back = await desk.post(f"{ACTIVATIONS}/rollback", {"model": "house", "reason": "Too high."})
        assert (back.status_code, back.json()["set"], back.json()["action"]) == (201, "x@1", "roll_back")
        assert [item["set"] for item in back.json()["planned"]] == ["x@3"]
        unknown = await desk.post(f"{ACTIVATIONS}/rollback", {"model": "house", "to": "x@3"})
        assert unknown.status_code == 409
        same = await desk.post(f"{ACTIVATIONS}/rollback", {"model": "house", "to": "x@1"})
        assert same.status_code == 409
        packaged = await desk.post(f"{ACTIVATIONS}/rollback", {"model": "house", "to": "packaged@1.0"})
        assert packaged.json()["set"] == "packaged@1.0"

        history = (await desk.get(f"{ACTIVATIONS}?model=house"))["items"]
        assert [item["set"] for item in history] == ["packaged@1.0", "x@1", "x@3", "x@2", "x@1"]
        first = await desk.get(f"{ACTIVATIONS}?limit=2")
        second = await desk.get(f"{ACTIVATIONS}?limit=2&cursor={first['next']}")
        assert [item["id"] for item in first["items"] + second["items"]] == [item["id"] for item in history[:4]]

        async def active(**query: str) -> str:
            found = (await desk.client.get(f"{ACTIVATIONS}/active", params=query)).json()["items"]
            return next(item["set"] for item in found if item["model"] == "house")

        assert await active() == "packaged@1.0"
        assert await active(on=later) == "x@3"
        assert await active(known_at=history[1]["created"]["at"]) == "x@1"
        assert await active(known_at=history[3]["created"]["at"]) == "x@2"

        gone = await desk.post(f"{ACTIVATIONS}/{planned.json()['id']}/withdraw")
        assert gone.json()["withdrawn"]["by"] == "risk_manager@default"
        assert (await desk.post(f"{ACTIVATIONS}/{planned.json()['id']}/withdraw")).status_code == 409
        assert (await desk.post(f"{ACTIVATIONS}/{history[0]['id']}/withdraw")).status_code == 409
        assert await active(on=later) == "packaged@1.0"

    desk(api, talk)


def test_differences(api: Api) -> None:
    async def talk(desk: Desk) -> None:
        body = house(initial_rate=0.3)
        body["document"]["volatilities"]["by_symbol"]["A/B"] = 0.5
        await desk.put("x", body)
        changed = copy.deepcopy(body)
        changed["document"]["classes"]["equity"]["initial_rate"] = 0.35
        await desk.put("x", changed)
        found = await desk.get(f"{SETS}/x/diff?from=packaged@1.0&to=1")
        assert found["changes"] == [
            {"pointer": "/classes/equity/initial_rate", "change": "changed", "old": 0.25, "new": 0.3},
            {"pointer": "/volatilities/by_symbol/A~1B", "change": "added", "new": 0.5},
        ]
        assert (await desk.get(f"{SETS}/x/diff?from=1&to=2"))["changes"] == [
            {"pointer": "/classes/equity/initial_rate", "change": "changed", "old": 0.3, "new": 0.35}
        ]
        assert (await desk.get(f"{SETS}/x/diff?from=x@2&to=2"))["equal"]
        for wrong in ("from=packaged@9", "from=x@@1", "to=x@99999999999"):
            assert (await desk.client.get(f"{SETS}/x/diff?{wrong}")).status_code == 422, wrong
        assert (await desk.client.get(f"{SETS}/x/diff?to=9")).status_code == 404

    desk(api, talk)


def test_a_key_repeats_the_answer_and_nothing_takes_effect_twice(api: Api) -> None:
    async def talk(desk: Desk) -> None:
        await desk.approved("x", house(initial_rate=0.3))
        key = {"Idempotency-Key": "once"}
        first = await desk.post(f"{SETS}/x/activate", {}, key)
        again = await desk.post(f"{SETS}/x/activate", {}, key)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.content == again.content
        assert again.headers["Idempotency-Replayed"] == "true"
        assert len((await desk.get(ACTIVATIONS))["items"]) == 1

    desk(api, talk)


def test_listings_go_page_by_page(api: Api) -> None:
    async def talk(desk: Desk) -> None:
        for name in ("c", "a", "b"):
            await desk.put(name, house(initial_rate=0.3))
        await desk.put("a", house(initial_rate=0.4))
        await desk.put("s", {"model": "schedule", "document": packaged_document("schedule", "bcbs-iosco-2015")})
        first = await desk.get(f"{SETS}?limit=2")
        second = await desk.get(f"{SETS}?limit=2&cursor={first['next']}")
        names = [(item["name"], item["version"]) for item in first["items"] + second["items"]]
        assert names == [("a", 2), ("b", 1), ("c", 1), ("s", 1)]
        assert second["next"] is None
        assert [item["name"] for item in (await desk.get(f"{SETS}?model=schedule"))["items"]] == ["s"]
        versions = await desk.get(f"{SETS}/a/versions?limit=1")
        older = await desk.get(f"{SETS}/a/versions?limit=1&cursor={versions['next']}")
        assert [item["version"] for item in versions["items"] + older["items"]] == [2, 1]
        assert (await desk.client.get(f"{SETS}?cursor=%21")).status_code == 422
        assert (await desk.put("a", {"model": "schedule", **house()} | {"model": "reg_t"})).status_code == 422

    desk(api, talk)


def test_packaged_sets_are_there_to_start_from(api: Api) -> None:
    async def talk(desk: Desk) -> None:
        listed = (await desk.get("/api/v1/packaged-parameter-sets"))["items"]
        assert {item["model"] for item in listed} == {
            "house",
            "reg_t",
            "portfolio_margin",
            "fhs",
            "span",
            "schedule",
        }
        for item in listed:
            found = await desk.get(f"/api/v1/packaged-parameter-sets/{item['model']}/{item['version']}")
            stored = await desk.put(f"own-{item['model']}", {name: found[name] for name in ("model", "document")})
            assert stored.status_code == 201, stored.text
            assert stored.json()["content_hash"] == found["content_hash"]
        assert (await desk.client.get("/api/v1/packaged-parameter-sets/simm/2.6")).status_code == 404

    desk(api, talk)
