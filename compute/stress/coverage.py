"""Which series moved what, and what a scenario has no figure for: nothing stands still without being said."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.portfolio import Portfolio
from compute.pricing.book import Book
from compute.pricing.terms import Kind
from compute.result import Checkpoint, no_checkpoint
from compute.stress.drivers import DRIVERS_A_CHECKPOINT, Driver, How
from compute.stress.library import Scenario
from compute.stress.moves import Moves, nodes_of, spread_series
from compute.stress.revaluation import OPTION_KINDS

Mask = NDArray[np.bool_]
GOVERNMENT = "government"
ROWS_A_CHECKPOINT = 4_096


def factors(moves: Moves, checkpoint: Checkpoint = no_checkpoint) -> dict[str, list[Any]]:
    """Return the table of what moved each underlying: one row for each series that did, and in which scenarios."""
    rows: dict[str, list[Any]] = {name: [] for name in ("underlying", "by", "series", "factor", "scenarios")}
    for place, (driver, chosen) in enumerate(zip(moves.drivers, moves.route, strict=True)):
        if place % DRIVERS_A_CHECKPOINT == 0:
            checkpoint(place, len(moves.drivers))
        for index, route in enumerate(driver.routes):
            where = chosen == index
            if where.any():
                values = (driver.name, route.how.value, route.series, route.factor, _names(moves.scenarios, where))
                for column, value in zip(rows.values(), values, strict=True):
                    column.append(value)
    rows["factor"] = np.array(rows["factor"], dtype=np.float64)  # type: ignore[assignment]  # a column of numbers
    return rows


def not_moved(
    portfolio: Portfolio, book: Book, moves: Moves, checkpoint: Checkpoint = no_checkpoint
) -> dict[str, list[str]]:
    """Return the table of what could not be moved: position, which factor, why, and in which scenarios."""
    rows: dict[str, list[str]] = {name: [] for name in ("id", "factor", "why", "scenarios")}
    for found in (_prices(book, moves), _volatilities(book, moves), _yields(portfolio, book, moves),
                  _spreads(portfolio, book, moves), _conversions(portfolio, moves)):  # fmt: skip
        for done, (row, factor, why, where) in enumerate(found):
            if done % ROWS_A_CHECKPOINT == 0:
                checkpoint(min(done, len(book)), max(1, len(book)))
            for column, value in zip(rows.values(), (book.ids[row], factor, why, where), strict=True):
                column.append(value)
    return rows


Found = Iterator[tuple[int, str, str, str]]


def _names(scenarios: Sequence[Scenario], where: Mask) -> str:
    if where.all():
        return "all"
    return ", ".join(scenarios[place].name for place in np.flatnonzero(where).tolist())


def _each(moves: Moves, rows: NDArray[np.int64], where: Mask, factor: str, why: str) -> Found:
    if where.any():
        names = _names(moves.scenarios, where)
        for row in rows.tolist():
            yield row, factor, why, names


def _rows_of(book: Book) -> list[NDArray[np.int64]]:
    """Return the rows of each underlying."""
    order = np.argsort(book.underlying, kind="stable")
    ends = np.cumsum(np.bincount(book.underlying, minlength=len(book.underlyings)))
    return np.split(order, ends[:-1]) if len(book.underlyings) else []


def _prices(book: Book, moves: Moves) -> Found:
    moving = np.array([bool(each.percent or each.absolute) for each in moves.scenarios], dtype=np.bool_)
    still = (moves.route < 0) & moving
    all_rows, other = _rows_of(book), book.kind != Kind.BOND
    for place in np.flatnonzero(still.any(axis=1)).tolist():
        rows, driver = all_rows[place], moves.drivers[place]
        yield from _each(moves, rows[other[rows]], still[place], "price", _why_still(driver))


def _why_still(driver: Driver) -> str:
    if any(route.how in {How.BETA, How.ASSUMED} for route in driver.routes):
        return "The scenario has no figure of any series that stands for it."
    why = "The scenario has no figure of its series" if driver.routes else "No series stands for it"
    return f"{why}; its `beta` would move it with the market."


def _volatilities(book: Book, moves: Moves) -> Found:
    moving = np.array([bool(each.volatility) for each in moves.scenarios], dtype=np.bool_)
    still = (moves.vol == 0.0) & moving
    all_rows, option = _rows_of(book), np.isin(book.kind, OPTION_KINDS)
    for place in np.flatnonzero(still.any(axis=1)).tolist():
        rows = all_rows[place]
        why = f"The scenario has no figure of volatilities of the class {moves.drivers[place].asset_class}."
        yield from _each(moves, rows[option[rows]], still[place], "volatility", why)


def _yields(portfolio: Portfolio, book: Book, moves: Moves) -> Found:
    by_price = moves.route >= 0
    moving = np.array([bool(each.curves or each.spreads) for each in moves.scenarios], dtype=np.bool_)
    curved = np.array([bool(each.curves) for each in moves.scenarios], dtype=np.bool_)
    flowing = (np.diff(book.bonds.first) > 0) | ~np.isnan(book.bonds.duration)
    currencies = portfolio.labels["currency"]
    lacking = {
        code: curved & np.array([nodes_of(each, name) is None for each in moves.scenarios], dtype=np.bool_)
        for code, name in enumerate(currencies.values)
    }
    for row in np.flatnonzero(book.kind == Kind.BOND).tolist():
        open_to = ~by_price[book.underlying[row]]
        code = int(currencies.codes[row])
        if not flowing[row]:
            why = "The bond has neither coupon and maturity nor a duration."
            yield from _each(moves, np.array([row]), open_to & moving, "yield", why)
        else:
            why = f"The scenario has no move of the curve of {currencies.values[code]}."
            yield from _each(moves, np.array([row]), open_to & lacking[code], "yield", why)


def _spreads(portfolio: Portfolio, book: Book, moves: Moves) -> Found:
    widening = np.array([bool(each.spreads) for each in moves.scenarios], dtype=np.bool_)
    series = spread_series(portfolio)
    sectors = portfolio.labels.get("sector")
    words = [""] * len(portfolio) if sectors is None else [text or "" for text in sectors.texts()]
    flowing = (np.diff(book.bonds.first) > 0) | ~np.isnan(book.bonds.duration)
    for row in np.flatnonzero((book.kind == Kind.BOND) & flowing).tolist():
        if series[row] is None and not words[row].lower().startswith((GOVERNMENT, "sovereign", "treasur")):
            open_to = ~(moves.route[book.underlying[row]] >= 0)
            why = "The bond has no rating that a series of spreads stands for, and no sector that says government."
            yield from _each(moves, np.array([row]), open_to & widening, "credit spread", why)


def _conversions(portfolio: Portfolio, moves: Moves) -> Found:
    labels = portfolio.labels["currency"]
    priced = np.array([bool(each.percent) for each in moves.scenarios], dtype=np.bool_)
    for code, name in enumerate(labels.values):
        lacking = [each.move(name, portfolio.currency) is None for each in moves.currencies]
        where = priced & np.array(lacking, dtype=np.bool_)
        why = f"The scenario has no figures that connect {name} with {portfolio.currency}."
        yield from _each(moves, np.flatnonzero(labels.codes == code), where, "conversion", why)
