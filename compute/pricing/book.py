"""A portfolio made ready for pricing: `prepare` once, then `greeks`, and `reprice` under as many scenarios as wanted.

Every position is revalued in full: options by their model at the moved underlying, volatility, rate and time, bonds by
their flows, positions with given greeks by the second-order expansion these allow. Conversion rates are held still.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from compute.market import to_base
from compute.portfolio import Floats, Portfolio
from compute.pricing.american import early_greeks
from compute.pricing.bonds import Bonds, read_bonds
from compute.pricing.european import Greeks, Options, lognormal_greeks, normal_greeks
from compute.pricing.memo import PricingMemo
from compute.pricing.request import AUTO
from compute.pricing.revaluation import Revaluation, revalue
from compute.pricing.terms import DAYS_A_YEAR, Integers, Kind, Mask, Terms, fault, given, read_terms
from compute.pricing.volatility import volatilities
from compute.result import Checkpoint, no_checkpoint

AMERICAN_BLOCK = 512  # options between two checkpoints: at five prices each well within a heartbeat


@dataclass(frozen=True, kw_only=True)
class Book:
    """Positions ready for revaluation; columns of shape (n,), NaN where a term has no meaning for a position.

    Parameters
    ----------
    ids
        Of the positions, in the portfolio's order.
    currency
        The base currency, in which profit and loss is.
    kind
        `terms.Kind` of each position.
    underlyings, underlying
        Names, and the index into them that each position moves with: its underlying (options, given greeks), else its
        symbol. The rows of `spot_shift` are in this order.
    spot
        What moves: price of the underlying (options, given greeks), else the position's own price.
    price
        The position's own price as given; of a bond without one its value; NaN for an option without one.
    strike, years, vol, rate, carry, sign
        See `european.Options`; vol of a normal option is in units of price. Years are NaN for what does not expire.
    american, future
        Exercise, and whether the underlying is a future (1.0, else 0.0).
    solved
        Where vol was implied from the position's price.
    quantity, multiplier, to_base
        Value in base currency = quantity · multiplier · to_base · price.
    given
        Shape (4, n): delta, gamma, vega, theta as given, 0 where not, per unit.
    bonds
        Flows and figures of the bonds.
    assumptions
        What was taken for granted, in sentences.
    """

    ids: tuple[str, ...]
    currency: str
    kind: NDArray[np.int8]
    underlyings: tuple[str, ...]
    underlying: Integers
    spot: Floats
    price: Floats
    strike: Floats
    years: Floats
    vol: Floats
    rate: Floats
    carry: Floats
    sign: Floats
    american: Mask
    future: Floats
    solved: Mask
    quantity: Floats
    multiplier: Floats
    to_base: Floats
    given: Floats
    bonds: Bonds
    assumptions: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def scale(self) -> Floats:
        """Base currency per unit of price, signed with the quantity, shape (n,)."""
        return self.quantity * self.multiplier * self.to_base

    def only(self, rows: Integers) -> "Book":
        """Return some of the positions, none of them a bond, with the underlyings of the whole book."""
        sliced = {name: getattr(self, name)[rows] for name in _COLUMNS}
        ids = tuple(self.ids[row] for row in rows.tolist())
        return replace(self, ids=ids, given=self.given.take(rows, axis=1), bonds=Bonds.none(rows.size), **sliced)

    def options(self, rows: Mask | Integers) -> Options:
        """Return the columns of some options."""
        names = ("spot", "strike", "years", "vol", "rate", "carry", "sign", "future")
        return Options(**{name: getattr(self, name)[rows] for name in names})


_COLUMNS = (
    "kind", "underlying", "spot", "price", "strike", "years", "vol", "rate", "carry", "sign", "american", "future",
    "solved", "quantity", "multiplier", "to_base",
)  # fmt: skip


def prepare(
    portfolio: Portfolio,
    *,
    model: str = AUTO,
    checkpoint: Checkpoint = no_checkpoint,
    memo: PricingMemo | None = None,
) -> Book:
    """Return a portfolio's book.

    Parameters
    ----------
    model
        `auto`: Bachelier for options whose underlying or strike is not positive, lognormal for the others; `normal`
        and `lognormal`: for all options.
    checkpoint
        Called between blocks of the American options whose volatility is implied.
    memo
        Volatilities implied before; those found now are added.

    Raises
    ------
    InputError
        Naming the first position that lacks a term, has expired, or whose price no volatility gives.
    """
    terms = read_terms(portfolio)
    bonds = read_bonds(portfolio, terms.bond)
    price = np.where(terms.bond, bonds.clean, portfolio.numbers["price"])
    unpriced = ~terms.option & np.isnan(price)
    fault(portfolio, unpriced, "price", "has neither a price nor terms that give one", "Give its `price`.")
    found = volatilities(portfolio, terms, model=model, checkpoint=checkpoint, memo=memo)
    return Book(
        ids=portfolio.ids,
        currency=portfolio.currency,
        kind=_kinds(terms, found.normal),
        underlyings=terms.underlying.values,
        underlying=terms.underlying.codes.astype(np.int64),
        spot=terms.spot,
        price=price,
        strike=found.options.strike,
        years=terms.years,
        vol=found.options.vol,
        rate=terms.rate,
        carry=terms.carry,
        sign=found.options.sign,
        american=found.american,
        future=found.options.future,
        solved=found.solved,
        quantity=np.array(portfolio.numbers["quantity"]),
        multiplier=np.array(portfolio.numbers["multiplier"]),
        to_base=to_base(portfolio),
        given=np.array([portfolio.number(name, 0.0) for name in ("delta", "gamma", "vega", "theta")]),
        bonds=bonds,
        assumptions=_assumptions(portfolio, terms, found.normal),
    )


def _kinds(terms: Terms, normal: Mask) -> NDArray[np.int8]:
    kind = np.full(normal.size, Kind.LINEAR, np.int8)
    kind[terms.bond] = Kind.BOND
    kind[terms.greeks] = Kind.GREEKS
    kind[terms.option] = Kind.LOGNORMAL
    kind[normal] = Kind.NORMAL
    return kind


def _assumptions(portfolio: Portfolio, terms: Terms, normal: Mask) -> tuple[str, ...]:
    found = []
    currencies = portfolio.labels["currency"]
    used = {currencies.values[code] for code in np.unique(currencies.codes[terms.option]).tolist()}
    if missing := sorted(used - set(portfolio.rates)):
        found.append(f"The rate of {', '.join(missing)} is not given and taken as 0.")
    if normal.any():
        found.append("Normal (Bachelier) options read implied_volatility in units of price per year's square root.")
    if terms.greeks.any():
        found.append("Positions with given greeks and without full terms move by these greeks alone.")
    if (
        terms.greeks & np.isnan(given(portfolio, "underlying_price")) & (terms.spot == portfolio.numbers["price"])
    ).any():
        found.append("Given greeks without a price of the underlying are taken to refer to the position's own price.")
    return tuple(found)


def greeks(book: Book, *, checkpoint: Checkpoint = no_checkpoint) -> Greeks:
    """Return price and greeks of one unit of each position, in its own currency.

    A linear position and a bond have delta 1 to their own price; a bond's rho is -duration x dirty price, its theta the
    yield on it. Given greeks are returned as given. An option's price is that of its model.
    """
    out = Greeks.zeros(len(book))
    out.price[:] = book.price
    out.delta[(book.kind == Kind.LINEAR) | (book.kind == Kind.BOND)] = 1.0
    rows = book.kind == Kind.GREEKS
    for column, values in zip((out.delta, out.gamma, out.vega, out.theta), book.given, strict=True):
        column[rows] = values[rows]
    _bond_greeks(book, out)
    _option_greeks(book, out, checkpoint)
    return out


def _bond_greeks(book: Book, out: Greeks) -> None:
    bonds = book.bonds
    rows = np.flatnonzero((book.kind == Kind.BOND) & ~np.isnan(bonds.duration))
    dirty = bonds.clean[rows] + np.nan_to_num(bonds.accrued[rows])
    out.rho[rows] = -bonds.duration[rows] * dirty
    out.theta[rows] = np.nan_to_num(bonds.yields[rows]) * dirty


def _option_greeks(book: Book, out: Greeks, checkpoint: Checkpoint) -> None:
    for kind, closed in ((Kind.LOGNORMAL, lognormal_greeks), (Kind.NORMAL, normal_greeks)):
        rows = np.flatnonzero((book.kind == kind) & ~book.american)
        _put(out, rows, closed(book.options(rows)))
        rows = np.flatnonzero((book.kind == kind) & book.american)
        for start in range(0, rows.size, AMERICAN_BLOCK):
            block = rows[start : start + AMERICAN_BLOCK]
            is_normal = kind is Kind.NORMAL
            _put(out, block, early_greeks(book.options(block), is_normal=is_normal))
            checkpoint(start + block.size, rows.size)


def _put(out: Greeks, rows: Integers, found: Greeks) -> None:
    for column, values in zip(out.columns(), found.columns(), strict=True):
        column[rows] = values


def reprice(
    book: Book,
    spot_shift: Floats,
    vol_shift: Floats | None = None,
    *,
    vol_shift_kind: Literal["relative", "absolute"] = "relative",
    rate_shift: Floats | None = None,
    time_shift_days: float = 0.0,
    checkpoint: Checkpoint = no_checkpoint,
    memo: PricingMemo | None = None,
) -> Floats:
    """Return the profit and loss of every position under every scenario, by full revaluation.

    Parameters
    ----------
    spot_shift
        Shape (u, s): relative moves of `book.underlyings`; +0.15 is 15 % up, for a negative price towards zero and
        beyond. A lognormal underlying stops at zero.
    vol_shift
        Shape (s,) or (u, s): moves of the implied volatilities; a volatility stops at zero.
    vol_shift_kind
        `relative`: 0.1 makes 20 % into 22 %. `absolute`: 0.1 makes 20 % into 30 %.
    rate_shift
        Shape (s,): parallel moves of all rates and yields, absolute.
    time_shift_days
        Calendar days that go by; what expires meanwhile is worth its intrinsic value at the moved underlying.
    checkpoint
        Called at least every 250 ms with (done, total) cells.
    memo
        Gains of American options computed before; those computed now are added.

    Returns
    -------
    Shape (n, s), float64, base currency, gain positive.
    """
    shifts = _shifts(len(book.underlyings), spot_shift, vol_shift, rate_shift)
    shifts = replace(shifts, relative=vol_shift_kind == "relative", years=time_shift_days / DAYS_A_YEAR)
    return revalue(book, shifts, checkpoint, None if memo is None else memo.gains)


def _shifts(underlyings: int, spot_shift: Floats, vol_shift: Floats | None, rate_shift: Floats | None) -> Revaluation:
    """Return the moves of spot, volatility and rate, none where not given; raise ValueError for a wrong shape."""
    spot = np.ascontiguousarray(spot_shift, dtype=np.float64)
    scenarios = spot.shape[1] if spot.ndim == 2 else 0
    if spot.shape != (underlyings, scenarios):
        raise ValueError(f"spot_shift has shape {spot.shape}, wanted ({underlyings}, scenarios).")
    vol = np.zeros((1, scenarios)) if vol_shift is None else np.atleast_2d(np.asarray(vol_shift, dtype=np.float64))
    if vol.shape not in {(1, scenarios), spot.shape}:
        raise ValueError(f"vol_shift has shape {vol.shape}, wanted ({scenarios},) or {spot.shape}.")
    rate = np.zeros(scenarios) if rate_shift is None else np.ascontiguousarray(rate_shift, dtype=np.float64)
    if rate.shape != (scenarios,):
        raise ValueError(f"rate_shift has shape {rate.shape}, wanted ({scenarios},).")
    return Revaluation(spot=spot, vol=np.ascontiguousarray(vol), rate=rate)
