"""What this process is missing: asked of Postgres, Redis and the workers, each within a second."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import Request

from api.context import Context, context_of
from core.clock import isoformat, utcnow
from core.errors import CollateralError
from services import status

_SECONDS = 1.0


async def readiness(context: Context) -> tuple[bool, dict[str, Any]]:
    """Return whether requests can be served, and a document that names what is missing."""
    parts = await _standing(context)
    missing = [name for name, found in parts.items() if not found]
    able = context.warm and bool(parts["database"]) and not context.stopping.is_set()
    word = "unready" if not able else "degraded" if missing else "ready"
    return able, {
        "status": word,
        "missing": missing,
        "components": {name: bool(found) for name, found in parts.items()},
    }


async def health_document(request: Request) -> dict[str, Any]:
    """Return the earlier engine's health fields."""
    context = context_of(request)
    parts = await _standing(context)
    principal = request.scope["state"].get("principal")
    count = None
    if principal is not None and parts["database"]:
        count = await _quietly(context, status.active_portfolios, principal)
    return {
        "status": "healthy" if all(parts.values()) else "degraded" if parts["database"] else "unhealthy",
        "engine_status": "running" if context.warm else "starting",
        "active_portfolios": count,
        "hardware_acceleration": await _quietly(context, status.hardware),
        "timestamp": isoformat(utcnow()),
        "missing": [name for name, found in parts.items() if not found],
    }


async def _standing(context: Context) -> Mapping[str, bool]:
    probes = {"database": status.database, "redis": status.redis, "workers": status.workers}
    answers = await asyncio.gather(*(_quietly(context, probe) for probe in probes.values()))
    return {"kernels": context.warm, **{name: bool(found) for name, found in zip(probes, answers, strict=True)}}


async def _quietly(context: Context, probe: Any, *arguments: Any) -> Any:
    """Return a probe's finding, or None if it failed or took too long: monitoring is never shed."""
    try:
        return await context.probes.run_within(_SECONDS, probe, context.runtime, *arguments)
    except CollateralError:
        return None
