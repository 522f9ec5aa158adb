"""Why a job did not succeed, as the problem document stored on its row."""

from dataclasses import dataclass
from typing import Any

from compute.errors import ComputeError, InputError, NonFiniteError
from core.errors import CollateralError, Fault
from core.names import Queue
from services.errors import InvalidInputError, NotFoundError

FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A problem document, and after how many seconds another attempt makes sense; None: never."""

    problem: dict[str, Any]
    retry_in_seconds: float | None

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.problem["code"])


def failure_of(error: Exception, attempt: int) -> Failure:
    """Judge an exception: what the input explains is final, what it does not is tried again."""
    if isinstance(error, InputError):
        return Failure(
            problem=_computation(error, 422, "The input does not allow this computation"), retry_in_seconds=None
        )
    if isinstance(error, NonFiniteError):
        return Failure(problem=_computation(error, 500, "The calculation is not valid"), retry_in_seconds=None)
    if isinstance(error, InvalidInputError | NotFoundError):
        return Failure(problem=_service(error), retry_in_seconds=None)
    return Failure(problem=_unexpected(error), retry_in_seconds=retry_seconds(attempt))


def retry_seconds(attempt: int) -> float:
    """Return the pause before the attempt after this one: it doubles, up to a minute."""
    return float(min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** (attempt - 1)))


def deadline_problem() -> dict[str, Any]:
    """Return the problem of a job that ran out of its time while it was computed."""
    return problem("deadline-passed", 504, "The deadline passed", "The job was not done within `deadline_seconds`.")


def unserved_problem(queue: Queue) -> dict[str, Any]:
    """Return the problem of a job that waited until its deadline for a device that nobody served."""
    return problem(
        "device-unavailable",
        422,
        "No live worker has the device",
        f"No live worker served the device {queue.device.value} (queue {queue.value}) until the deadline.",
        remedy='Send "device": "auto" or "fallback": true, or start a worker for the device.',
    )


def lost_worker_problem() -> dict[str, Any]:
    """Return the problem of a job whose last attempt ended with its worker."""
    return problem(
        "worker-lost",
        500,
        "The worker was lost",
        "The worker of the last attempt gave no sign of life for a full lease.",
        remedy="Replay the job once the cause is known: collateral dlq replay JOB_ID",
    )


def problem(
    code: str, status: int, title: str, detail: str, *, remedy: str = "", faults: tuple[Fault, ...] = ()
) -> dict[str, Any]:
    """Return an RFC 9457 document; empty members are left out."""
    members: dict[str, Any] = {
        "type": f"/problems/{code}",
        "code": code,
        "title": title,
        "status": status,
        "detail": detail,
        "remedy": remedy,
        "errors": [{"pointer": item.pointer, "detail": item.detail, "remedy": item.remedy} for item in faults],
    }
    return {name: value for name, value in members.items() if value not in ("", [])}


def _computation(error: ComputeError, status: int, title: str) -> dict[str, Any]:
    fault = Fault(pointer=error.pointer, detail=error.detail, remedy=error.remedy)
    return problem(error.code, status, title, error.detail, remedy=error.remedy, faults=(fault,))


def _service(error: CollateralError) -> dict[str, Any]:
    faults = error.faults if isinstance(error, InvalidInputError) else ()
    title = "The input does not allow this computation"
    return problem(error.code, 422, title, error.detail, remedy=error.remedy, faults=faults)


def _unexpected(error: Exception) -> dict[str, Any]:
    return problem("job-failed", 500, "The attempt failed", f"{type(error).__name__}: {_one_line(str(error))}")


def _one_line(text: str) -> str:
    printable = "".join(character for character in text if character.isprintable())
    return printable[:500] or "no message"
