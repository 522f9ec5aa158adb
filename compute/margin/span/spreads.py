"""Spreads: charges for calendar spreads and deltas in delivery, credits for spreads between commodities."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from compute.margin.span.exchange import Commodity, Leg, Spread

LEAST = 1e-12
"""Deltas below this are the rounding of sums that cancel."""


@dataclass(frozen=True, kw_only=True)
class Formed:
    """Spreads of one kind that the deltas allow; `amount` is the charge, or the credit by commodity."""

    spread: Spread
    count: float
    amount: float
    credits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Calendar spreads of a commodity, its delivery charge, and the deltas by month that remain outright."""

    spreads: tuple[Formed, ...]
    charge: float
    delivery: float
    remaining: Mapping[str, float]


class Pool:
    """Net deltas by month (or commodity), used up by spreads: long where positive."""

    def __init__(self, deltas: Mapping[str, float]) -> None:
        self.left = {name: value for name, value in deltas.items() if abs(value) > LEAST}
        self.used = dict.fromkeys(deltas, 0.0)

    def available(self, names: Iterable[str], sign: float) -> float:
        """Return the deltas of one sign in some months."""
        return sum(max(sign * self.left.get(name, 0.0), 0.0) for name in names)

    def take(self, names: Iterable[str], sign: float, amount: float) -> None:
        """Use up deltas of one sign, from the first month on."""
        for name in names:
            part = min(max(sign * self.left.get(name, 0.0), 0.0), amount)
            if part > 0.0:
                self.left[name] -= sign * part
                self.used[name] += part
                amount -= part


def form(pool: Pool, legs: tuple[Leg, ...], members: Mapping[str, tuple[str, ...]]) -> float:
    """Form as many spreads as the deltas allow, side A long and then side A short; return how many."""
    total = 0.0
    for long in ("A", "B"):
        wanted: dict[tuple[str, float], float] = {}
        for leg in legs:
            key = (leg.of, 1.0 if leg.side == long else -1.0)
            wanted[key] = wanted.get(key, 0.0) + leg.deltas
        count = min(pool.available(members[of], sign) / deltas for (of, sign), deltas in wanted.items())
        if count > LEAST:
            for (of, sign), deltas in wanted.items():
                pool.take(members[of], sign, count * deltas)
            total += count
    return total


def calendar(commodity: Commodity, months: Mapping[str, float]) -> Calendar:
    """Return the spreads between a commodity's months, in the order of the file, with their charges.

    Parameters
    ----------
    commodity
        With tiers, spreads and charges, in its currency.
    months
        Month to net delta.
    """
    pool = Pool(months)
    formed = []
    for spread in commodity.calendar:
        count = form(pool, spread.legs, commodity.tiers)
        if count > 0.0:
            formed.append(Formed(spread=spread, count=count, amount=count * spread.rate))
    delivery = 0.0
    for spot in commodity.spots:
        outright = sum(abs(pool.left.get(month, 0.0)) for month in spot.months)
        delivery += spot.per_outright * outright
        delivery += spot.per_spread * sum(pool.used.get(month, 0.0) for month in spot.months)
    return Calendar(
        spreads=tuple(formed),
        charge=sum(item.amount for item in formed),
        delivery=delivery,
        remaining={name: value for name, value in pool.left.items() if abs(value) > LEAST},
    )


def inter_commodity(
    spreads: Iterable[Spread], deltas: Mapping[str, float], risk_per_delta: Mapping[str, float]
) -> tuple[Formed, ...]:
    """Return the spreads between commodities, in the order of the file, with their credits.

    A leg's credit is its deltas times the commodity's price risk per delta times the credit rate.
    """
    pool = Pool(deltas)
    members = {name: (name,) for name in deltas}
    found = []
    for spread in spreads:
        if not all(leg.of in deltas for leg in spread.legs):
            continue
        count = form(pool, spread.legs, members)
        if count > 0.0:
            credits = {leg.of: count * leg.deltas * risk_per_delta[leg.of] * spread.rate for leg in spread.legs}
            found.append(Formed(spread=spread, count=count, amount=sum(credits.values()), credits=credits))
    return tuple(found)
