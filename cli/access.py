"""`collateral token` and `collateral tenants`: who may come in."""

import re
from datetime import timedelta
from typing import Annotated

import typer

from cli.connect import database_of, make_token, subject
from cli.options import AsJson, StateDir, Tenant
from cli.output import print_json, print_table, quiet_logs
from cli.problems import UsageError
from core.clock import isoformat
from core.names import Role
from core.security import DEFAULT_TENANT

_LONGEST = 3_650 * 86_400
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

tenants = typer.Typer(help="Tenants of the cluster.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add `token` and `tenants`."""
    app.command("token", help="A bearer token, alone on stdout.")(token)
    app.add_typer(tenants, name="tenants")


def token(
    role: Annotated[Role, typer.Option("--role", help="What the bearer may do.")] = Role.ADMIN,
    tenant: Tenant = DEFAULT_TENANT,
    ttl: Annotated[str, typer.Option("--ttl", help="How long it is valid: 900s, 30m, 12h, 30d.")] = "12h",
    person: Annotated[str | None, typer.Option("--subject", help="Who bears it; default: cli:USER.")] = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Print a bearer token."""
    text = make_token(state_dir, tenant=tenant, role=role, lifetime=lifetime(ttl), bearer=person)
    if as_json:
        print_json({"token": text, "tenant": tenant, "role": role.value, "ttl": ttl})
    else:
        typer.echo(text)


def lifetime(text: str) -> timedelta:
    """Read a duration such as `900`, `30m`, `12h` or `30d`."""
    match = re.fullmatch(r"(\d{1,9})([smhd]?)", text.strip())
    seconds = int(match[1]) * _UNITS[match[2] or "s"] if match else 0
    if not 0 < seconds <= _LONGEST:
        raise UsageError(
            f"{text!r} is no duration of up to ten years.", remedy="Write for example 900s, 30m, 12h or 30d."
        )
    return timedelta(seconds=seconds)


@tenants.command("add")
def add(
    tenant: Annotated[str, typer.Argument(help="Short id of the tenant.")],
    name: Annotated[str, typer.Option("--name", help="Its full name; default: the id.")] = "",
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a tenant."""
    from services.tenants import add_tenant, tenant_document

    quiet_logs()
    with database_of(state_dir) as database:
        added = add_tenant(database, tenant, name or tenant, actor=subject())
    if as_json:
        print_json(tenant_document(added))
    else:
        typer.echo(f"Added tenant {added.id}. Its tokens: collateral token --tenant {added.id} --role trader")


@tenants.command("ls")
def ls(state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """List the tenants."""
    from services.tenants import list_tenants, tenant_document

    quiet_logs()
    with database_of(state_dir) as database:
        found = list_tenants(database)
    if as_json:
        for tenant in found:
            print_json(tenant_document(tenant))
        return
    rows = [(tenant.id, tenant.name, isoformat(tenant.created_at)) for tenant in found]
    print_table("Tenants", ("id", "name", "created"), rows)
