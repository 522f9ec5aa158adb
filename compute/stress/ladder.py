"""The fused kernel of a grid: European options summed at every point, what does not move taken out of the loops.

The formula is that of `european.lognormal_price`; a test holds the two equal. What is left of a cell are one
exponential and two tails, and nothing is stored.
"""

import numpy as np

from compute.jit import njit
from compute.portfolio import Floats
from compute.pricing.elementary import DOUBLES, FARTHEST, SMALLEST, bell_of, distribution
from compute.pricing.european import Options, lognormal_price


def lognormal_totals(options: Options, scale: Floats, spot: Floats, volatility: Floats) -> Floats:
    """Return the sum of scale x gain over some options, shape (a, b), for a moves of spot and b of volatility.

    Parameters
    ----------
    options
        n European options on lognormal underlyings.
    scale
        Shape (n,).
    spot, volatility
        Shapes (a,) and (b,): relative moves, none below -1.
    """
    out = np.zeros((volatility.size, spot.size))
    logs = np.log(np.maximum(1.0 + spot, SMALLEST))
    columns = (options.spot, options.strike, options.years, options.vol, options.rate, options.carry, options.sign)
    _sum(columns, scale, 1.0 + spot, logs, 1.0 + volatility, out)
    return out.T


@njit(fastmath=DOUBLES)
def _sum(columns: tuple[Floats, ...], scale: Floats, spots: Floats, logs: Floats, vols: Floats, out: Floats) -> None:
    for i in range(scale.size):
        spot, strike, years, vol, rate, carry, sign = (
            columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i], columns[5][i], columns[6][i],
        )  # fmt: skip
        base = lognormal_price(spot, strike, years, vol, rate, carry, sign)
        level, k = max(spot, 0.0) * np.exp(-carry * years), strike * np.exp(-rate * years)
        ahead = np.log(max(level, SMALLEST) / max(k, SMALLEST))
        for j in range(vols.size):
            root = max(vol * vols[j], 0.0) * np.sqrt(years)
            _line(level, k, ahead, root, sign, scale[i], base, spots, logs, out[j])


@njit(fastmath=DOUBLES)
def _line(
    level: float, k: float, ahead: float, root: float, sign: float, scale: float, base: float, spots: Floats,
    logs: Floats, out: Floats,
) -> None:  # fmt: skip
    inverse, half, ratio = 1.0 / max(root, SMALLEST), 0.5 * root, level / max(k, SMALLEST)
    for s in range(out.size):
        d1 = min(max((ahead + logs[s]) * inverse + half, -FARTHEST), FARTHEST)
        d2 = min(max((ahead + logs[s]) * inverse - half, -FARTHEST), FARTHEST)
        bell1 = bell_of(d1)
        bell2 = bell1 * min(ratio * spots[s], 1e100)
        share = level * spots[s] * distribution(sign * d1, bell1)
        out[s] += scale * (max(sign * (share - k * distribution(sign * d2, bell2)), 0.0) - base)
