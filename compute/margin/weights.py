"""How much work a portfolio is to a model that revalues it: an option costs as much as several other positions."""

from collections.abc import Callable

from compute.portfolio import Portfolio
from compute.pricing.terms import codes, has_word


def revaluations(*, european: float, american: float) -> Callable[[Portfolio], float]:
    """Return what counts the positions, options with their weight."""

    def size(portfolio: Portfolio) -> float:
        early = has_word(portfolio, "exercise", "american")
        option = has_word(portfolio, "instrument", "option") | (codes(portfolio, "option_type") >= 0)
        others = len(portfolio) - int((option | early).sum())
        return others + european * int((option & ~early).sum()) + american * int(early.sum())

    return size
