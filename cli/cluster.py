"""`collateral up | down | status | doctor`: the one-machine cluster."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson, StateDir
from cli.output import print_json, print_table
from core.names import Role
from core.security import DEFAULT_TENANT, issue_token, load_private_key
from embedded.cluster import Plan
from embedded.lifecycle import down as stop_cluster
from embedded.lifecycle import up as start_cluster
from embedded.state import Layout, status_document

_NOT_RUNNING = 1
_DEMO_LIFETIME = timedelta(minutes=15)


def register(app: typer.Typer) -> None:
    """Add `up`, `down`, `status` and `doctor`."""
    app.command("up", help="Start the whole cluster on this machine and serve until Ctrl-C.")(up)
    app.command("down", help="Stop the cluster of a state directory.")(down)
    app.command("status", help="What runs; exit 1 when nothing does.")(status)
    app.command("doctor", help="What runs, what hardware was found, what is degraded and how to mend it.")(doctor)


def up(
    demo: Annotated[bool, typer.Option("--demo", help="Submit the demo jobs once everything answers.")] = False,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="Port of the API; default: COLLATERAL_PORT, else 9000. 0: any."),
    ] = None,
    state_dir: StateDir = None,
) -> None:
    """Start the cluster and serve."""

    async def on_ready(plan: Plan) -> None:
        if demo:
            await _demonstrate(plan)
        _welcome(plan, state_dir)

    typer.echo(f"Starting the cluster on {Layout.at(state_dir).root}")
    start_cluster(state_dir, port=port, tell=_tell, on_ready=on_ready)
    typer.echo("Stopped; nothing is left running.")


def down(state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """Stop the cluster."""
    roles = stop_cluster(state_dir)
    if as_json:
        print_json({"state_dir": str(Layout.at(state_dir).root), "stopped": roles})
    else:
        typer.echo(f"Stopped: {', '.join(roles)}.")


def status(state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """Show what runs."""
    document = status_document(Layout.at(state_dir))
    running = document["supervisor"]["pid"] is not None
    if as_json:
        print_json(document)
    elif running:
        rows = [
            (row["role"], str(row["pid"] or "-"), row["state"], str(row["restarts"])) for row in document["processes"]
        ]
        print_table(document["state_dir"], ("role", "pid", "state", "restarts"), rows, right=("pid", "restarts"))
        for name, url in document["urls"].items():
            typer.echo(f"{name:8} {url}")
    else:
        typer.echo(f"No cluster runs on {document['state_dir']}. Start one with `collateral up`.", err=True)
    raise typer.Exit(0 if running else _NOT_RUNNING)


def doctor(state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """Examine this machine and its cluster."""
    from embedded.doctor import examine

    report = examine(Layout.at(state_dir))
    if as_json:
        print_json(report.document())
    else:
        for finding in report.findings:
            typer.echo(f"{finding.word:9} {finding.subject}: {finding.detail}")
            if finding.remedy:
                typer.echo(f"          → {finding.remedy}")
    raise typer.Exit(0 if report.healthy else 1)


def _tell(role: str, state: str, why: str) -> None:
    if state in {"running", "reaped"} or why:
        typer.echo(f"  {role:12} {state}{': ' + why if why else ''}")


async def _demonstrate(plan: Plan) -> None:
    """Run the demo in a process of its own, which takes its memory with it; a failed demo does not stop the cluster."""
    token = issue_token(
        load_private_key(plan.layout.private_key),
        tenant=DEFAULT_TENANT,
        subject="cli:demo",
        role=Role.ADMIN,
        lifetime=_DEMO_LIFETIME,
    )
    environment = {**os.environ, "COLLATERAL_TOKEN": token}
    sys.stdout.flush()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli.demo_process", plan.urls["api"], env=environment
    )
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if code != 0:
        typer.echo("The demo did not finish; the cluster goes on serving.", err=True)


def _welcome(plan: Plan, state_dir: Path | None) -> None:
    option = f" --state-dir {plan.layout.root}" if state_dir is not None else ""
    typer.echo("\nReady.")
    for name, url in plan.urls.items():
        typer.echo(f"  {name:8} {url}")
    typer.echo(f"  token    TOKEN=$(collateral token{option})")
    typer.echo(f"  flower   user operator, password in {plan.layout.root / 'keys' / 'flower-password'}")
    typer.echo("Ctrl-C stops everything.")
    sys.stdout.flush()
