"""The peer of job_hop: plain Celery with its Redis result backend, as its documentation sets it up."""

import os

from celery import Celery

app = Celery("peer", broker=os.environ["PEER_BROKER"], backend=os.environ["PEER_BACKEND"])
app.conf.update(worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True)


@app.task(name="peer.noop")
def noop() -> int:
    """Return at once."""
    return 1
