"""What the client returns: jobs and events as frozen values, with the wire's document beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FINAL_STATES = frozenset({"done", "failed", "dead", "cancelled"})


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a job is; `total` is 0 while nobody knows."""

    done: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as the cluster last described it."""

    id: str
    measure: str
    state: str
    attempt: int
    progress: Progress
    queue: str | None
    device: str | None
    error: Mapping[str, Any] | None
    result: Mapping[str, Any] | None
    document: Mapping[str, Any]

    @property
    def is_final(self) -> bool:
        """True once the job is done, failed, dead or cancelled."""
        return self.state in FINAL_STATES

    @property
    def timings(self) -> Mapping[str, Any]:
        """Submitted, started, finished, and the milliseconds queued and run."""
        found: Mapping[str, Any] = self.document.get("timings") or {}
        return found

    @property
    def routing(self) -> Mapping[str, Any]:
        """Why the job went to its queue, and its predicted milliseconds."""
        found: Mapping[str, Any] = self.document.get("routing") or {}
        return found

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Job":
        """Read a job from the wire."""
        progress = document.get("progress") or {}
        return cls(
            id=str(document["id"]),
            measure=str(document.get("measure", "")),
            state=str(document["state"]),
            attempt=int(document.get("attempt") or 0),
            progress=Progress(done=int(progress.get("done") or 0), total=int(progress.get("total") or 0)),
            queue=document.get("queue"),
            device=document.get("device"),
            error=document.get("error"),
            result=document.get("result"),
            document=document,
        )


@dataclass(frozen=True, kw_only=True)
class Event:
    """One server-sent event: its id to resume from, its name and its data."""

    id: str
    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a listing and the cursor of the next, None on the last."""

    items: list[dict[str, Any]]
    next: str | None
