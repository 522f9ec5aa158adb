"""Errors as the terminal shows them: what is wrong, where, and what to do; and the exit code that goes with each."""

from http import HTTPStatus

import typer

from compute.errors import ComputeError, InputError
from core.errors import CollateralError, Fault, SettingsError

FAILED = 1
UNREADABLE = 2

_UNREADABLE_STATUS = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}


class UsageError(CollateralError):
    """The command or its input cannot be read."""

    code = "usage"
    status = int(HTTPStatus.UNPROCESSABLE_ENTITY)


class NotBuiltError(UsageError):
    """The command is not built yet."""

    code = "not-built"


def report(error: CollateralError | ComputeError) -> int:
    """Write an error and its remedy to stderr; return the exit code."""
    typer.echo(f"collateral: {error.detail}", err=True)
    for fault in faults(error):
        place = where(fault)
        typer.echo(f"  {place + ': ' if place else ''}{fault.detail}", err=True)
        if fault.remedy:
            typer.echo(f"    {fault.remedy}", err=True)
    if error.remedy:
        typer.echo(f"  {error.remedy}", err=True)
    return exit_code(error)


def exit_code(error: CollateralError | ComputeError) -> int:
    """Return 2 for what could not be read, 1 for what was read and failed."""
    if isinstance(error, InputError | SettingsError):
        return UNREADABLE
    return UNREADABLE if getattr(error, "status", 0) in _UNREADABLE_STATUS else FAILED


def faults(error: CollateralError | ComputeError) -> list[Fault]:
    """Return the error's single faults, none where it carries none."""
    found = getattr(error, "faults", ())
    return [fault for fault in found if isinstance(fault, Fault)]


def where(fault: Fault) -> str:
    """Return a fault's place: row and column of a file, or the JSON pointer."""
    if fault.row is not None:
        return f"row {fault.row}" + (f", column {fault.column}" if fault.column else "")
    return fault.pointer


def document(error: CollateralError | ComputeError) -> dict[str, object]:
    """Return an error as the object that `--json` prints beside the results."""
    found: dict[str, object] = {"code": error.code, "detail": error.detail}
    if error.remedy:
        found["remedy"] = error.remedy
    listed = [{"pointer": fault.pointer, "detail": fault.detail, "remedy": fault.remedy} for fault in faults(error)]
    if listed:
        found["errors"] = listed
    return found
