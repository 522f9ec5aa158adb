"""Which model and which volatility each option of a portfolio is priced with."""

from dataclasses import dataclass, fields

import numpy as np

from compute.portfolio import Floats, Portfolio
from compute.pricing.european import Options
from compute.pricing.implied import implied_volatility
from compute.pricing.memo import PricingMemo
from compute.pricing.request import LOGNORMAL, NORMAL
from compute.pricing.terms import Integers, Mask, Terms, fault, given, has_word
from compute.result import Checkpoint

BLOCK = 2_048  # options between two checkpoints: one round of American prices is about a tenth of a second


@dataclass(frozen=True, kw_only=True)
class Volatilities:
    """Options with their volatility; columns of shape (n,), without meaning where a position is no option.

    Parameters
    ----------
    options
        All terms; NaN where a position is no option.
    normal
        Which are priced by Bachelier.
    american
        Which may be exercised early.
    solved
        Which volatilities were implied from the position's price.
    """

    options: Options
    normal: Mask
    american: Mask
    solved: Mask


def volatilities(
    portfolio: Portfolio, terms: Terms, *, model: str, checkpoint: Checkpoint, memo: PricingMemo | None = None
) -> Volatilities:
    """Return the volatility given, else the one implied by the price; raise InputError where there is neither."""
    strike = np.where(terms.option, given(portfolio, "strike"), np.nan)
    normal = _normal(portfolio, terms, strike, model)
    vol = np.where(terms.option | terms.greeks, given(portfolio, "implied_volatility"), np.nan)
    vol[terms.option & np.isnan(vol) & (terms.years == 0.0)] = 0.0
    american = terms.option & has_word(portfolio, "exercise", "american")
    options = Options(
        spot=terms.spot,
        strike=strike,
        years=terms.years,
        vol=vol,
        rate=terms.rate,
        carry=terms.carry,
        sign=np.where(terms.option, np.where(has_word(portfolio, "option_type", "call"), 1.0, -1.0), np.nan),
        future=np.where(terms.on_future, 1.0, 0.0),
    )
    solved = terms.option & np.isnan(vol)
    _solve(portfolio, options, solved, normal, american, checkpoint, memo)
    return Volatilities(options=options, normal=normal, american=american, solved=solved)


def _normal(portfolio: Portfolio, terms: Terms, strike: Floats, model: str) -> Mask:
    if model == NORMAL:
        return terms.option
    low = terms.option & ((terms.spot <= 0.0) | (strike <= 0.0))
    if model == LOGNORMAL:
        remedy = "Use the model auto or normal."
        fault(portfolio, low, "strike", "has an underlying or a strike that no lognormal model allows", remedy)
    return low


def _solve(
    portfolio: Portfolio,
    options: Options,
    solved: Mask,
    normal: Mask,
    american: Mask,
    checkpoint: Checkpoint,
    memo: PricingMemo | None,
) -> None:
    """Fill in the volatilities that prices imply, those that the memo knows from there."""
    price = portfolio.numbers["price"]
    fault(
        portfolio,
        solved & np.isnan(price),
        "implied_volatility",
        "is an option without an implied volatility and without a price",
        "Give its `implied_volatility`, or its `price`.",
    )

    def implied(chosen: Integers) -> Floats:
        found = np.full((chosen.size, 1), np.nan)
        for is_normal in (False, True):
            places = np.flatnonzero(normal[chosen] == is_normal)
            for part in np.array_split(places, places.size // BLOCK + 1) if places.size else ():
                rows = chosen[part]
                found[part, 0] = implied_volatility(
                    options.take(rows), price[rows], american=american[rows], is_normal=is_normal
                )
                checkpoint(0, len(portfolio))
        return found

    rows = np.flatnonzero(solved)
    if memo is None:
        options.vol[rows] = implied(rows)[:, 0]
    elif rows.size:
        terms = [getattr(options, one.name)[rows] for one in fields(options) if one.name != "vol"]
        keys = np.stack([*terms, price[rows], american[rows], normal[rows]], axis=1)
        options.vol[rows] = memo.volatilities.rows(keys, lambda which: implied(rows[which]))[:, 0]
    fault(
        portfolio,
        solved & np.isnan(options.vol),
        "price",
        "has a price that no volatility gives: it breaks an arbitrage bound",
        "Check `price`, `underlying_price`, `strike`, `rates` and `dividend_yield`, or give `implied_volatility`.",
    )
