"""Waiting for a job's end: woken by hints from Redis, and by a look into Postgres now and then without them."""

from uuid import UUID

from api.context import Context
from core.security import Principal
from services import jobs
from services.events import settled as settled_of
from services.events import until_final as until_final_of
from storage.jobs import Job


async def until_final(context: Context, principal: Principal, job_id: UUID, seconds: float) -> Job:
    """Return the job once it has ended, or as it stands when the time is over."""

    async def look() -> Job:
        return await context.crew.run(jobs.show, context.runtime, principal, job_id)

    with context.events.watch(job_id) as watch:
        return await until_final_of(look, watch, seconds)


async def settled(context: Context, principal: Principal, job_id: UUID, seconds: float) -> None:
    """Return once the job has ended or the time is over, without another look: the caller reads the job anyway."""

    async def look() -> Job:
        return await context.crew.run(jobs.show, context.runtime, principal, job_id)

    with context.events.watch(job_id) as watch:
        await settled_of(look, watch, seconds)
