import httpx

from tests.integration.api.conftest import Api

NOOP = {"measure": "noop", "parameters": {"sleep_ms": 0}}


def test_a_job_is_accepted_and_found_again(api: Api) -> None:
    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post("/api/v1/jobs", json=NOOP)
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == f"/api/v1/jobs/{answer.json()['id']}"
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["state"] == "queued"
        shown = await client.get(answer.headers["location"])
        assert shown.status_code == 200
        document = shown.json()
        assert document["state"] == "queued"
        assert document["queue"] == "cpu.rt"
        assert document["result"] is None

    api.run(talk)
