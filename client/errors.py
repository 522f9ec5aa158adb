"""What the client raises.

ClientError
├── UnreachableError          no answer from the cluster, retries included
├── ProblemError              an RFC 9457 problem document came back
│   ├── BadRequestError       400   ├── ConflictError            409   ├── UnsupportedTypeError   415
│   ├── UnauthorizedError     401   ├── PreconditionFailedError  412   ├── InvalidError           422
│   ├── ForbiddenError        403   └── TooLargeError            413   ├── TooManyError           429
│   └── NotFoundError         404                                      └── UnavailableError       503
├── JobFailedError            the job ended in another state than done
└── WaitTimeoutError          the job had not finished when the wait ran out
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from client.models import Job


class ClientError(Exception):
    """Something went wrong between this client and the cluster."""


class UnreachableError(ClientError):
    """The cluster did not answer."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing wrong with the request: where, what, and what to do; in a file the row, column and cell."""

    pointer: str
    detail: str
    remedy: str = ""
    row: int | None = None
    column: str | None = None
    value: str | None = None


class ProblemError(ClientError):
    """The cluster answered with a problem document."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        self.status = status
        self.document = document
        self.type = str(document.get("type", "about:blank"))
        self.title = str(document.get("title", ""))
        self.detail = str(document.get("detail") or self.title or f"HTTP {status}")
        self.remedy = str(document.get("remedy") or "")
        super().__init__(self.detail)

    @property
    def faults(self) -> list[Fault]:
        """The single faults under `errors`, in the order of the answer."""
        return [
            Fault(
                pointer=_text(item, "pointer"),
                detail=_text(item, "detail"),
                remedy=_text(item, "remedy"),
                row=item.get("row"),
                column=item.get("column"),
                value=item.get("value"),
            )
            for item in self.document.get("errors", ())
        ]


class BadRequestError(ProblemError):
    """The body cannot be parsed."""


class UnauthorizedError(ProblemError):
    """The token is missing, forged or expired."""


class ForbiddenError(ProblemError):
    """The token's role does not allow this."""


class NotFoundError(ProblemError):
    """There is no such thing in this tenant."""


class ConflictError(ProblemError):
    """The state of the thing does not allow this."""


class PreconditionFailedError(ProblemError):
    """Another version was stored in between."""


class TooLargeError(ProblemError):
    """The body is larger than the cluster takes."""


class UnsupportedTypeError(ProblemError):
    """The content type is not one that the route takes."""


class InvalidError(ProblemError):
    """Some values do not make sense; `faults` says which."""


class TooManyError(ProblemError):
    """The tenant's quota is used up."""


class UnavailableError(ProblemError):
    """The cluster is overloaded or a part of it is away."""


class JobFailedError(ClientError):
    """A job ended without a result."""

    def __init__(self, job: "Job") -> None:
        self.job = job
        self.error: Mapping[str, Any] = job.error or {}
        reason = self.error.get("detail") or self.error.get("title") or "no reason was stored"
        super().__init__(f"Job {job.id} is {job.state}: {reason}")


class WaitTimeoutError(ClientError):
    """A job had not finished when the wait ran out."""

    def __init__(self, job: "Job") -> None:
        self.job = job
        super().__init__(f"Job {job.id} is still {job.state}.")


_BY_STATUS: dict[int, type[ProblemError]] = {
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    412: PreconditionFailedError,
    413: TooLargeError,
    415: UnsupportedTypeError,
    422: InvalidError,
    429: TooManyError,
    503: UnavailableError,
}


def problem(status: int, document: Mapping[str, Any]) -> ProblemError:
    """Return the error class of an HTTP status, carrying the problem document."""
    return _BY_STATUS.get(status, ProblemError)(status, document)


def _text(item: Mapping[str, Any], name: str) -> str:
    return str(item.get(name) or "")
