"""VaR and ES of a book on many days at once, each from the scenarios known on that day."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.jit import njit
from compute.margin.fhs.options import Curves
from compute.portfolio import Floats

# Fused multiply-add, and no care for NaN, infinity and the sign of zero; no reassociation, so that bits are fixed.
FLOATS = {"contract", "nnan", "ninf", "nsz"}
EXPM1_ERROR = 1e-14  # relative, for |x| <= 6
BLOCK_WORK = 50_000_000  # revaluations between two checkpoints


@dataclass(frozen=True, kw_only=True)
class Stress:
    """Losses of stressed periods that stand beside the scenarios of each day.

    Parameters
    ----------
    worst
        Shape (u, j): the worst losses of each period, worst first.
    period
        Shape (d,): each day's row of `worst`.
    count
        Losses of a period.
    weight
        Weight of all of them together.
    """

    worst: Floats
    period: NDArray[np.int64]
    count: int
    weight: float


@dataclass(frozen=True, kw_only=True)
class Scenarios:
    """What a book loses in the scenarios of any day.

    Parameters
    ----------
    standard
        Shape (k, t): standardised returns.
    amounts
        Shape (k,): exposures, base currency.
    curves
        Of the options that are revalued in full; over all moves that occur.
    """

    standard: Floats
    amounts: Floats
    curves: Curves = field(default_factory=Curves.none)


@dataclass(frozen=True, kw_only=True)
class Path:
    """VaR and ES of each day, shape (d,), base currency, loss positive."""

    var: Floats
    es: Floats

    def figure(self, risk_measure: str) -> Floats:
        """Return the one or the other by name."""
        return self.es if risk_measure == "es" else self.var


@njit(forceinline=True, fastmath=FLOATS)
def expm1(x: Any) -> Any:
    """Return e^x - 1: the Taylor series at y = x/32, then e^2y - 1 = (e^y - 1)(e^y + 1) five times.

    The series is summed in pairs: a loop over it vectorises, and no term waits for all before it.
    """
    y = x * 0.03125
    square = y * y
    fourth = square * square
    low = (y * (1.0 / 120.0) + 1.0 / 24.0) * square + (y * (1.0 / 6.0) + 0.5)
    high = (y * (1.0 / 362880.0) + 1.0 / 40320.0) * square + (y * (1.0 / 5040.0) + 1.0 / 720.0)
    last = y * (1.0 / 39916800.0) + 1.0 / 3628800.0
    p = ((last * fourth + high) * fourth + low) * square + y
    p = p * (p + 2.0)
    p = p * (p + 2.0)
    p = p * (p + 2.0)
    p = p * (p + 2.0)
    return p * (p + 2.0)


@njit(fastmath=FLOATS)
def _add_losses(losses: Any, standard: Any, volatility: Any, amount: Any) -> None:
    for i in range(losses.size):
        losses[i] -= amount * expm1(volatility * standard[i])


@njit(fastmath=FLOATS)
def _add_curve(losses: Any, standard: Any, volatility: Any, low: Any, step: Any, values: Any) -> None:
    """Take from the losses what a curve gains: a cubic through the four points around each log move."""
    last, inverse = values.size - 3, 1.0 / step
    for i in range(losses.size):
        place = (volatility * standard[i] - low) * inverse
        j = min(max(int(place), 1), last)
        t = place - j
        before, here, after, beyond = values[j - 1], values[j], values[j + 1], values[j + 2]
        bend = (t - 1.0) * (t - 2.0)
        rise = t * (t + 1.0)
        losses[i] -= 0.5 * ((t + 1.0) * bend * here - rise * (t - 2.0) * after)
        losses[i] -= (rise * (t - 1.0) * beyond - t * bend * before) * (1.0 / 6.0)


@njit()
def _keep_worst(losses: Any, kept: Any) -> None:
    """Fill `kept` with the greatest losses, rising."""
    kept[:] = -np.inf
    for i in range(losses.size):
        if losses[i] > kept[0]:
            j = 0
            while j + 1 < kept.size and kept[j + 1] < losses[i]:
                kept[j] = kept[j + 1]
                j += 1
            kept[j] = losses[i]


@njit()
def _tail(kept: Any, weight: Any, stressed: Any, stressed_weight: Any, mass: Any) -> Any:
    """Return VaR and ES of two weighted samples: `kept` rising, `stressed` falling, tail weight `mass`."""
    above, total, i, j = 0.0, 0.0, kept.size - 1, 0
    while True:
        of_stress = j < stressed.size and (i < 0 or stressed[j] > kept[i])
        loss = stressed[j] if of_stress else kept[i]
        step = stressed_weight if of_stress else weight
        last = (i < 0 and j + 1 >= stressed.size) or (i == 0 and j >= stressed.size)
        if last or above + step > mass * (1.0 + 1e-12):
            return loss, (total + (mass - above) * loss) / mass
        above += step
        total += step * loss
        if of_stress:
            j += 1
        else:
            i -= 1


@njit()
def _fill(
    var: Any,
    es: Any,
    standard: Any,
    volatility: Any,
    amounts: Any,
    curves: Any,
    days: Any,
    count: Any,
    size: Any,
    weight: Any,
    worst: Any,
    period: Any,
    stressed_weight: Any,
    mass: Any,
) -> None:
    factor, low, step, values = curves
    for d in range(days.size):
        losses, kept = np.zeros(count), np.empty(size)
        begin = days[d] - count
        for k in range(amounts.size):
            if amounts[k] != 0.0:
                _add_losses(losses, standard[k, begin : begin + count], volatility[d, k], amounts[k])
        for c in range(factor.size):
            k = factor[c]
            _add_curve(losses, standard[k, begin : begin + count], volatility[d, k], low[c], step[c], values[c])
        _keep_worst(losses, kept)
        var[d], es[d] = _tail(kept, weight, worst[period[d]], stressed_weight, mass)


def path(
    scenarios: Scenarios,
    volatility: Floats,
    days: NDArray[np.int64],
    *,
    count: int,
    confidence: float,
    stress: Stress | None = None,
    report: Callable[[int], None] = lambda _done: None,
) -> Path:
    """Return VaR and ES of each day.

    Parameters
    ----------
    scenarios
        Those of the `count` columns before each day must be finite.
    volatility
        Shape (d, k): what multiplies them on each day.
    days
        Shape (d,).
    count
        Scenarios of a day; at least one must lie beyond the confidence.
    stress
        What else belongs to the sample; nothing where None.
    report
        Called with the days done; may raise to stop.
    """
    stress = stress or Stress(worst=np.empty((1, 0)), period=np.zeros(days.size, np.int64), count=1, weight=0.0)
    mass = float(1 - Fraction(str(confidence)))
    weight = (1.0 - stress.weight) / count
    sizes = count, min(count, int(mass / weight) + 2), weight
    curves = scenarios.curves
    table = curves.factor, curves.low, curves.step, curves.values
    var, es = np.empty(days.size), np.empty(days.size)
    block = max(1, BLOCK_WORK // (count * max(1, scenarios.amounts.size + curves.factor.size)))
    for begin in range(0, days.size, block):
        part = slice(begin, begin + block)
        sample = stress.worst, stress.period[part], stress.weight / stress.count, mass
        source = scenarios.standard, volatility[part], scenarios.amounts, table
        _fill(var[part], es[part], *source, days[part], *sizes, *sample)
        report(min(begin + block, days.size))
    return Path(var=var, es=es)
