"""How much work a portfolio is to a model that revalues it: an option costs as much as several other positions."""

from collections.abc import Callable

import numpy as np

from compute.portfolio import Portfolio
from compute.pricing.terms import codes, has_word
from compute.simulation.exposures import factor_labels


def revaluations(*, european: float, american: float) -> Callable[[Portfolio], float]:
    """Return what counts the positions, options with their weight."""

    def size(portfolio: Portfolio) -> float:
        others, late, early = _counted(portfolio)
        return others + european * late + american * early

    return size


def factors(*, european: float, american: float) -> Callable[[Portfolio], float]:
    """Return what counts the factors of a portfolio, options with their weight beside them."""

    def size(portfolio: Portfolio) -> float:
        _others, late, early = _counted(portfolio)
        return len(factor_labels(portfolio).values) + european * late + american * early

    return size


def pairings(portfolio: Portfolio) -> float:
    """Count the positions, and the options of each underlying squared: any two of them may be put together."""
    option = has_word(portfolio, "instrument", "option") | (codes(portfolio, "option_type") >= 0)
    beneath = codes(portfolio, "underlying")[option]
    return float(len(portfolio) + (np.bincount(beneath[beneath >= 0]).astype(np.float64) ** 2).sum())


def _counted(portfolio: Portfolio) -> tuple[int, int, int]:
    """Return the positions that are no options, the European options and the American ones."""
    early = has_word(portfolio, "exercise", "american")
    option = has_word(portfolio, "instrument", "option") | (codes(portfolio, "option_type") >= 0)
    return len(portfolio) - int((option | early).sum()), int((option & ~early).sum()), int(early.sum())
