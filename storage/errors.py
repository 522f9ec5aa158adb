"""What storage raises.

StorageError (core.errors.CollateralError)
├── StorageUnavailableError   Postgres or Redis cannot be reached in time: 503 with Retry-After
├── VersionConflictError      somebody stored another version first: 412
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


class CorruptColumnsError(StorageError):
    """The stored columns cannot be read back."""

    code = "columns-corrupt"
