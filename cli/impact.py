"""The result of a preview on a terminal: totals, worst movers, and what failed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer

from cli.output import money, print_table

_SIDES = ("before", "change", "after")


def show_impact(found: Mapping[str, Any]) -> None:
    """Print the tables of a preview."""
    against = found["against"]["set"] or "the other set"
    typer.echo(f"{found['version']} against {against}: {found['computed']} of {found['portfolio_count']} portfolios.")
    for total in found["totals"]:
        title = f"All {total['portfolio_count']} portfolios in {total['currency']}"
        print_table(title, ("figure", *_SIDES), _figures(total, total["currency"]), right=_SIDES)
    for name, words in (("up", "Initial margin rises most"), ("down", "Initial margin falls most")):
        if found["movers"][name]:
            columns = ("portfolio", "currency", *_SIDES, "relative")
            print_table(words, columns, map(_mover, found["movers"][name]), right=(*_SIDES, "relative"))
    if found["failures"]:
        rows = [[one["portfolio_id"], one.get("code", "-"), one.get("detail", "-")] for one in found["failures"]]
        print_table("Not computed", ("portfolio", "code", "why"), rows)


def _figures(total: Mapping[str, Any], currency: str) -> Iterable[Sequence[str]]:
    for name in total["after"]:
        yield [name.replace("_", " "), *(money(total[side].get(name), currency) for side in _SIDES)]


def _mover(row: Mapping[str, Any]) -> Sequence[str]:
    share = "new" if row["relative_change"] is None else f"{row['relative_change']:+.2%}"
    amounts = (money(row["initial_margin"][side], row["currency"]) for side in _SIDES)
    return [row["portfolio_id"], row["currency"], *amounts, share]
