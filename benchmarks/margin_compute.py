"""10,000 positions, house model: columns to requirement, against the same formula in polars.

Timed on both sides: positions and instruments as prepared columns (quantity, price, scale = multiplier times rate into
the base currency, settlement price, duration, greeks, volatility, class, instrument; for each instrument its matching
group and direction) to gross, netted and offset initial and maintenance margin and variation margin. Untimed on both
sides: that preparation (numbering instruments, choosing volatilities, reading rates). Polars runs lazily on all its
threads, we on one; the last matching, of some thirty groups, is the same function on both sides.

A second line times all of `MEASURES["margin"]` on its own, preparation included: from a portfolio's columns to the
finished result with its breakdown and position table.
"""

import dataclasses
from collections.abc import Iterator

from benchmarks._house_book import Margins, book
from benchmarks._house_polars import PolarsHouse
from benchmarks._house_reference import margins
from benchmarks.harness import Line, compare, figure, race
from compute.margin.columns import prepare
from compute.margin.report import totals
from compute.margin.requirement import Requirement, requirement
from compute.margin.tables import house_set
from compute.market import Market
from compute.measures import measure
from compute.result import no_checkpoint

TARGET_RATIO = 20.0
WHOLE_LIMIT_MS = 0.5
ROUNDS = 201


def of(found: Requirement) -> Margins:
    """Return a requirement's figures."""
    initial = totals(found.offsets)
    maintenance = totals(found.maintenance_offsets)
    return Margins(
        gross_initial=initial.gross,
        initial=initial.net,
        gross_maintenance=maintenance.gross,
        maintenance=maintenance.net,
        variation=found.owed,
    )


def difference(one: Margins, other: Margins) -> float:
    """Return the largest relative difference."""
    pairs = zip(dataclasses.astuple(one), dataclasses.astuple(other), strict=True)
    return max(float(abs(left - right) / abs(right)) for left, right in pairs)


def run() -> Iterator[Line]:
    """Time us and polars; check both against plain Python."""
    table = house_set()
    portfolio = book(table)
    market, parameters = Market(), {"model": "house", "version": table.version, "volatility": "given"}
    columns = prepare(portfolio, market, table, history_first=False)
    peer = PolarsHouse(columns, table)
    exact = margins(portfolio, table)
    if difference(peer.run(), exact) > 1e-9:
        raise RuntimeError("The peer does not compute the same margin.")
    kernel = measure("margin").kernel
    whole = race(lambda: kernel(portfolio, market, parameters, no_checkpoint), lambda: None, rounds=ROUNDS, warm_up=20)
    timed = race(lambda: of(requirement(columns, table)), peer.run, rounds=ROUNDS, warm_up=5)
    error = difference(of(requirement(columns, table)), exact)
    yield compare("margin_compute", timed, peer="polars", target_ratio=TARGET_RATIO, error=error)
    yield figure("margin_compute", "portfolio_to_result", whole.ours_ms, unit="ms", limit=WHOLE_LIMIT_MS, sense="max")
