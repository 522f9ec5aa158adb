"""`collateral beat`: the schedule, one process of it."""

import typer

from cli.connect import load_settings
from cli.options import StateDir


def register(app: typer.Typer) -> None:
    """Add `beat`."""
    app.command("beat", help="Send what the schedules ask for; several may run, one leads.")(beat)


def beat(state_dir: StateDir = None) -> None:
    """Run one beat in the foreground."""
    from beat.main import run_beat

    run_beat(load_settings(state_dir))
