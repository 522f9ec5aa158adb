"""What workers raise.

WorkerError (core.errors.CollateralError)
├── DeviceUnavailableError   a named device has no live worker, or no kernel for the measure: 422
└── HardwareMissingError     this machine has not got the hardware that its worker was asked to serve
"""

from core.errors import CollateralError


class WorkerError(CollateralError):
    """A worker or its routing cannot do what was asked."""

    code = "worker-error"


class DeviceUnavailableError(WorkerError):
    """No live worker serves the device that was asked for."""

    code = "device-unavailable"
    remedy = 'Send "device": "auto" or "fallback": true, or start a worker for the device.'


class HardwareMissingError(WorkerError):
    """The hardware that this worker was asked to serve is not in this machine."""

    code = "hardware-missing"
    remedy = "Start a cpu worker here: collateral worker --hardware cpu."
