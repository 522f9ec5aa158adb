"""Which positions are in one contract: what an account holds long and short of it is closed out against each other."""

import numpy as np

from compute.portfolio import Floats, Portfolio
from compute.pricing.terms import Integers, codes

_LABELS = ("symbol", "underlying", "instrument", "option_type", "exercise", "expiry", "currency")


def contracts(portfolio: Portfolio) -> Integers:
    """Return a number for each position's contract, shape (n,): equal where symbol, terms and multiplier are."""
    columns: list[Integers] = [codes(portfolio, name).astype(np.int64) + 1 for name in _LABELS]
    columns += [_ranks(portfolio.number("strike", -1e300)), _ranks(portfolio.numbers["multiplier"])]
    found = np.zeros(len(portfolio), np.int64)
    for column in columns:
        distinct = int(column.max(initial=0)) + 1
        if distinct > 1:
            found = _ranks(found * distinct + column)  # ranks stay below n, so that no product overflows
    return found


def _ranks(values: Floats | Integers) -> Integers:
    return np.asarray(np.unique(values, return_inverse=True)[1].reshape(-1), dtype=np.int64)


def net_sizes(portfolio: Portfolio) -> Floats:
    """Return each position's part of its contract's net quantity, shape (n,), signed as the net.

    The net is spread over the positions on its side, in proportion.
    """
    index, quantity = contracts(portfolio), portfolio.numbers["quantity"]
    net = np.bincount(index, weights=quantity)[index] if len(portfolio) else np.zeros(0)
    side = np.where(quantity * net > 0.0, np.abs(quantity), 0.0)
    whole = np.bincount(index, weights=side)[index] if len(portfolio) else np.zeros(0)
    return np.divide(net * side, whole, out=np.zeros(len(portfolio)), where=whole > 0.0)
