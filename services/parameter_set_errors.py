"""What the services of parameter sets refuse by name, beside the errors that all services share.

ServiceError
├── OwnApprovalError          403  the author of a version cannot approve it
├── NotApprovedError          409  only an approved version may become active
├── SetInUseError             409  a version that was activated cannot be withdrawn
└── InvalidInputError
    └── ActivationInPastError 422  what was computed before today stays as it was
"""

from datetime import date

from core.errors import Fault
from services.errors import InvalidInputError, ServiceError


class OwnApprovalError(ServiceError):
    """The author of a version cannot approve it."""

    code = "own-approval"
    remedy = "Ask a second person with the role risk_manager or admin."


class NotApprovedError(ServiceError):
    """Only an approved version may become active."""

    code = "not-approved"
    remedy = "Submit the version, and have a second person approve it."


class SetInUseError(ServiceError):
    """The version was activated: it stays."""

    code = "parameter-set-in-use"
    remedy = "Activate another version, or roll back."


class ActivationInPastError(InvalidInputError):
    """A parameter set cannot become active in the past."""

    code = "activation-in-past"

    def __init__(self, given: date, today: date) -> None:
        detail = f"active_from is {given.isoformat()}, before today, {today.isoformat()} in UTC."
        remedy = "Choose today or a later date: what was computed before stays as it was."
        super().__init__([Fault(pointer="/active_from", detail=detail, remedy=remedy)], remedy=remedy)
