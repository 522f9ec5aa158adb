"""`collateral migrate`: bring the schema up to date."""

import typer

from cli.connect import database_of, load_settings
from cli.options import AsJson, StateDir
from cli.output import print_json, quiet_logs


def register(app: typer.Typer) -> None:
    """Add `migrate`."""
    app.command("migrate", help="Bring the database schema up to date; two may run at once.")(migrate)


def migrate(state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """Bring the database schema up to date, and store the default tenant."""
    from services.tenants import ensure_default_tenant
    from storage.migrate import current, upgrade

    quiet_logs()
    url = load_settings(state_dir).require_database()
    before = current(url)
    upgrade(url)
    after = current(url)
    with database_of(state_dir) as database:
        ensure_default_tenant(database)
    if as_json:
        print_json({"before": before, "after": after})
    else:
        typer.echo(f"The schema is at {after}." if before == after else f"The schema went from {before} to {after}.")
