"""Server-sent events of one job: its state and progress, heartbeats between, and an honest `reset`.

An event's id is the job's position: attempt, phase, progress. Positions that lie between two looks are not kept, so a
client that comes back gets the present one. An id that this job cannot have sent, or that lies ahead of it because a
dead job was replayed, is answered with `reset`: what the client knew no longer counts.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import UUID

import msgspec
from fastapi import Request
from fastapi.responses import StreamingResponse

from api.context import Context, context_of
from core.names import JobState
from core.security import Principal
from services import jobs
from services.events import Look, Watch, changes
from services.wire import job_document
from storage.jobs import Job

HEARTBEAT_SECONDS = 10.0
RECONNECT_MS = 1000
_HEARTBEAT = b": heartbeat\n\n"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
Position = tuple[int, int, int]


async def event_stream(request: Request, principal: Principal, job_id: UUID) -> StreamingResponse:
    """Return the stream of a job that exists; one that does not is a problem, not a stream."""
    context = context_of(request)
    await context.crew.run(jobs.show, context.runtime, principal, job_id)
    last = request.headers.get("last-event-id")
    return StreamingResponse(
        _stream(context, principal, job_id, last), media_type="text/event-stream", headers=_HEADERS
    )


async def _stream(context: Context, principal: Principal, job_id: UUID, last: str | None) -> AsyncIterator[bytes]:
    async def look() -> Job:
        return await context.crew.run(jobs.show, context.runtime, principal, job_id)

    yield f"retry: {RECONNECT_MS}\n\n".encode()
    with context.streams.enter(), context.events.watch(job_id) as watch:
        async for frame in _frames(context, look, watch, last):
            yield frame


async def _frames(context: Context, look: Look, watch: Watch, last: str | None) -> AsyncIterator[bytes]:
    known = position_in(last)
    state: JobState | None = None
    async with aclosing(_until_stopped(context, changes(look, watch, HEARTBEAT_SECONDS))) as found:
        async for job in found:
            if job is None:
                yield _HEARTBEAT
                continue
            here = position_of(job)
            if last is not None and (known is None or known > here):
                yield frame("reset", here, job_document(job))
            elif known != here or job.state.is_final:
                yield state_frame(job) if job.state is not state else progress_frame(job)
            last, known, state = None, None, job.state


async def _until_stopped(context: Context, found: AsyncIterator[Job | None]) -> AsyncGenerator[Job | None]:
    """Pass on what comes, and end when the process leaves, so that the client may go on elsewhere."""
    stopping = asyncio.ensure_future(context.stopping.wait())
    try:
        while True:
            coming = asyncio.ensure_future(anext(found))
            await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                return
            try:
                item = coming.result()
            except StopAsyncIteration:
                return
            yield item
    finally:
        stopping.cancel()


def state_frame(job: Job) -> bytes:
    """Return the event of a new state: the whole job, without its result."""
    return frame("state", position_of(job), job_document(job))


def progress_frame(job: Job) -> bytes:
    """Return the event of progress within a state."""
    data = {"state": job.state.value, "attempt": job.attempt, "done": job.progress_done, "total": job.progress_total}
    return frame("progress", position_of(job), data)


def frame(name: str, position: Position, data: dict[str, Any]) -> bytes:
    """Return one event."""
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (
        "-".join(map(str, position)).encode(),
        name.encode(),
        msgspec.json.encode(data),
    )


def position_of(job: Job) -> Position:
    """Return where a job stands: attempt, phase (waiting, running, ended), progress."""
    phase = 2 if job.state.is_final else 1 if job.state is JobState.RUNNING else 0
    return job.attempt, phase, job.progress_done


def position_in(text: str | None) -> Position | None:
    """Read an event id; None for what is no id of ours."""
    parts = (text or "").split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 20 for part in parts):
        return None
    attempt, phase, done = map(int, parts)
    return attempt, phase, done
