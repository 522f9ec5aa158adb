"""A no-op job from POST to done as the client sees it, against raw Celery on the same Valkey; and jobs a second."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from benchmarks._hop_cluster import hop_cluster
from benchmarks.harness import Line, compare, figure, race

ROUNDS = 300
WARM_UP = 30
TARGET_RATIO = 0.2
SUSTAINED_JOBS = 1_500
CLIENTS = 4
LEAST_PER_SECOND = 150.0


def run() -> Iterator[Line]:
    """Time the hop beside the peer's, then a load of several clients."""
    with hop_cluster() as client:
        from benchmarks._celery_peer import noop  # its addresses are known only now

        def ours() -> None:
            _submit(client, "wait=10")

        def peer() -> None:
            noop.delay().get(timeout=10)

        timed = race(ours, peer, rounds=ROUNDS, warm_up=WARM_UP)
        missed = sum(_submit(client, "wait=10")["state"] != "done" for _ in range(20))
        yield compare("job_hop", timed, peer="celery delay().get()", target_ratio=TARGET_RATIO, error=float(missed))
        yield figure("job_hop", "sustained", _per_second(client), unit="jobs/s", limit=LEAST_PER_SECOND, sense="min")


def _submit(client: httpx.Client, preference: str | None = None) -> dict[str, str]:
    headers = {} if preference is None else {"Prefer": preference}
    answer = client.post("/api/v1/jobs", json={"measure": "noop"}, headers=headers)
    answer.raise_for_status()
    document: dict[str, str] = answer.json()
    return document


def _per_second(client: httpx.Client) -> float:
    """Return how many jobs a second go from POST to done, each stored and audited, under a steady load."""
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        sent = [document["id"] for document in pool.map(lambda _: _submit(client), range(SUSTAINED_JOBS))]
    while client.get("/api/v1/jobs", params={"state": "queued", "limit": 1}).json()["items"]:
        time.sleep(0.01)
    while client.get("/api/v1/jobs", params={"state": "running", "limit": 1}).json()["items"]:
        time.sleep(0.01)
    seconds = time.perf_counter() - started
    _require_done(client, sent)
    return len(sent) / seconds


def _require_done(client: httpx.Client, sent: Sequence[str]) -> None:
    states = [client.get(f"/api/v1/jobs/{job_id}").json()["state"] for job_id in sent[:: len(sent) // 50]]
    if set(states) != {"done"}:
        raise RuntimeError(f"Some jobs of the load are not done: {states}.")
