"""Explain over HTTP: the answer, its picture, the job behind it, problems by pointer."""

import httpx
import pytest

from api.examples import EXPLAIN
from tests.integration.api.conftest import Api

ROUTE = "/api/v1/collateral/explain"


def test_the_answer_and_the_job_behind_it(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(ROUTE, json=EXPLAIN)
        assert answer.status_code == 200, answer.text
        found = answer.json()["data"]
        assert sum(step["amount"] for step in found["waterfall"]) == pytest.approx(found["total"])
        assert sum(one["contribution"] for one in found["groups"]) == pytest.approx(found["total"])
        job = (await client.get(f"/api/v1/jobs/{found['job_id']}")).json()
        assert (job["measure"], job["state"]) == ("explain", "done")
        assert job["result"]["positions"] == found["positions"]

    api.run(talk)


def test_a_picture_where_one_is_asked_for(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        picture = await client.post(ROUTE, json=EXPLAIN, headers={"Accept": "image/svg+xml"})
        assert picture.status_code == 200, picture.text
        assert picture.text.startswith("<svg")
        assert "rate times notional" in picture.text

    api.run(talk)


def test_what_is_wrong_is_said_by_pointer(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        for given, pointer in (
            ({"top": -1}, "/parameters/top"),
            ({"group_by": "risk_class"}, "/parameters/group_by"),
            ({"group_by": "rating"}, "/parameters/group_by"),
            ({"model": "simm"}, None),
        ):
            answer = await client.post(ROUTE, json={**EXPLAIN, "parameters": given})
            assert answer.status_code == 422, answer.text
            assert pointer is None or pointer in answer.text

    api.run(talk)
