"""Messages are hints: which jobs to send, to send again, and to send elsewhere.

A job to be sent is stamped as sent before the sending, so that of two reconcilers only one sends it. A crash in between
is one more lost message, which `lost_sends` finds; a message too many is harmless, because only one claim succeeds.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Double,
    FromClause,
    Integer,
    Interval,
    Text,
    and_,
    bindparam,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE

from core.names import Device, JobState, Queue
from storage.jobs.picking import picked, then
from storage.jobs.records import Job, jobs_from
from storage.jobs.states import QUEUED, is_in
from storage.schema import jobs, workers
from storage.sql import interval, now

_LONGEST_BACKOFF_SECONDS = 600.0
_STAMP = {"sent_at": now(), "sent_epoch": bindparam("epoch", type_=Text), "sends": jobs.c.sends + 1}


def _unsent() -> Any:
    # A fresh job is given a moment in which whoever submitted it sends it; a later attempt has nobody else.
    grace = case((jobs.c.attempt == 0, interval("grace_seconds")), else_=cast("0", Interval))
    due = and_(QUEUED, jobs.c.sent_at.is_(None), jobs.c.available_at <= then(), jobs.c.available_at + grace <= then())
    chosen = picked(due, jobs.c.queue.is_not(None), order=jobs.c.available_at.asc())
    return update(jobs).where(chosen).values(**_STAMP).returning(*jobs.c)


def _latest_started(queue: ColumnElement[str]) -> ColumnElement[Any]:
    # The latest send among the last starts of a queue. Only jobs sent once can tell: of a job that was sent again
    # nobody knows by which of its messages it was started.
    started = jobs.alias("started")
    recent = (
        select(started.c.sent_at)
        .where(
            started.c.queue == queue,
            started.c.started_at > then() - cast("10 minutes", Interval),
            started.c.sends == 1,
        )
        .order_by(started.c.started_at.desc())
        .limit(20)
        .correlate_except(started)
        .subquery("recent")
    )
    return select(func.max(recent.c.sent_at)).scalar_subquery()


def _waited(job: FromClause) -> ColumnElement[bool]:
    doublings = func.power(cast(2.0, Double), func.least(job.c.sends - 1, 20))
    seconds = func.least(cast(bindparam("backoff_seconds"), Double) * doublings, _LONGEST_BACKOFF_SECONDS)
    return job.c.sent_at + func.make_interval(0, 0, 0, 0, 0, 0, seconds) <= then()


def _known_queues() -> Any:
    return func.unnest(bindparam("queues", type_=ARRAY(Text))).table_valued("queue").render_derived("known")


def _lost_sends() -> Any:
    # Only the head of each queue is looked at, so that a pass over a long backlog stays cheap. What is lost comes to
    # the head: whatever was sent before it is claimed or, being lost too, sent again and thereby goes to the end.
    known = _known_queues()
    witnesses = select(known.c.queue, _latest_started(known.c.queue).label("sent_at")).cte("witnesses")
    waiting = jobs.alias("waiting")
    head = (
        select(waiting.c.id, waiting.c.sent_at, waiting.c.sent_epoch, waiting.c.sends, waiting.c.available_at)
        .where(is_in(waiting, JobState.QUEUED), waiting.c.queue == witnesses.c.queue)
        .where(waiting.c.sent_at.is_not(None))
        .order_by(waiting.c.sent_at)
        .limit(bindparam("depth", type_=Integer))
        .lateral("head")
    )
    lost = or_(
        head.c.sent_epoch != bindparam("epoch", type_=Text),
        witnesses.c.queue == func.any(bindparam("empty_queues", type_=ARRAY(Text))),
        head.c.sent_at < witnesses.c.sent_at - interval("overtaken_seconds"),
    )
    found = (
        select(head.c.id)
        .select_from(witnesses.join(head, true()))
        .where(lost, _waited(head), head.c.available_at <= then())
        .cte("found")
    )
    # Asked once more of the row that is locked: another reconciler may have sent it in between.
    chosen = picked(QUEUED, _waited(jobs), jobs.c.id.in_(select(found.c.id)), order=jobs.c.sent_at.asc())
    return update(jobs).where(chosen).values(**_STAMP).returning(*jobs.c)


def _reroutable() -> Any:
    known = _known_queues()
    served = exists().where(
        workers.c.stopped_at.is_(None),
        workers.c.heartbeat_at > then() - interval("silent_seconds"),
        known.c.queue == func.any(workers.c.queues),
    )
    chosen = picked(
        QUEUED,
        jobs.c.queue.in_(select(known.c.queue).where(~served)),
        or_(jobs.c.fallback, jobs.c.device_requested == Device.AUTO.value),
        order=jobs.c.submitted_at.asc(),
    )
    reason = func.concat("no live worker serves ", jobs.c.queue, ": fell back to cpu")
    return (
        update(jobs)
        .where(chosen)
        .values(queue=literal("cpu.") + jobs.c.lane, routing_reason=reason, sent_at=None, available_at=now())
        .returning(*jobs.c)
    )


def _mark_sent() -> Any:
    # Rows that somebody holds are passed over: they are being claimed, and then nothing depends on the stamp.
    sent = (
        func.unnest(bindparam("ids", type_=ARRAY(UUID_TYPE(as_uuid=True))), bindparam("epochs", type_=ARRAY(Text)))
        .table_valued(column("id", UUID_TYPE(as_uuid=True)), column("epoch", Text))
        .render_derived("sent")
    )
    free = (
        select(jobs.c.id, sent.c.epoch)
        .select_from(jobs.join(sent, sent.c.id == jobs.c.id))
        .where(QUEUED, jobs.c.attempt == 0)
        .with_for_update(skip_locked=True, of=jobs)
        .cte("free")
    )
    return (
        update(jobs)
        .where(jobs.c.id == free.c.id)
        .values(sent_at=now(), sent_epoch=free.c.epoch, sends=jobs.c.sends + 1)
    )


_UNSENT = _unsent()
_LOST_SENDS = _lost_sends()
_REROUTABLE = _reroutable()
_MARK_SENT = _mark_sent()
_UNSEND = (
    update(jobs)
    .where(QUEUED, jobs.c.id == func.any(bindparam("ids", type_=ARRAY(UUID_TYPE(as_uuid=True)))))
    .values(sent_at=None, sends=func.greatest(jobs.c.sends - 1, 0))
)
_ALL_QUEUES = [queue.value for queue in Queue]
_ACCELERATED = [queue.value for queue in Queue if queue.device is not Device.CPU]
_HEAD = 2  # times the limit, so that what another reconciler holds does not hide the rest


def mark_sent(connection: Connection, sends: Sequence[tuple[UUID, str]]) -> None:
    """Stamp jobs that were just sent, each with the broker's epoch read before its sending."""
    bound = {"ids": [job_id for job_id, _ in sends], "epochs": [epoch for _, epoch in sends]}
    connection.execute(_MARK_SENT, bound)


def unsend(connection: Connection, job_ids: Sequence[UUID]) -> None:
    """Take the stamp back from jobs whose sending failed, so that the next pass finds them."""
    connection.execute(_UNSEND, {"ids": list(job_ids)})


def unsent(connection: Connection, *, epoch: str, grace_seconds: float = 2.0, limit: int = 500) -> list[Job]:
    """Stamp and return queued jobs that nobody has sent: fresh ones after a grace, retries as soon as they are due."""
    bound = {"epoch": epoch, "grace_seconds": grace_seconds, "most": limit}
    return jobs_from(connection.execute(_UNSENT, bound).all())


def lost_sends(
    connection: Connection,
    *,
    epoch: str,
    empty_queues: Collection[Queue | str] = (),
    overtaken_seconds: float = 10.0,
    backoff_seconds: float = 2.0,
    limit: int = 500,
) -> list[Job]:
    """Stamp and return queued jobs whose message is lost, and not merely far back in a long queue.

    Parameters
    ----------
    connection
        In a transaction; send after its commit.
    epoch
        The broker's epoch now: what was sent under another is gone.
    empty_queues
        Queues that hold no message in the broker: what was sent there and is not claimed is gone.
    overtaken_seconds
        A job is overtaken when one of its queue that was sent at least so much later has been started.
    backoff_seconds
        Wait since the last send; doubled with every send, up to ten minutes.
    limit
        Most jobs taken at once.
    """
    bound = {
        "epoch": epoch,
        "empty_queues": [str(queue) for queue in empty_queues],
        "queues": _ALL_QUEUES,
        "overtaken_seconds": overtaken_seconds,
        "backoff_seconds": backoff_seconds,
        "most": limit,
        "depth": _HEAD * limit,
    }
    return jobs_from(connection.execute(_LOST_SENDS, bound).all())


def reroutable(connection: Connection, *, silent_seconds: float, limit: int = 500) -> list[Job]:
    """Move to cpu and return the jobs that may fall back and wait on a queue that no live worker serves."""
    bound = {"queues": _ACCELERATED, "silent_seconds": silent_seconds, "most": limit}
    return jobs_from(connection.execute(_REROUTABLE, bound).all())
