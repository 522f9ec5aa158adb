import asyncio
import uuid
from dataclasses import replace

import httpx
import pytest

from core.names import Role
from embedded.server import free_port
from services import execute
from services.runtime import Runtime
from tests.integration.api.conftest import Api

NOOP = {"measure": "noop", "parameters": {"sleep_ms": 0}}
JOBS = "/api/v1/jobs"


async def _work(api: Api, job_id: str) -> None:
    """Do what a worker does, in a thread of this process."""
    runtime = Runtime.for_process(api.settings, pool_size=2)
    try:
        await asyncio.to_thread(execute.execute, runtime, uuid.UUID(job_id), worker="test")
    finally:
        runtime.close()


def test_a_job_is_accepted_and_found_again(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(JOBS, json=NOOP)
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == f"{JOBS}/{answer.json()['id']}"
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["state"] == "queued"
        shown = await client.get(answer.headers["location"])
        assert shown.status_code == 200
        document = shown.json()
        assert document["state"] == "queued"
        assert document["queue"] == "cpu.rt"
        assert document["result"] is None

    api.run(talk)


def test_prefer_wait_answers_with_the_finished_job(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        first = await client.post(JOBS, json=NOOP)
        job_id = first.json()["id"]

        async def waiting() -> httpx.Response:
            return await client.get(f"{JOBS}/{job_id}", headers={"Prefer": "wait=20"})

        waiter = asyncio.create_task(waiting())
        await _work(api, job_id)
        answer = await waiter
        assert answer.headers["preference-applied"] == "wait=20"
        assert answer.json()["state"] == "done"
        assert answer.json()["result"] is not None
        alone = await client.get(f"{JOBS}/{job_id}/result")
        assert alone.json() == answer.json()["result"]

    api.run(talk)


def test_prefer_wait_at_submission_is_still_202_when_the_time_is_over(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(JOBS, json=NOOP, headers={"Prefer": "wait=0.2"})
        assert answer.status_code == 202
        assert answer.headers["preference-applied"] == "wait=0.2"
        assert "location" in answer.headers
        assert answer.json()["timings"]["submitted_at"]

    api.run(talk)


def test_listing_pages_by_cursor_and_filters(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        ids = [(await client.post(JOBS, json=NOOP)).json()["id"] for _ in range(5)]
        first = (await client.get(JOBS, params={"limit": 3})).json()
        rest = (await client.get(JOBS, params={"limit": 3, "cursor": first["next"]})).json()
        assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
        assert rest["next"] is None
        assert (await client.get(JOBS, params={"state": "done"})).json()["items"] == []
        assert len((await client.get(JOBS, params={"measure": "noop"})).json()["items"]) == 5

    api.run(talk)


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "many"}, {"state": "lost"}, {"cursor": "@@@"}, {"stat": "done"}, {"limit": ["1", "2"]}],
)
def test_a_query_that_makes_no_sense_is_refused(api: Api, query: dict[str, str]) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.get(JOBS, params=query)
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"

    api.run(talk)


def test_an_idempotency_key_gives_the_same_answer_once(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        key = {"Idempotency-Key": "k-1"}
        first = await client.post(JOBS, json=NOOP, headers=key)
        second = await client.post(JOBS, json=NOOP, headers=key)
        assert first.json() == second.json()
        assert second.headers["location"] == first.headers["location"]
        assert second.headers["idempotency-replayed"] == "true"
        assert len((await client.get(JOBS)).json()["items"]) == 1
        other = await client.post(JOBS, json={"measure": "noop"}, headers=key)
        assert other.status_code == 422
        assert other.json()["type"] == "/problems/idempotency-key-reused"

    api.run(talk)


def test_a_refused_request_leaves_its_key_free(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        key = {"Idempotency-Key": "k-2"}
        wrong = await client.post(JOBS, json={"measure": "margin", "portfolio_id": "none"}, headers=key)
        assert wrong.status_code == 404, wrong.text
        assert (await client.post(JOBS, json=NOOP, headers=key)).status_code == 202

    api.run(talk)


@pytest.mark.parametrize("key", ["", "x" * 256, "späße".encode().decode("latin-1")])
def test_a_key_that_cannot_be_one_is_refused(api: Api, key: str) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post(JOBS, json=NOOP, headers={b"idempotency-key": key.encode("latin-1")})
        assert answer.status_code == 400

    api.run(talk)


def test_cancel_stops_a_queued_job_and_refuses_a_finished_one(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        job_id = (await client.post(JOBS, json=NOOP)).json()["id"]
        key = {"Idempotency-Key": "c-1"}
        stopped = await client.post(f"{JOBS}/{job_id}/cancel", headers=key)
        assert stopped.status_code == 200
        assert stopped.json()["state"] == "cancelled"
        assert (await client.post(f"{JOBS}/{job_id}/cancel", headers=key)).json() == stopped.json()
        again = await client.post(f"{JOBS}/{job_id}/cancel")
        assert again.status_code == 409
        assert (await client.get(f"{JOBS}/{job_id}/result")).status_code == 409

    api.run(talk)


def test_a_dead_job_is_listed_and_replayed_once(api: Api) -> None:
    drill = {"measure": "noop", "parameters": {"fail": True}, "max_attempts": 1}

    async def talk(client: httpx.AsyncClient) -> None:
        job_id = (await client.post(JOBS, json=drill)).json()["id"]
        await _work(api, job_id)
        dead = (await client.get("/api/v1/dead-letters")).json()["items"]
        assert [item["id"] for item in dead] == [job_id]
        assert dead[0]["error"]["type"].startswith("/problems/")
        assert (await client.post(f"{JOBS}/{job_id}/retry", headers=api.as_(Role.TRADER))).status_code == 403
        replayed = await client.post(f"/api/v1/dead-letters/{job_id}/replay")
        assert replayed.status_code == 202
        assert replayed.json()["state"] == "queued"
        assert (await client.post(f"{JOBS}/{job_id}/retry")).status_code == 409
        actions = [row["action"] for row in (await client.get("/api/v1/audit")).json()["items"]]
        assert "job.replay" in actions

    api.run(talk)


def test_ids_that_are_none_and_ids_of_others_are_equally_absent(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        job_id = (await client.post(JOBS, json=NOOP)).json()["id"]
        stranger = api.as_(Role.ADMIN, "other")
        for name in (job_id, str(uuid.uuid4()), "not-a-uuid"):
            for method, path in (
                ("GET", ""),
                ("GET", "/result"),
                ("GET", "/events"),
                ("POST", "/cancel"),
                ("POST", "/retry"),
            ):
                answer = await client.request(method, f"{JOBS}/{name}{path}", headers=stranger)
                assert answer.status_code == 404, (name, path, answer.text)
                assert answer.json()["type"] == "/problems/not-found"

    api.run(talk)


def test_events_tell_state_and_end_with_the_job(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        job_id = (await client.post(JOBS, json=NOOP)).json()["id"]

        async def follow(last: str | None = None) -> str:
            headers = {"Last-Event-ID": last} if last else {}
            return (await client.get(f"{JOBS}/{job_id}/events", headers=headers)).text

        follower = asyncio.create_task(follow())
        await asyncio.sleep(0.1)
        await _work(api, job_id)
        text = await follower
        assert text.startswith("retry: ")
        assert "event: state" in text
        ids = [line[4:] for line in text.splitlines() if line.startswith("id: ")]
        assert len(ids) == len(set(ids))
        assert '"state":"done"' in text
        resumed = await follow(ids[-1])
        assert "event: reset" not in resumed
        assert '"state":"done"' in resumed
        assert "event: reset" in await follow("9-9-9")
        assert "event: reset" in await follow("garbage")

    api.run(talk)


def test_without_valkey_everything_but_hints_works(api: Api) -> None:
    alone = replace(api, settings=replace(api.settings, redis_url=f"redis://127.0.0.1:{free_port()}"))

    async def talk(client: httpx.AsyncClient) -> None:
        accepted = await client.post(JOBS, json=NOOP)
        assert accepted.status_code == 202, accepted.text
        ready = await client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["status"] == "degraded"
        assert "redis" in ready.json()["missing"]
        job_id = accepted.json()["id"]

        async def waiting() -> httpx.Response:
            return await client.get(f"{JOBS}/{job_id}", headers={"Prefer": "wait=20"})

        waiter = asyncio.create_task(waiting())
        await _work(alone, job_id)
        assert (await waiter).json()["state"] == "done"

    alone.run(talk)
