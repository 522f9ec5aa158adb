"""What storage raises.

StorageError (core.errors.CollateralError)
├── StorageUnavailableError   Postgres or Redis cannot be reached in time: 503 with Retry-After
├── VersionConflictError      somebody stored another version first: 412
├── KeyReusedError            an idempotency key came back with another body: 422
├── KeyInFlightError          the first request under an idempotency key is still at work: 409
├── NameTakenError            a name that must be unique within its tenant is in use: 409
├── UnknownTenantError       a token names a tenant that this cluster does not have: 403
├── CursorError               a page's cursor was not one of ours: 422
└── CorruptColumnsError       stored bytes are not what their hash promised
"""

from core.errors import CollateralError


class StorageError(CollateralError):
    """The database refused an operation."""

    code = "storage-error"


class StorageUnavailableError(StorageError):
    """The database cannot be reached at the moment."""

    code = "storage-unavailable"
    remedy = "Try again after the time in Retry-After; nothing was stored."


class VersionConflictError(StorageError):
    """Another version was stored in between."""

    code = "version-conflict"
    remedy = "Read the present version and send its ETag in If-Match."


class KeyReusedError(StorageError):
    """The Idempotency-Key was used with another request."""

    code = "idempotency-key-reused"
    remedy = "Use a new key for a new request, and the same key only to repeat the same request."


class KeyInFlightError(StorageError):
    """The first request with this Idempotency-Key is still being worked on."""

    code = "idempotency-key-in-flight"
    retry_after = 1.0
    remedy = "Repeat the request after the time in Retry-After."


class NameTakenError(StorageError):
    """The name is already in use."""

    code = "name-taken"
    remedy = "Choose another name."


class UnknownTenantError(StorageError):
    """The tenant of the token does not exist on this cluster."""

    code = "unknown-tenant"
    remedy = "An operator adds it: collateral tenants add NAME."


class CursorError(StorageError):
    """The cursor is not one that this service gave out."""

    code = "invalid-cursor"
    remedy = "Start again without a cursor, and pass on `next` unchanged."


class CorruptColumnsError(StorageError):
    """The stored columns cannot be read back."""

    code = "columns-corrupt"
