"""Which options may be matched with each other, and in what order."""

from collections.abc import Iterable, Sequence
from datetime import date

from compute.margin.reg_t import amounts
from compute.margin.reg_t.holdings import Series
from compute.margin.reg_t.tables import RegTSet

Leg = int
"""Index of a series within its underlying."""


def cuts(longs: Sequence[date], shorts: Sequence[date]) -> list[date]:
    """Return the dates that part shorts from longs in all ways that matter: for each set of longs, the latest short."""
    latest: dict[int, date] = {}
    for day in sorted(set(shorts)):
        latest[sum(expiry >= day for expiry in longs)] = day
    return [day for count, day in latest.items() if count]


def straddle_order(
    options: Sequence[Series], legs: Iterable[Leg], table: RegTSet, *, carrier: bool
) -> list[tuple[Leg, bool]]:
    """Return the short legs by requirement, greatest first, with whether each is of the carrying type."""

    def rank(leg: Leg) -> tuple[float, bool, Leg]:
        item = options[leg]
        return -(amounts.uncovered(item, table) + item.premium), item.call != carrier, leg

    return [(leg, options[leg].call == carrier) for leg in sorted(legs, key=rank)]


def is_synthetic(long: Series, short: Series) -> bool:
    """Say whether a long and a short option of the other type are stock in all but name."""
    return (
        long.call != short.call
        and long.strike == short.strike
        and long.expiry == short.expiry
        and long.multiplier == short.multiplier
        and long.american == short.american
    )


def is_hedge(long: Series, short: Series) -> bool:
    """Say whether the options make a collar or conversion of long stock, or a reverse conversion of short stock."""
    if long.call:
        return is_synthetic(long, short)
    same = long.expiry == short.expiry and long.multiplier == short.multiplier and long.american == short.american
    return short.call and same and long.strike <= short.strike


def hedge_maintenance(long: Series, short: Series, table: RegTSet) -> float:
    """Return the maintenance margin of a contract's worth of stock between a long and a short option."""
    if long.call:
        return amounts.reverse_conversion(long, short, table)
    return amounts.collar(long, short, table)
