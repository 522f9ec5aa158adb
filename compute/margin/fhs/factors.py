"""Positions as exposures to the factors of the price history, conversion rates included where it has them.

Options that are revalued in full have their underlying as factor and no exposure to it. Any other position moves with
its own factor as in `compute.simulation.exposures`. A position in another currency moves with its conversion rate too,
by its market value, where the history holds the pair, such as `EUR/USD`; the inverse pair stands for it with the
opposite sign, exact to first order. The product of both moves is left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute.errors import InputError
from compute.market import PriceHistory, to_base
from compute.portfolio import Floats, Portfolio
from compute.simulation.exposures import factor_labels, position_exposures

MOST_FACTORS = 2_000


@dataclass(frozen=True, kw_only=True)
class Factors:
    """Exposures of n positions to k factors.

    Parameters
    ----------
    symbols
        Length k, sorted; those that some position is exposed to.
    amounts
        Shape (k,), base currency, signed; zero where positions cancel out.
    own
        Shape (n,): the factor of each position's own price, or of an option's underlying; -1 where it has none.
    position, factor, exposure
        Shape (e,): position, index into `symbols` and exposure of each entry.
    rates
        The conversion pairs among the factors.
    held
        Currencies whose conversion rate is held still.
    """

    symbols: tuple[str, ...]
    amounts: Floats
    own: NDArray[np.int64]
    position: NDArray[np.int64]
    factor: NDArray[np.int64]
    exposure: Floats
    rates: tuple[str, ...]
    held: tuple[str, ...]

    def losses(self, moves: Floats, count: int) -> Floats:
        """Return each position's loss under relative moves of the factors (k,), shape (count,)."""
        losses = np.bincount(self.position, weights=-moves[self.factor] * self.exposure, minlength=count)
        return np.asarray(losses, dtype=np.float64)


def factors(portfolio: Portfolio, history: PriceHistory | None, curved: NDArray[np.bool_] | None = None) -> Factors:
    """Return a portfolio's factors; raise InputError where an exposure has no meaning or there are too many factors.

    Parameters
    ----------
    curved
        Shape (n,): the positions that are revalued in full.
    """
    labels = factor_labels(portfolio)
    names, codes = list(labels.values), [labels.codes.astype(np.int64)]
    bent = np.zeros(len(portfolio), np.bool_) if curved is None else curved
    own = np.where(bent, 0.0, position_exposures(portfolio))
    positions, exposures = [np.arange(len(portfolio))], [own]
    held_options = codes[0][bent & (portfolio.numbers["quantity"] != 0.0)]
    pairs, held = _pairs(portfolio, history)
    value = portfolio.numbers["quantity"] * portfolio.numbers["price"] * portfolio.numbers["multiplier"]
    value = value * to_base(portfolio)
    for currency, (pair, sign) in pairs.items():
        member = np.flatnonzero(portfolio.labels["currency"].mask(currency))
        names.append(pair)
        positions.append(member)
        codes.append(np.full(member.size, len(names) - 1))
        exposures.append(sign * value[member])
    entries = np.concatenate(positions), np.concatenate(codes), np.concatenate(exposures)
    return _aggregated(names, entries, held_options, pairs, held, len(portfolio))


def conversion_pairs(portfolio: Portfolio) -> list[str]:
    """Return the names under which a history may hold the conversion rates of a portfolio, inverse pairs included."""
    base = portfolio.currency
    foreign = [currency for currency in portfolio.labels["currency"].values if currency != base]
    return [name for currency in foreign for name in (f"{currency}/{base}", f"{base}/{currency}")]


def _pairs(portfolio: Portfolio, history: PriceHistory | None) -> tuple[dict[str, tuple[str, float]], tuple[str, ...]]:
    """Return the pair and sign of each foreign currency that the history knows, and the currencies it does not."""
    known = frozenset(history.symbols) if history else frozenset()
    base, pairs, held = portfolio.currency, {}, []
    for currency in portfolio.labels["currency"].values:
        direct, inverse = f"{currency}/{base}", f"{base}/{currency}"
        if currency == base:
            continue
        if direct in known:
            pairs[currency] = (direct, 1.0)
        elif inverse in known:
            pairs[currency] = (inverse, -1.0)
        else:
            held.append(currency)
    return pairs, tuple(sorted(held))


def _aggregated(
    names: list[str],
    entries: tuple[NDArray[np.int64], NDArray[np.int64], Floats],
    held_options: NDArray[np.int64],
    pairs: dict[str, tuple[str, float]],
    held: tuple[str, ...],
    count: int,
) -> Factors:
    position, code, exposure = entries
    there = np.flatnonzero(exposure)
    used = np.union1d(code[there], held_options)
    lookup = {name: index for index, name in enumerate(sorted({names[index] for index in used.tolist()}))}
    if len(lookup) > MOST_FACTORS:
        raise InputError(f"{len(lookup)} factors are more than the {MOST_FACTORS} that this model takes.")
    places = np.array([lookup.get(name, -1) for name in names], dtype=np.int64)
    factor = places[code[there]]
    return Factors(
        symbols=tuple(lookup),
        amounts=np.asarray(np.bincount(factor, weights=exposure[there], minlength=len(lookup)), dtype=np.float64),
        own=places[code[:count]],
        position=position[there],
        factor=factor,
        exposure=exposure[there],
        rates=tuple(sorted({pair for pair, _sign in pairs.values()} & lookup.keys())),
        held=held,
    )
