"""What the API itself raises, beside the errors of the rooms below.

CollateralError
└── RequestError             about the HTTP exchange as such; `api.catalogue` has the status of each code
    ├── BadRequestError          400  a header or query parameter cannot be understood
    ├── BodyTooSlowError         408  the body was not complete in time
    ├── UncertainError           503  the database did not answer in time
    └── NotBuiltError            501  promised by the earlier engine, not built yet
"""

from core.errors import CollateralError


class RequestError(CollateralError):
    """The request cannot be served as it is."""

    code = "bad-request"


class BadRequestError(RequestError):
    """A header or query parameter cannot be understood."""


class BodyTooSlowError(RequestError):
    """The body was not complete in time."""

    code = "request-timeout"


class UncertainError(RequestError):
    """The database did not answer in time; whether the request took effect is not known."""

    code = "storage-unavailable"
    remedy = "Try again after the time in Retry-After; with the same Idempotency-Key nothing can take effect twice."


class NotBuiltError(RequestError):
    """The route is promised and not built yet."""

    code = "not-built-yet"
