"""The console script: reads only the module of the command that was asked for, and reports every error in one place."""

import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

import typer

from cli.problems import report
from compute.errors import ComputeError
from core.errors import CollateralError

COMMANDS: dict[str, str] = {
    "up": "cli.cluster",
    "down": "cli.cluster",
    "status": "cli.cluster",
    "doctor": "cli.cluster",
    "api": "cli.serve",
    "worker": "cli.processes",
    "reconciler": "cli.processes",
    "beat": "cli.beat",
    "flower": "cli.flower",
    "migrate": "cli.migrate",
    "token": "cli.access",
    "tenants": "cli.access",
    "calc": "cli.calc",
    "submit": "cli.submit",
    "jobs": "cli.jobs",
    "dlq": "cli.dead_letters",
    "schedules": "cli.schedules",
    "portfolios": "cli.portfolios",
    "prices": "cli.prices",
    "params": "cli.parameter_sets",
    "bulk": "cli.later",
    "replay": "cli.replay",
}
"""Command to the module whose `register(app)` adds it, in the order of the help page."""


def build(arguments: Sequence[str]) -> typer.Typer:
    """Return the application with the one command that the arguments name, or with all for a help page."""
    app = typer.Typer(
        name="collateral",
        help="Margin and collateral on a computation cluster.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    for module in _modules(arguments):
        import_module(module).register(app)
    return app


def _root() -> None:
    """Margin and collateral on a computation cluster."""


def _modules(arguments: Sequence[str]) -> Iterable[str]:
    named = next((text for text in arguments if not text.startswith("-")), None)
    if named in COMMANDS:
        return [COMMANDS[named]]
    return dict.fromkeys(COMMANDS.values())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; exit 0 when all succeeded, 1 when something failed, 2 for input or usage that makes no sense."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        build(given)(args=given, prog_name="collateral")
    except (CollateralError, ComputeError) as error:
        sys.exit(report(error))


if __name__ == "__main__":
    main()
