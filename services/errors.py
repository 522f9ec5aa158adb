"""What services raise.

ServiceError (core.errors.CollateralError)
├── UnparsableError           400  the body is not JSON (or not CSV); `position` is the byte where reading stopped
├── DrillsDisabledError       403  this cluster does not allow the noop measure
├── NotFoundError             404  nothing of the caller's tenant has this id
├── NotAcceptableError        406  the answer does not exist in the media type that Accept asks for
├── ConflictError             409  the state of the thing does not allow this, such as a cancel of a finished job
├── PreconditionFailedError   412  If-Match names another version than the present one
├── TooLargeError             413  the body, or what it decompresses to, is over the limit
├── UnsupportedTypeError      415  the content type or encoding is not one that this route reads
├── InvalidInputError         422  the body can be read and its values make no sense; `faults` says where
├── QuotaError                429  the tenant has as many unfinished jobs as it may; `retry_after` seconds
├── CalculationError          500  a kernel failed, or returned something that is not a number
└── OverloadError             503  this process has as much to do as it can; `retry_after` seconds

The status stands here for the reader; `api.problems` maps it.
"""

from collections.abc import Sequence

from core.errors import CollateralError, Fault


class ServiceError(CollateralError):
    """A use case refused a request."""

    code = "service-error"


class UnparsableError(ServiceError):
    """The body cannot be parsed."""

    code = "unparsable"

    def __init__(self, detail: str, *, position: int | None = None, remedy: str | None = None) -> None:
        self.position = position
        super().__init__(detail, remedy=remedy)


class DrillsDisabledError(ServiceError):
    """Drills are switched off on this cluster."""

    code = "drills-disabled"
    remedy = "An operator turns them on with COLLATERAL_DRILLS_ENABLED=1."


class NotFoundError(ServiceError):
    """There is nothing here."""

    code = "not-found"

    def __init__(self, kind: str, name: str, *, remedy: str | None = None) -> None:
        self.kind = kind
        self.name = name
        super().__init__(f"There is no {kind} {name!r}.", remedy=remedy)


class ConflictError(ServiceError):
    """The present state does not allow this."""

    code = "conflict"


class PreconditionFailedError(ServiceError):
    """The version named in If-Match is not the present one."""

    code = "precondition-failed"
    remedy = "Read the present version and send its ETag in If-Match."


class TooLargeError(ServiceError):
    """The body is too large."""

    code = "too-large"

    def __init__(self, detail: str | None = None, *, limit_bytes: int, remedy: str | None = None) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(detail or f"The body is over the limit of {limit_bytes} bytes.", remedy=remedy)


class NotAcceptableError(ServiceError):
    """The answer does not exist in the type that was asked for."""

    code = "not-acceptable"


class UnsupportedTypeError(ServiceError):
    """The body comes in a type or encoding that is not read here."""

    code = "unsupported-type"


class InvalidInputError(ServiceError):
    """The input makes no sense.

    Parameters
    ----------
    faults
        What is wrong, and where; at least one.
    omitted
        How many more faults were found than are listed.
    """

    code = "invalid-input"

    def __init__(self, faults: Sequence[Fault], *, omitted: int = 0, remedy: str | None = None) -> None:
        self.faults = tuple(faults)
        self.omitted = omitted
        count = len(self.faults) + omitted
        detail = self.faults[0].detail if count == 1 else f"The input has {count} faults."
        if omitted:
            detail = f"{detail} The first {len(self.faults)} are listed, {omitted} more are not."
        super().__init__(detail, remedy=remedy)

    @classmethod
    def at(cls, pointer: str, detail: str, *, remedy: str = "") -> "InvalidInputError":
        """Return the error of a single fault."""
        return cls([Fault(pointer=pointer, detail=detail, remedy=remedy)], remedy=remedy)


class QuotaError(ServiceError):
    """The tenant has as many unfinished jobs as it may have."""

    code = "quota-exceeded"
    remedy = "Wait until some jobs have finished, or cancel some."

    def __init__(self, detail: str | None = None, *, retry_after: float = 5.0) -> None:
        self.retry_after = retry_after
        super().__init__(detail)


class CalculationError(ServiceError):
    """The calculation gave no valid number; none is shown in its place."""

    code = "calculation-invalid"


class OverloadError(ServiceError):
    """There is more to do at the moment than this process can hold."""

    code = "overload"
    remedy = "Try again after the time in Retry-After."

    def __init__(self, detail: str | None = None, *, retry_after: float = 1.0) -> None:
        self.retry_after = retry_after
        super().__init__(detail)
