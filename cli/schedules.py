"""`collateral schedules ls | add | remove | run`: recompute these portfolios every N seconds."""

from typing import Annotated

import typer

from cli.connect import connected
from cli.options import AsJson, Params, StateDir, Tenant, Token, Url
from cli.output import print_json, print_table
from core.security import DEFAULT_TENANT
from services.timing import Misfire

Name = Annotated[str, typer.Argument(metavar="SCHEDULE", help="Its name or id.")]

schedules = typer.Typer(help="Dynamic schedules of beat.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add `schedules`."""
    app.add_typer(schedules, name="schedules")


@schedules.command("ls")
def ls(
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """List the schedules."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        found = list(client.schedules())
    if as_json:
        for one in found:
            print_json(one)
        return
    rows = [
        (
            one["name"],
            one["measure"],
            f"{one['every_seconds']:g} s",
            "aligned" if one["aligned"] else "from creation",
            one["misfire"],
            str(len(one["portfolio_ids"])),
            "yes" if one["enabled"] else "no",
            one["last_tick_at"] or "-",
        )
        for one in found
    ]
    columns = ("name", "measure", "every", "grid", "misfire", "portfolios", "enabled", "last tick")
    print_table("Schedules", columns, rows, right=("every", "portfolios"))


@schedules.command("add")
def add(
    name: Annotated[str, typer.Argument(help="A name, unique in the tenant.")],
    portfolio: Annotated[list[str], typer.Option("--portfolio", help="Id of a stored portfolio. Repeatable.")],
    measure: Annotated[str, typer.Option("--measure", help="margin, optimise, price or var.")] = "margin",
    every: Annotated[
        float | None, typer.Option("--every", help="Seconds between two ticks; default: MONITORING_INTERVAL_SECONDS.")
    ] = None,
    from_creation: Annotated[
        bool, typer.Option("--from-creation", help="Count from now, not on multiples of the interval.")
    ] = False,
    misfire: Annotated[
        Misfire, typer.Option("--misfire", help="A late tick: leave it out, or run once.")
    ] = Misfire.SKIP,
    param: Params = None,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a schedule; beat picks it up within two seconds."""
    from cli.parameters import check_measure, given_parameters

    check_measure(measure)
    wanted = {
        "name": name,
        "measure": measure,
        "portfolio_ids": portfolio,
        "parameters": given_parameters(measure, param),
        "aligned": not from_creation,
        "misfire": misfire.value,
        **({} if every is None else {"every_seconds": every}),
    }
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        added = client.add_schedule(wanted)
    if as_json:
        print_json(added)
    else:
        typer.echo(f"Added {added['name']} ({added['id']}), every {added['every_seconds']:g} s.")


@schedules.command("remove")
def remove(
    name: Name,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Remove a schedule; a tick on its way does nothing."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        client.remove_schedule(name)
    if as_json:
        print_json({"removed": name})
    else:
        typer.echo(f"Removed {name}.")


@schedules.command("run")
def run(
    name: Name,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Submit a schedule's portfolios once, now."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        ran = client.run_schedule(name)
    if as_json:
        print_json(ran)
    else:
        typer.echo(f"{name}: {ran['outcome']}")
