"""Processes are killed on purpose. Whatever dies: no accepted job is lost, and none takes effect twice."""

import os
import signal
import time

import psutil
import pytest
import redis

from core.names import JobState
from services.errors import ConflictError
from storage.errors import StorageUnavailableError
from tests.chaos.cluster import OPERATOR, Cluster, eventually

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("chaos"),
]


def is_running(cluster: Cluster, job_id: object) -> bool:
    return cluster.job(job_id).state is JobState.RUNNING  # type: ignore[arg-type]


def test_a_killed_child_loses_no_job(cluster: Cluster) -> None:
    worker = cluster.worker()
    (job_id,) = cluster.send(sleep_ms=3_000)
    eventually(lambda: is_running(cluster, job_id), "the job runs")
    for child in cluster.pool_children(worker):
        child.send_signal(signal.SIGKILL)
    cluster.all_done_once([job_id])
    assert cluster.job(job_id).attempt == 2
    cluster.kill(worker)


def test_a_killed_worker_loses_no_job(cluster: Cluster) -> None:
    first = cluster.worker()
    (job_id,) = cluster.send(sleep_ms=3_000)
    eventually(lambda: is_running(cluster, job_id), "the job runs")
    children = cluster.pool_children(first)
    os.kill(first.pid, signal.SIGKILL)
    first.wait(10)
    second = cluster.worker()
    cluster.all_done_once([job_id])
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive  # no child outlives its worker for longer than its job
    cluster.kill(second)


def test_a_job_that_kills_its_worker_every_time_ends_dead(cluster: Cluster) -> None:
    worker = cluster.worker()
    (job_id,) = cluster.send(sleep_ms=60_000, max_attempts=2)
    for attempt in (1, 2):
        eventually(
            lambda attempt=attempt: is_running(cluster, job_id) and cluster.job(job_id).attempt == attempt,  # type: ignore[misc]
            f"attempt {attempt} runs",
        )
        for child in cluster.pool_children(worker):
            child.send_signal(signal.SIGKILL)
    eventually(lambda: cluster.job(job_id).state is JobState.DEAD, "the job is dead")
    assert cluster.effects(job_id) == ["noop.dead"]
    cluster.kill(worker)


def test_a_flushed_valkey_loses_no_job(cluster: Cluster) -> None:
    worker = cluster.worker()
    sent = cluster.send(30, sleep_ms=30)
    eventually(lambda: cluster.ended(sent) >= 5, "some have ended")
    with redis.Redis.from_url(f"{cluster.settings.redis_url}/0") as client:
        client.flushall()
    sent += cluster.send(5)
    cluster.all_done_once(sent)
    cluster.kill(worker)


def test_a_killed_valkey_loses_no_job(cluster: Cluster) -> None:
    worker = cluster.worker()
    sent = cluster.send(30, sleep_ms=30)
    eventually(lambda: cluster.ended(sent) >= 5, "some have ended")
    cluster.valkey.kill()
    sent += cluster.send(5)  # accepted while the broker is away
    cluster.start_valkey()
    cluster.all_done_once(sent)
    cluster.kill(worker)


def test_a_frozen_valkey_keeps_no_request_waiting(cluster: Cluster) -> None:
    worker = cluster.worker()
    with cluster.frozen_valkey():
        sent = cluster.send(20)  # returns while Valkey is frozen: the request never awaits the send
        assert [cluster.job(job_id).state for job_id in sent] == [JobState.QUEUED] * 20
    cluster.all_done_once(sent)
    cluster.kill(worker)


def test_postgres_away_refuses_requests_and_loses_no_job(cluster: Cluster) -> None:
    worker = cluster.worker()
    (job_id,) = cluster.send(sleep_ms=1_000)
    eventually(lambda: is_running(cluster, job_id), "the job runs")
    cluster.postgres.kill()
    with pytest.raises(StorageUnavailableError):
        cluster.send()
    time.sleep(3.0)  # longer than the lease and the job: the result waits for Postgres
    cluster.start_postgres()
    cluster.all_done_once([job_id])
    (after,) = cluster.send()
    cluster.all_done_once([after])
    cluster.kill(worker)


def test_a_worker_told_to_go_finishes_its_job(cluster: Cluster) -> None:
    worker = cluster.worker()
    (job_id,) = cluster.send(sleep_ms=1_500)
    eventually(lambda: is_running(cluster, job_id), "the job runs")
    worker.send_signal(signal.SIGTERM)
    worker.wait(60)
    job = cluster.job(job_id)
    assert (job.state, job.attempt) == (JobState.DONE, 1)
    assert worker.pid not in cluster.living()


def test_a_worker_told_to_go_gives_a_long_job_back(cluster: Cluster) -> None:
    worker = cluster.worker()
    (job_id,) = cluster.send(sleep_ms=600_000)
    eventually(lambda: is_running(cluster, job_id), "the job runs")
    children = cluster.pool_children(worker)
    worker.send_signal(signal.SIGTERM)
    worker.wait(60)
    job = cluster.job(job_id)
    assert (job.state, job.attempt) == (JobState.QUEUED, 0)
    assert not psutil.wait_procs(children, timeout=30)[1]
    from services.jobs import cancel

    cancel(cluster.runtime, OPERATOR, job_id)
    with pytest.raises(ConflictError):
        cancel(cluster.runtime, OPERATOR, job_id)
