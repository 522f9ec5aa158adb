"""`collateral api`: one API process, as the supervisor and production start it."""

from importlib import import_module

import typer

from cli.options import StateDir


def register(app: typer.Typer) -> None:
    """Add `api`."""
    app.command("api", help="One API process; its port and the internal metrics port come from the settings.")(api)


def api(state_dir: StateDir = None) -> None:
    """Serve HTTP until a signal asks to stop."""
    from cli.connect import load_settings

    import_module("api.server").run_api(load_settings(state_dir))  # named, not imported: it stands beside this room
