"""`collateral beat`: the schedule, one process of it; named, not imported: entry points stand beside each other."""

from importlib import import_module

import typer

from cli.connect import load_settings
from cli.options import StateDir


def register(app: typer.Typer) -> None:
    """Add `beat`."""
    app.command("beat", help="Send what the schedules ask for; several may run, one leads.")(beat)


def beat(state_dir: StateDir = None) -> None:
    """Run one beat in the foreground."""
    import_module("beat.main").run_beat(load_settings(state_dir))
