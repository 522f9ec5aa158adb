"""What compute raises.

ComputeError
├── InputError           the portfolio, market or parameters do not allow this computation; the job fails, no retry
│   ├── MissingRateError     a currency pair has no rate
│   └── HistoryError         a price history is missing, too short or unusable
├── ParameterSetError    a packaged or stored parameter set does not hold what its model needs
├── NonFiniteError       a kernel returned NaN or infinity: never passed on as a number
└── CancelledError       the caller's checkpoint asked to stop
"""


class ComputeError(Exception):
    """A computation could not be done."""

    code = "computation-failed"

    def __init__(self, detail: str, *, pointer: str = "", remedy: str = "") -> None:
        self.detail = detail
        self.pointer = pointer
        self.remedy = remedy
        super().__init__(detail)


class InputError(ComputeError):
    """The input does not allow this computation."""

    code = "input-invalid"


class MissingRateError(InputError):
    """A currency pair has no rate."""

    code = "fx-rate-missing"


class HistoryError(InputError):
    """A price history is missing, too short or unusable."""

    code = "history-unusable"


class ParameterSetError(ComputeError):
    """A parameter set does not hold what its model needs."""

    code = "parameter-set-invalid"


class NonFiniteError(ComputeError):
    """A kernel returned a value that is not a number."""

    code = "calculation-invalid"


class CancelledError(ComputeError):
    """The caller asked for the computation to stop."""

    code = "cancelled"
