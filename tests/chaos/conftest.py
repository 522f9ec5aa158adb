"""One cluster for all of these tests; each leaves it with its servers up and without workers of its own."""

from collections.abc import Iterator

import pytest

from tests.chaos.cluster import Cluster
from tests.guard import Guard


@pytest.fixture(scope="session")
def cluster(guard: Guard) -> Iterator[Cluster]:
    cluster = Cluster(guard)
    try:
        cluster.start()
        for _ in range(2):  # two, as in production
            cluster.run("reconciler")
        yield cluster
    finally:
        cluster.stop()
