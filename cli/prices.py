"""`collateral prices put | upload`: the latest prices, and histories of daily closes."""

from pathlib import Path
from typing import Annotated

import typer

from cli.connect import connected
from cli.options import AsJson, StateDir, Tenant, Token, Url
from cli.output import print_json
from cli.problems import UsageError
from core.security import DEFAULT_TENANT

prices = typer.Typer(help="Prices and their histories.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add `prices`."""
    app.add_typer(prices, name="prices")


@prices.command("put")
def put(
    price: Annotated[list[str], typer.Argument(metavar="SYMBOL=PRICE…", help="One or more prices.")],
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Store the latest price of some symbols."""
    given = dict(_price(text) for text in price)
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        stored = client.put_prices(given)
    if as_json:
        print_json(stored)
    else:
        typer.echo(f"Stored {len(given)} prices.")


@prices.command("upload")
def upload(
    source: Annotated[Path, typer.Argument(metavar="PRICES.csv[.gz]", help="Date,SYM1,SYM2,…; empty is missing.")],
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Store histories of daily closes from a wide CSV."""
    try:
        csv = source.read_bytes()
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}.") from error
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        stored = client.upload_history(csv)
    if as_json:
        print_json(stored)
    else:
        typer.echo(f"Stored the histories in {source}.")


def _price(text: str) -> tuple[str, float]:
    symbol, _, number = text.rpartition("=")
    try:
        if symbol:
            return symbol, float(number)
    except ValueError:
        pass
    raise UsageError(f"{text!r} is no price.", remedy="Write SYMBOL=PRICE, for example AAPL=150.")
