"""What the routes of one API process share."""

import asyncio
import time
from dataclasses import dataclass, field

from fastapi import Request

from api.metrics import ApiMetrics
from api.threads import Crew, Turnstile
from core.clock import isoformat, utcnow
from core.settings import Settings
from services.events import JobEvents
from services.runtime import Runtime


@dataclass(kw_only=True)
class Context:
    """The runtime, the threads, the limits, and whether this process is ready or leaving."""

    settings: Settings
    runtime: Runtime
    events: JobEvents
    crew: Crew
    probes: Crew
    calculations: Turnstile
    streams: Turnstile
    metrics: ApiMetrics
    started_at: str = field(default_factory=lambda: isoformat(utcnow()))
    started: float = field(default_factory=time.monotonic)
    warm: bool = False  # kernels compiled and loaded
    stopping: asyncio.Event = field(default_factory=asyncio.Event)  # streams end, so that a shutdown need not wait

    @property
    def uptime(self) -> float:
        """Seconds since this process started."""
        return time.monotonic() - self.started


def context_of(request: Request) -> Context:
    """Return the context of the process that serves a request."""
    context: Context = request.app.state.context
    return context
