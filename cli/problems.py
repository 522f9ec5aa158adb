"""Errors as the terminal shows them: what is wrong, where, and what to do; and the exit code that goes with each."""

from typing import TYPE_CHECKING

import typer

from compute.errors import ComputeError, InputError
from core.errors import CollateralError, Fault, SettingsError

if TYPE_CHECKING:
    from client import ClientError

FAILED = 1
UNREADABLE = 2

_UNREADABLE_CODES = frozenset({"usage", "not-built", "unparsable", "too-large", "unsupported-type", "invalid-input"})
_UNREADABLE_STATUS = frozenset({400, 413, 415, 422})


class UsageError(CollateralError):
    """The command or its input cannot be read."""

    code = "usage"


class NotBuiltError(UsageError):
    """The command is not built yet."""

    code = "not-built"


class ClusterError(CollateralError):
    """The cluster refused, failed or did not answer."""

    code = "cluster-error"

    def __init__(
        self, detail: str, *, remedy: str | None = None, status: int = 0, code: str = "", faults: tuple[Fault, ...] = ()
    ) -> None:
        self.status = status
        self.code = code or self.code
        self.faults = faults
        super().__init__(detail, remedy=remedy)

    @classmethod
    def of(cls, error: "ClientError") -> "ClusterError":
        """Return a client's error in the terminal's words."""
        from client import JobFailedError, ProblemError, UnreachableError

        if isinstance(error, ProblemError):
            faults = tuple(
                Fault(
                    pointer=one.pointer,
                    detail=one.detail,
                    remedy=one.remedy,
                    row=one.row,
                    column=one.column,
                    value=one.value,
                )
                for one in error.faults
            )
            code = error.type.rsplit("/", 1)[-1]
            return cls(error.detail, remedy=error.remedy, status=error.status, code=code, faults=faults)
        if isinstance(error, UnreachableError):
            return cls(str(error), remedy="`collateral status` shows what runs; `collateral up` starts a cluster.")
        if isinstance(error, JobFailedError):
            return cls(str(error), remedy=error.error.get("remedy"), code="job-failed")
        return cls(str(error))


def report(error: CollateralError | ComputeError) -> int:
    """Write an error and its remedy to stderr; return the exit code."""
    typer.echo(f"collateral: {error.detail}", err=True)
    found = faults(error)
    for fault in found:
        _tell(fault, error.detail)
    if error.remedy and error.remedy not in {fault.remedy for fault in found}:
        typer.echo(f"  {error.remedy}", err=True)
    return exit_code(error)


def _tell(fault: Fault, said: str) -> None:
    place = where(fault)
    line = place if fault.detail == said else f"{place}: {fault.detail}" if place else fault.detail
    if line:
        typer.echo(f"  {line}", err=True)
    if fault.remedy:
        typer.echo(f"    {fault.remedy}", err=True)


def exit_code(error: CollateralError | ComputeError) -> int:
    """Return 2 for what could not be read, 1 for what was read and failed."""
    if isinstance(error, InputError | SettingsError):
        return UNREADABLE
    if isinstance(error, ClusterError):
        return UNREADABLE if error.status in _UNREADABLE_STATUS else FAILED
    return UNREADABLE if error.code in _UNREADABLE_CODES else FAILED


def faults(error: CollateralError | ComputeError) -> list[Fault]:
    """Return the error's single faults, none where it carries none; a computation's fault is its pointer."""
    if isinstance(error, ComputeError):
        fault = Fault(pointer=error.pointer, detail=error.detail, remedy=error.remedy)
        return [fault] if error.pointer else []
    found = getattr(error, "faults", ())
    return [fault for fault in found if isinstance(fault, Fault)]


def where(fault: Fault) -> str:
    """Return a fault's place: row and column of a file, or the JSON pointer."""
    if fault.row is not None:
        cell = f" ({fault.value!r})" if fault.value else ""
        return f"row {fault.row}" + (f", column {fault.column}{cell}" if fault.column else "")
    return fault.pointer


def document(error: CollateralError | ComputeError) -> dict[str, object]:
    """Return an error as the object that `--json` prints beside the results."""
    found: dict[str, object] = {"code": error.code, "detail": error.detail}
    if error.remedy:
        found["remedy"] = error.remedy
    listed = [_entry(fault) for fault in faults(error)]
    if listed:
        found["errors"] = listed
    if omitted := getattr(error, "omitted", 0):
        found["errors_not_listed"] = omitted
    return found


def _entry(fault: Fault) -> dict[str, object]:
    entry: dict[str, object] = {"pointer": fault.pointer, "detail": fault.detail, "remedy": fault.remedy}
    place = {"row": fault.row, "column": fault.column, "value": fault.value}
    return entry | {name: value for name, value in place.items() if value is not None}
