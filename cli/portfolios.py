"""`collateral portfolios put | check | get | ls | delete`: stored portfolios, and files before they are stored."""

from pathlib import Path
from typing import Annotated

import typer

from cli.connect import connected
from cli.files import FileArguments, tell, with_files
from cli.options import AsJson, StateDir, Tenant, Token, Url
from cli.output import print_json, print_table
from cli.problems import FAILED
from core.security import DEFAULT_TENANT

PortfolioId = Annotated[str, typer.Argument(metavar="ID", help="The portfolio's id.")]

_INPUT = "JSON or JSON lines of portfolios; CSV, Parquet or XLSX of positions; - is stdin."

portfolios = typer.Typer(help="Stored portfolios.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add `portfolios`."""
    app.add_typer(portfolios, name="portfolios")


@portfolios.command("put")
@with_files
def put(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help=_INPUT)],
    *,
    files: FileArguments,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Store portfolios, each under its id; an unchanged one keeps its version."""
    from cli.documents import read_documents
    from services.portfolios import book_document

    documents = read_documents(source, files)
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        for one in documents:
            stored = client.put_portfolio(one.tree if one.ready is None else book_document(one.ready.portfolio))
            if as_json:
                print_json(stored)
            else:
                typer.echo(f"{stored['id']} version {stored['version']}")


@portfolios.command("check")
@with_files
def check(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, Parquet or XLSX of positions; - is stdin.")],
    *,
    files: FileArguments,
    as_json: AsJson = False,
    state_dir: StateDir = None,  # noqa: ARG001 - every command takes it; this one needs no cluster
) -> None:
    """Say how a file would be read, its mapping and every row that would not do; store nothing."""
    from cli.documents import read_bytes, suffix_of
    from services.intake.files import check_document, check_file

    found = check_file(read_bytes(source), files.options(source, suffix_of(source)))
    if as_json:
        print_json(check_document(found))
    else:
        tell(found.report, err=False)
        for book in found.books:
            portfolio = book.portfolio
            typer.echo(f"{portfolio.id}: {len(portfolio):,} positions in {portfolio.currency}, {portfolio.as_of}")
    raise typer.Exit(FAILED if found.report.rejected_rows else 0)


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
