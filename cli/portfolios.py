"""`collateral portfolios put | get | ls | delete`: stored portfolios."""

from pathlib import Path
from typing import Annotated

import typer

from cli.connect import connected
from cli.options import AsJson, StateDir, Tenant, Token, Url
from cli.output import print_json, print_table
from core.security import DEFAULT_TENANT

PortfolioId = Annotated[str, typer.Argument(metavar="ID", help="The portfolio's id.")]

portfolios = typer.Typer(help="Stored portfolios.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add `portfolios`."""
    app.add_typer(portfolios, name="portfolios")


@portfolios.command("put")
def put(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="JSON or JSON lines of portfolios; - is stdin.")],
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Store portfolios, each under its id; an unchanged one keeps its version."""
    from cli.documents import read_documents

    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        for document in read_documents(source):
            stored = client.put_portfolio(document.tree)
            if as_json:
                print_json(stored)
            else:
                typer.echo(f"{stored['id']} version {stored['version']}")


@portfolios.command("get")
def get(
    portfolio_id: PortfolioId,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,  # noqa: ARG001 - a portfolio is JSON in either case
) -> None:
    """Print a stored portfolio as JSON."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        print_json(client.portfolio(portfolio_id))


@portfolios.command("ls")
def ls(
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """List the stored portfolios."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        found = list(client.portfolios())
    if as_json:
        for one in found:
            print_json(one)
        return
    names = ("id", "version", "name", "currency", "position_count", "created_at")
    print_table("Portfolios", names, [[str(one.get(name, "-")) for name in names] for one in found])


@portfolios.command("delete")
def delete(
    portfolio_id: PortfolioId,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Delete a portfolio; its versions stay for the jobs that used them."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        client.delete_portfolio(portfolio_id)
    if as_json:
        print_json({"deleted": portfolio_id})
    else:
        typer.echo(f"Deleted {portfolio_id}.")
