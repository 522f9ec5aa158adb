"""A book's second-order expansion in the log returns of its factors, and how well it stands for full revaluation.

Value moves by d'x + x'Gx / 2 in log returns x. Of a position with value Q p(S), Q in base currency per unit of price:
d = Q delta S and G = Q (gamma S^2 + delta S), since S(x) = S exp(x). No position depends on two factors: G is diagonal.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from compute.errors import InputError
from compute.portfolio import Floats, Portfolio
from compute.pricing.book import Book, greeks, prepare, reprice
from compute.pricing.memo import PricingMemo
from compute.pricing.terms import fault
from compute.result import Checkpoint
from compute.simulation.exposures import factor_labels, option_mask

DAYS_A_YEAR = 252.0  # trading days, in which horizons are
FIT_LIMIT = 0.25  # of VaR: a worse expansion is refused


@dataclass(frozen=True, kw_only=True)
class Expansion:
    """Derivatives of a book's value by factor.

    Parameters
    ----------
    symbols
        Length k, sorted; factors without any derivative are left out.
    deltas, gammas
        Shape (k,), base currency per unit of log return, and per its square.
    book
        The positions ready for revaluation.
    factor
        Shape (n,): index of each position's factor, -1 where it is left out.
    """

    symbols: tuple[str, ...]
    deltas: Floats
    gammas: Floats
    book: Book
    factor: Any


def expansion(
    portfolio: Portfolio, *, horizon_days: int, checkpoint: Checkpoint, memo: PricingMemo | None = None
) -> Expansion:
    """Expand a book to second order.

    Raises
    ------
    InputError
        A factor's level is not positive, or an option expires within the horizon: no expansion stands for that.
    """
    book = prepare(portfolio, checkpoint=checkpoint, memo=memo)
    level = np.where(option_mask(portfolio), book.spot, portfolio.numbers["price"])
    fault(portfolio, level <= 0, "price", "moves with a level that is not positive, which log returns cannot move",
          "Leave it out: this measure has no normal shocks yet.")  # fmt: skip
    fault(portfolio, book.years <= horizon_days / DAYS_A_YEAR, "expiry",
          "expires within the horizon, where delta and gamma say nothing of its value",
          "Shorten `horizon_days`, or leave it out.")  # fmt: skip
    unit = greeks(book, checkpoint=checkpoint)
    amount = book.scale * unit.delta * level
    curved = book.scale * unit.gamma * level**2 + amount
    labels = factor_labels(portfolio)
    deltas, gammas = np.zeros(len(labels.values)), np.zeros(len(labels.values))
    np.add.at(deltas, labels.codes, amount)
    np.add.at(gammas, labels.codes, curved)
    kept = np.flatnonzero((deltas != 0) | (gammas != 0))
    place = np.full(len(labels.values) + 1, -1)
    place[kept] = np.arange(kept.size)
    return Expansion(
        symbols=tuple(labels.values[index] for index in kept),
        deltas=deltas[kept],
        gammas=gammas[kept],
        book=book,
        factor=place[labels.codes],
    )


def misfit(expanded: Expansion, deviations: Floats, confidence: float, checkpoint: Checkpoint) -> tuple[float, str]:
    """Return how far the expansion is from full revaluation, base currency, and the factor where it is farthest.

    Each factor moves up and down by its own quantile at the confidence; of each the larger error counts, and the errors
    of the factors are added in squares.

    Parameters
    ----------
    deviations
        Shape (k,): standard deviations of the factors' log returns over the horizon.
    """
    moves = norm.ppf(confidence) * np.array([1.0, -1.0]) * deviations[:, None]
    book = expanded.book
    shift = np.zeros((len(book.underlyings), 2))
    followed = expanded.factor >= 0
    shift[book.underlying[followed]] = np.expm1(moves)[expanded.factor[followed]]
    gains = reprice(book, shift, checkpoint=checkpoint)
    revalued = np.zeros_like(moves)
    np.add.at(revalued, expanded.factor[followed], gains[followed])
    quadratic = expanded.deltas[:, None] * moves + 0.5 * expanded.gammas[:, None] * moves**2
    errors = np.max(np.abs(revalued - quadratic), axis=1)
    return float(np.sqrt(errors @ errors)), expanded.symbols[int(np.argmax(errors))]


def refuse_misfit(error: float, factor: str, var: float) -> None:
    """Raise InputError where the expansion's error is more than a quarter of VaR."""
    if error > FIT_LIMIT * abs(var):
        raise InputError(
            f"The second-order expansion misses full revaluation by {error:.6g}, more than {FIT_LIMIT:.0%} of a VaR of "
            f"{abs(var):.6g}; most of it at {factor}.",
            pointer="/parameters/method",
            remedy="Shorten `horizon_days`, or use method plain.",
        )
