"""One JSON line a portfolio: a CRIF of several netting sets is one computation and several portfolios."""

from collections.abc import Iterator, Mapping
from typing import Any


def by_netting_set(line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one line a netting set where a result holds several, and any other line as it is."""
    result = line.get("result") or {}
    sets = result.get("netting_sets")
    if sets is None:
        yield dict(line)
        return
    head = {name: value for name, value in result.items() if name != "netting_sets"}
    for one in sets:
        yield {**line, "portfolio_id": one["portfolio_id"], "result": {**head, **one}}
