"""How many unfinished jobs a tenant has: counted at most once a second, and always before a refusal."""

import threading
import time
from dataclasses import dataclass

from services.errors import QuotaError
from storage import jobs
from storage.database import Connection

FRESH_SECONDS = 1.0
RETRY_SECONDS = 5.0


@dataclass(kw_only=True)
class _Count:
    jobs: int
    at: float


class Quota:
    """One process's view of every tenant's count; other processes make it lag by a second at most."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._counts: dict[str, _Count] = {}

    def take(self, conn: Connection, tenant: str) -> None:
        """Count one more job of the tenant; raise QuotaError if it has as many as it may."""
        with self._lock:
            known = self._counts.get(tenant)
        now = time.monotonic()
        if known is None or now - known.at > FRESH_SECONDS or known.jobs >= self._limit:
            known = _Count(jobs=jobs.unfinished(conn, tenant), at=now)
        if known.jobs >= self._limit:
            detail = f"The tenant {tenant} has {known.jobs} unfinished jobs; its quota is {self._limit}."
            raise QuotaError(detail, retry_after=RETRY_SECONDS)
        with self._lock:
            known.jobs += 1
            self._counts[tenant] = known
