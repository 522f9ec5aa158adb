"""Every error becomes one RFC 9457 problem document, here and nowhere else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.catalogue import TYPE_BASE, kind_of
from compute.errors import ComputeError
from core.errors import CollateralError, Fault

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2  # told where the error itself names no time
_RETRIED = frozenset({429, 503})
_BY_STATUS = {
    400: "bad-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-type",
    422: "invalid-input",
    503: "overload",
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One occurrence of a problem: the words of its kind, and what is particular to it."""

    code: str
    detail: str
    remedy: str = ""
    faults: tuple[Fault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status of the code."""
        return kind_of(self.code).status

    def document(self, *, instance: str = "", request_id: str = "") -> dict[str, Any]:
        """Return the members of the problem document; empty ones are left out."""
        kind = kind_of(self.code)
        members = {
            "type": TYPE_BASE + self.code,
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "remedy": self.remedy or kind.remedy,
            "instance": instance,
            "request_id": request_id,
            "errors": [fault_document(fault) for fault in self.faults],
        }
        return {name: value for name, value in members.items() if value not in ("", [])}


def fault_document(fault: Fault) -> dict[str, Any]:
    """Return one entry of `errors`; `row`, `column` and `value` only for files."""
    entry: dict[str, Any] = {"pointer": fault.pointer, "detail": fault.detail, "remedy": fault.remedy}
    if fault.row is not None:
        entry["row"] = fault.row
    if fault.column is not None:
        entry["column"] = fault.column
    if fault.value is not None:
        entry["value"] = fault.value
    return entry


def problem_of(error: Exception) -> Problem:
    """Return the problem that an error stands for; what nobody knows by name tells nothing of itself."""
    if isinstance(error, CollateralError):
        return _of_collateral(error)
    if isinstance(error, ComputeError):
        fault = Fault(pointer=error.pointer, detail=error.detail, remedy=error.remedy)
        return Problem(code=error.code, detail=error.detail, remedy=error.remedy, faults=(fault,))
    if isinstance(error, RequestValidationError):
        return Problem(
            code="invalid-input", detail="A query parameter is not valid.", faults=_query_faults(error.errors())
        )
    if isinstance(error, HTTPException):
        return _of_framework(error)
    return Problem(code="internal-error", detail="The request failed for a reason that was logged.")


def _of_collateral(error: CollateralError) -> Problem:
    status = kind_of(error.code).status
    headers: dict[str, str] = {}
    if status in _RETRIED or getattr(error, "retry_after", None):
        headers["Retry-After"] = str(_whole_seconds(getattr(error, "retry_after", None)))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="nautilus-collateral"'
    detail = error.detail
    if status == 500:
        detail = _quiet(error)
    faults: Sequence[Fault] = getattr(error, "faults", ())
    return Problem(code=error.code, detail=detail, remedy=error.remedy, faults=tuple(faults), headers=headers)


def _quiet(error: CollateralError) -> str:
    """Return a server error's words without its particulars: they may hold addresses and belong in the log."""
    return (type(error).__doc__ or "The request failed.").strip().splitlines()[0]


def _whole_seconds(seconds: float | None) -> int:
    return RETRY_SECONDS if not seconds else max(1, round(seconds + 0.499))


def _of_framework(error: HTTPException) -> Problem:
    details = {
        404: "No route has this path.",
        405: "This path does not know the method.",
        413: "The body is larger than the limit.",
    }
    code = _BY_STATUS.get(error.status_code, "internal-error" if error.status_code >= 500 else "bad-request")
    detail = details.get(error.status_code, kind_of(code).meaning)
    return Problem(code=code, detail=detail, headers=dict(error.headers or {}))


def _query_faults(errors: Sequence[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Keep the place and the words of pydantic's errors; `input` and `ctx` may hold what JSON cannot."""
    return tuple(
        Fault(pointer="", column=str(item["loc"][-1]), detail=f"{item['loc'][-1]}: {item['msg']}.") for item in errors
    )


def problem_response(problem: Problem, *, instance: str = "", request_id: str = "") -> Response:
    """Return the problem as an HTTP response."""
    body = msgspec.json.encode(problem.document(instance=instance, request_id=request_id))
    return Response(body, problem.status, headers=dict(problem.headers), media_type=MEDIA_TYPE)


async def answer_problem(request: Request, error: Exception) -> Response:
    """Answer any error that a route let through."""
    request_id = str(request.scope.get("state", {}).get("request_id", ""))
    return problem_response(problem_of(error), instance=request.url.path, request_id=request_id)
