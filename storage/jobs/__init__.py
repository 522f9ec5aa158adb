"""The jobs table: every transition of the lifecycle is one statement here, under Postgres' clock.

queued ─claim→ running ─finish→ done
  │               ├─fail→ queued (again) | failed | dead ─replay_dead→ queued
  │               ├─release→ queued, the attempt given back
  │               └─cancelled→ cancelled
  └─request_cancel→ cancelled         expired_leases, overdue: what the reconciler settles for workers that are gone
"""

from storage.jobs.claim import claim, heartbeat, release
from storage.jobs.finish import cancelled, fail, finish, replay_dead, request_cancel
from storage.jobs.query import get, get_many, inputs, latest_replay, page, result, stored, unfinished
from storage.jobs.reconcile import expired_leases, overdue, prune, queue_stats
from storage.jobs.records import Claim, Heartbeat, Inputs, Job, NewJob, QueueStats, Stored
from storage.jobs.sends import lost_sends, mark_sent, reroutable, unsend, unsent
from storage.jobs.submit import insert_done
from storage.jobs.submit import insert_job as insert
from storage.jobs.tally import Tally, tallies
from storage.packed import Packed

__all__ = [
    "Claim",
    "Heartbeat",
    "Inputs",
    "Job",
    "NewJob",
    "Packed",
    "QueueStats",
    "Stored",
    "Tally",
    "cancelled",
    "claim",
    "expired_leases",
    "fail",
    "finish",
    "get",
    "get_many",
    "heartbeat",
    "inputs",
    "insert",
    "insert_done",
    "latest_replay",
    "lost_sends",
    "mark_sent",
    "overdue",
    "page",
    "prune",
    "queue_stats",
    "release",
    "replay_dead",
    "request_cancel",
    "reroutable",
    "result",
    "stored",
    "tallies",
    "unfinished",
    "unsend",
    "unsent",
]
