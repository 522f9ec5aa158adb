"""Scenarios as arrays: how far each underlying, each volatility and each conversion rate moves, and what does not."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from compute.portfolio import Floats, Portfolio
from compute.result import Checkpoint, no_checkpoint
from compute.stress.currencies import Currencies
from compute.stress.drivers import DRIVERS_A_CHECKPOINT, Driver, Route
from compute.stress.library import EVERY_CURRENCY, Nodes, Scenario
from compute.stress.series import vocabulary

_LONGER = {"AAA": "AAA", "AA": "AA", "A": "A", "BAA": "BBB", "BA": "BB", "B": "B", "CAA": "CCC", "CA": "CC", "C": "C"}
_GOVERNMENTS = frozenset({"government", "sovereign", "treasury", "governments", "treasuries"})
_OPTION_CLASS = {"derivative": "equity"}


@dataclass(frozen=True, kw_only=True)
class Moves:
    """What s scenarios do to u underlyings.

    Parameters
    ----------
    scenarios, drivers, currencies
        Length s, u and s.
    spot
        Shape (u, s): relative moves; 0 where nothing moves an underlying.
    route
        Shape (u, s): index into the driver's routes, -1 where none has a figure.
    vol
        Shape (u, s): relative moves of implied volatility.
    floored
        How many moves would have taken a price below zero and stop there: those of a factor above one.
    """

    scenarios: tuple[Scenario, ...]
    drivers: tuple[Driver, ...]
    currencies: tuple[Currencies, ...]
    spot: Floats
    route: NDArray[np.int16]
    vol: Floats
    floored: int

    def conversion(self, source: str, target: str, place: int) -> float:
        """Return what a conversion rate is multiplied with; 1 where the scenario has no figure."""
        return 1.0 + (self.currencies[place].move(source, target) or 0.0)


def moves(drivers: Sequence[Driver], scenarios: Sequence[Scenario], checkpoint: Checkpoint = no_checkpoint) -> Moves:
    """Return the moves of every driver in every scenario; drivers with the same routes are looked up once."""
    shape = (len(drivers), len(scenarios))
    spot, vol, route = np.zeros(shape), np.zeros(shape), np.full(shape, -1, np.int16)
    currencies = tuple(Currencies(scenario) for scenario in scenarios)
    absolute = frozenset(series for scenario in scenarios for series in scenario.absolute)
    known: dict[Hashable, _Line] = {}
    floored = 0
    for row, driver in enumerate(drivers):
        own_level = any(each.series in absolute for each in driver.routes)
        key = (driver.routes, driver.asset_class, (driver.level, driver.currency) if own_level else None)
        if key not in known:
            known[key] = _line(driver, scenarios, currencies)
        line = known[key]
        spot[row], vol[row], route[row] = line.spot, line.vol, line.route
        floored += line.floored
        if row % DRIVERS_A_CHECKPOINT == 0:
            checkpoint(row, len(drivers))
    return Moves(
        scenarios=tuple(scenarios), drivers=tuple(drivers), currencies=currencies, spot=spot, route=route, vol=vol,
        floored=floored,
    )  # fmt: skip


@dataclass(kw_only=True)
class _Line:
    """One driver in every scenario."""

    spot: list[float]
    vol: list[float]
    route: list[int]
    floored: int = 0


def _line(driver: Driver, scenarios: Sequence[Scenario], currencies: Sequence[Currencies]) -> _Line:
    vol_class = _OPTION_CLASS.get(driver.asset_class, driver.asset_class)
    line = _Line(spot=[], vol=[each.volatility.get(vol_class, 0.0) for each in scenarios], route=[])
    for scenario, rates in zip(scenarios, currencies, strict=True):
        moved, chosen = 0.0, -1
        for index, candidate in enumerate(driver.routes):
            found = _move(candidate, driver, scenario, rates)
            if found is not None:
                moved, chosen = found if candidate.series in scenario.absolute else max(found, -1.0), index
                line.floored += moved != found
                break
        line.spot.append(moved)
        line.route.append(chosen)
    return line


def _move(route: Route, driver: Driver, scenario: Scenario, currencies: Currencies) -> float | None:
    """Return the relative move by one route; None where the scenario has no figure for it."""
    if route.pair is not None:
        return currencies.move(*route.pair)
    if route.series in scenario.absolute and driver.currency == "USD" and driver.level != 0.0:
        return scenario.absolute[route.series] / abs(driver.level)
    found = scenario.percent.get(route.series)
    return None if found is None else route.factor * found


def nodes_of(scenario: Scenario, currency: str) -> Nodes | None:
    """Return the move of a currency's curve, None where the scenario has none."""
    return scenario.curves.get(currency, scenario.curves.get(EVERY_CURRENCY))


def curve_move(nodes: Nodes | None, years: Floats) -> Floats:
    """Return the moves of yields at some tenors: linear between the points, flat beyond them, 0 without any."""
    if nodes is None:
        return np.zeros(np.shape(years))
    places, levels = zip(*nodes, strict=True)
    return np.asarray(np.interp(years, places, levels))


def spread_series(portfolio: Portfolio) -> list[str | None]:
    """Return the series of each position's credit spread: by its rating, None for governments and the unrated."""
    ratings, sectors = (_texts(portfolio, name) for name in ("rating", "sector"))
    return [
        None if sector.strip().lower() in _GOVERNMENTS else _by_rating(rating)
        for rating, sector in zip(ratings, sectors, strict=True)
    ]


def _texts(portfolio: Portfolio, name: str) -> list[str]:
    labels = portfolio.labels.get(name)
    return [""] * len(portfolio) if labels is None else [text or "" for text in labels.texts()]


def _by_rating(rating: str) -> str | None:
    """Return the series of a rating of either agency's spelling: `BBB-` and `Baa3` are alike."""
    plain = "".join(part for is_letter, letters in groupby(rating.strip(), str.isalpha) if is_letter
                    for part in letters)  # fmt: skip
    upper = plain.upper()
    return vocabulary().by_rating.get(_LONGER.get(upper, upper))
