"""The root of every error that the project raises on purpose.

CollateralError
├── SettingsError            a setting is missing or makes no sense
├── TokenError               a bearer token is missing, forged, expired or for somebody else
├── storage.errors.StorageError, services.errors.ServiceError, workers.errors.WorkerError, embedded.errors.EmbeddedError
└── (compute has its own root, ComputeError: it knows nothing of this room)

An error carries data, a stable `code` and, where a person can mend it, a `remedy`. `api.problems` turns the tree into
RFC 9457 problem documents in one handler; the CLI prints the same words.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing wrong with an input, and where.

    Parameters
    ----------
    pointer
        RFC 6901 JSON pointer into the request body, for example `/portfolio/positions/3/quantity`; empty for the whole.
    detail
        What is wrong, without echoing values that JSON cannot hold.
    remedy
        What the caller can do about it.
    row, column, value
        For files: 1-based row, the column's name, and the cell as the file shows it, shortened.
    """

    pointer: str = ""
    detail: str
    remedy: str = ""
    row: int | None = None
    column: str | None = None
    value: str | None = None


class CollateralError(Exception):
    """Something went wrong that the project knows by name."""

    code = "internal-error"
    remedy = ""

    def __init__(self, detail: str | None = None, *, remedy: str | None = None) -> None:
        self.detail = detail if detail is not None else (type(self).__doc__ or "").strip().splitlines()[0]
        if remedy is not None:
            self.remedy = remedy
        super().__init__(self.detail)


class SettingsError(CollateralError):
    """A setting is missing or makes no sense."""

    code = "settings-invalid"


class TokenError(CollateralError):
    """The bearer token is missing, malformed, expired, or not signed by this cluster."""

    code = "unauthorized"
    remedy = "Ask an operator for a new one: collateral token --role trader --tenant NAME"


class PermissionDeniedError(CollateralError):
    """The token's role does not allow this."""

    code = "forbidden"
