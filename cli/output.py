"""What commands print: JSON lines at full precision, or tables with money rounded half-up to the minor unit."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import typer
from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

_MINOR_UNITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""ISO 4217 currencies whose minor unit is not a hundredth."""


def quiet_logs() -> None:
    """Send warnings to stderr and nothing else anywhere: stdout belongs to the results."""
    import logging

    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def console() -> Console:
    """Return a console for tables: as wide as the terminal, wide enough for any table in a pipe."""
    return Console() if sys.stdout.isatty() else Console(width=140)


def print_json(value: Mapping[str, Any]) -> None:
    """Print one object on one line."""
    typer.echo(json.dumps(value, separators=(", ", ": "), ensure_ascii=False, allow_nan=False))


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()
) -> None:
    """Print a table; the columns named in `right` are set flush right."""
    console().print(make_table(title, columns, rows, right=right))


def make_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = (), head: bool = True
) -> Group:
    """Return a table below its title; the title may be wider than the table."""
    table = Table(show_header=head)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return Group(Text(title, style="bold"), table)


def money(value: float | None, currency: str) -> str:
    """Return an amount rounded half-up to the currency's minor unit, with its currency; a dash for None."""
    if value is None:
        return "-"
    digits = _MINOR_UNITS.get(currency, 2)
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return f"{rounded:,} {currency}"


def percent(value: float | None) -> str:
    """Return a fraction as a percentage with one decimal; a dash for None."""
    return "-" if value is None else f"{value:.1%}"


def milliseconds(value: float | None) -> str:
    """Return a duration with one decimal; a dash for None."""
    return "-" if value is None else f"{value:,.1f} ms"
