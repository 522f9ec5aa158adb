"""How much a margin moves through the cycle, and how fast it rises.

D. Murphy, M. Vasios, N. Vause, "An investigation into the procyclicality of risk-based initial margin models", Bank of
England Financial Stability Paper 29 (2014): peak-to-trough ratio over the cycle, greatest n-day increase within it.
"""

from typing import Any

import numpy as np

from compute.portfolio import Floats

RISES = (1, 5, 30)


def greatest_rise(margin: Floats, days: int) -> tuple[int, float]:
    """Return where the greatest relative rise over `days` ends, and the rise: 0.5 is from 100 to 150.

    Parameters
    ----------
    margin
        Shape (d,), positive, d > `days`.
    """
    rises = margin[days:] / margin[:-days] - 1.0
    at = int(np.argmax(rises))
    return at + days, float(rises[at])


def movement(margin: Floats, dates: list[str]) -> dict[str, Any] | None:
    """Return the procyclicality figures of a margin, shape (d,); None where it is not positive throughout."""
    if not (margin > 0.0).all():
        return None
    peak, trough = int(np.argmax(margin)), int(np.argmin(margin))
    rises = []
    for days in (days for days in RISES if days < margin.size):
        end, rise = greatest_rise(margin, days)
        amount = float(margin[end] - margin[end - days])
        rises.append({"days": days, "rise": rise, "amount": amount, "from": dates[end - days], "to": dates[end]})
    return {
        "peak_to_trough": float(margin[peak] / margin[trough]),
        "peak": float(margin[peak]),
        "peak_date": dates[peak],
        "trough": float(margin[trough]),
        "trough_date": dates[trough],
        "greatest_rises": rises,
    }
