"""The measure `stress`: profit and loss, margin, funds and liquidation value in every scenario and on a grid."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.errors import InputError
from compute.market import Market
from compute.portfolio import Floats, Portfolio
from compute.pricing.book import Book, prepare
from compute.result import Checkpoint, Result
from compute.stress import coverage
from compute.stress.drivers import drivers
from compute.stress.grid import blocks, moving, totals
from compute.stress.library import Scenario, chosen
from compute.stress.liquidation import Depth, liquidation
from compute.stress.moves import Moves, moves
from compute.stress.points import Grid, judge_size, read_grid
from compute.stress.progress import Progress
from compute.stress.report import assumptions, identity, of_grid, of_scenario
from compute.stress.request import OWN
from compute.stress.revaluation import Valued, revalue
from compute.stress.stressed import Account, Margins, Shifted, after, settled_losses, shifted

MOST_CELLS = 5_000_000


@dataclass(frozen=True, kw_only=True)
class _Before:
    """The book as it is: ready for revaluation, its account, what it owes since settlement."""

    portfolio: Portfolio
    book: Book
    account: Account
    owed: float
    margins: Margins

    def stressed(self, price: Floats, shift: Shifted, gain: float, progress: Progress) -> Account:
        """Return the account after prices have moved and so much was gained."""
        book = after(self.portfolio, self.book, price, shift)
        found, _document = self.margins.account(book, max(0.0, self.owed - gain), progress.within)
        progress.ended()
        return found


def stress(portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
    """Return what every scenario, and every point of a grid, does to a book and to its margin.

    Parameters
    ----------
    portfolio
        n positions.
    market
        As the margin model reads it.
    parameters
        `scenarios`, `shocks`, `grid`, `top`, and those of the model that `model` names.

    Raises
    ------
    InputError
        A scenario or a figure is unknown, a grid is empty or too large, a position lacks a term, or the model refuses
        the book before or after.
    """
    scenarios = chosen(parameters["scenarios"], parameters["shocks"])
    grid = read_grid(parameters["grid"])
    _judge_size(len(portfolio), len(scenarios), grid)
    steps = 2 + 2 * len(scenarios) + (0 if grid is None else len(grid) * (1 + grid.margin))
    progress = Progress(checkpoint, steps)
    book = prepare(portfolio, checkpoint=progress.within, memo=market.pricing)
    progress.ended()
    own = {name: value for name, value in parameters.items() if name not in OWN}
    margins = Margins(model=parameters["model"], parameters=own, market=market)
    owed = settled_losses(portfolio)
    account, document = margins.account(portfolio, max(0.0, owed), progress.within)
    progress.ended()
    before = _Before(portfolio=portfolio, book=book, account=account, owed=owed, margins=margins)
    moved = moves(drivers(portfolio, book, progress.within), scenarios, progress.within)
    valued = revalue(portfolio, book, moved, progress.within)
    progress.ended(len(scenarios))
    found = _scenarios(before, moved, valued, parameters["top"], progress)
    tables: dict[str, Mapping[str, Any]] = {
        "profit_and_loss": {"id": portfolio.ids, **_by_scenario(scenarios, valued.profit_and_loss)},
        "factors": coverage.factors(moved, progress.within),
        "not_moved": coverage.not_moved(portfolio, book, moved, progress.within),
    }
    out = {
        **identity(document),
        "position_count": len(portfolio),
        "base": account.document(),
        **_overall(found),
        "scenarios": found,
        "liquidity": {**Depth.of(portfolio).known()},
    }
    if grid is not None:
        out["grid_summary"], tables["grid"] = _grid(before, grid, valued.price, progress)
    out["assumptions"] = [*book.assumptions, *assumptions(portfolio, moved, grid), *document.get("assumptions", [])]
    return Result(document=out, tables=tables)


def _judge_size(positions: int, scenarios: int, grid: Grid | None) -> None:
    if positions * scenarios > MOST_CELLS:
        raise InputError(
            f"{scenarios} scenarios of {positions:,} positions are more than {MOST_CELLS:,} figures.",
            pointer="/parameters/scenarios",
            remedy=f"Ask for at most {MOST_CELLS // positions} scenarios at once.",
        )
    if grid is not None:
        judge_size(grid, positions)


def _by_scenario(scenarios: list[Scenario], gains: Floats) -> dict[str, Floats]:
    return {each.name: np.ascontiguousarray(gains[:, place]) for place, each in enumerate(scenarios)}


def _scenarios(before: _Before, moved: Moves, valued: Valued, top: int, progress: Progress) -> list[dict[str, Any]]:
    """Return every scenario's answer, in their order."""
    portfolio, book, found = before.portfolio, before.book, []
    depth = Depth.of(portfolio)
    for place, scenario in enumerate(moved.scenarios):
        shift = shifted(portfolio, book, moved, valued.change[:, place], place)
        gains = valued.profit_and_loss[:, place]
        account = before.stressed(valued.price, shift, float(gains.sum()), progress)
        price = valued.price + valued.change[:, place]
        exposure = np.abs(book.scale * valued.conversion[:, place] * price)
        closed = liquidation(depth, valued.value + gains, exposure, shift.volatility, scenario)
        worst = np.argsort(gains, kind="stable")[:top]
        at_risk = [{"id": book.ids[row], "profit_and_loss": float(gains[row])} for row in worst if gains[row] < 0.0]
        found.append(of_scenario(scenario, before.account, account, gains, at_risk) | closed)
    return found


def _overall(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the verdict over all scenarios: None where the model says nothing of collateral."""
    verdicts = [each["breach"] for each in found]
    worst = min(found, key=lambda each: float(each["profit_and_loss"]), default=None)
    return {
        "passed": None if None in verdicts else not any(verdicts),
        "breaches": [each["scenario"] for each in found if each["breach"]],
        "worst_scenario": None if worst is None else worst["scenario"],
        "worst_profit_and_loss": None if worst is None else worst["profit_and_loss"],
    }


def _grid(before: _Before, grid: Grid, price: Floats, progress: Progress) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is said of a grid, and the table of its points."""
    portfolio, book = before.portfolio, before.book
    spot, volatility = grid.points()
    follows = moving(portfolio, grid)
    if grid.margin:
        gains, accounts = _with_margins(before, grid, price, progress)
    else:
        gains, accounts = totals(portfolio, book, grid, progress.within), []
        progress.ended(len(grid))
    still = [each for each, moves_ in zip(book.ids, follows.tolist(), strict=True) if not moves_]
    return of_grid(grid, spot, volatility, gains, accounts, still)


def _with_margins(before: _Before, grid: Grid, price: Floats, progress: Progress) -> tuple[Floats, list[Account]]:
    """Return profit and loss and the account at every point."""
    portfolio, book = before.portfolio, before.book
    spot, volatility = grid.points()
    follows = moving(portfolio, grid)
    gains, accounts = np.zeros(len(grid)), []
    for block in blocks(portfolio, book, grid, progress.within):
        for place in range(block.change.shape[1]):
            point = block.start + place
            change = block.change[:, place]
            gains[point] = float(book.scale @ change)
            shift = Shifted(
                change=change,
                underlying=np.where(follows, spot[point], 0.0),
                volatility=np.where(follows, volatility[point], 0.0),
                fx=portfolio.fx,
                rates=portfolio.rates,
            )
            accounts.append(before.stressed(price, shift, float(gains[point]), progress))
        progress.ended(block.change.shape[1])
    return gains, accounts
