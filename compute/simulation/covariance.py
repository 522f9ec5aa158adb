"""Covariance of daily log returns, in float64.

EWMA: J.P. Morgan/Reuters, "RiskMetrics - Technical Document", 4th edition (1996), section 5.2: zero mean, decay 0.94.
Ledoit-Wolf: O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance matrices",
J. Multivariate Analysis 88 (2004) 365-411, section 3.2: shrinkage to a scaled identity.
"""

from collections.abc import Callable, Mapping

import numpy as np

from compute.errors import InputError
from compute.portfolio import Floats

DECAY = 0.94


def ewma_weights(count: int, decay: float = DECAY) -> Floats:
    """Return the weights of `count` observations, oldest first, shape (count,), summing to one."""
    weights = decay ** np.arange(count - 1, -1, -1, dtype=float)
    return np.asarray(weights / weights.sum())


def ewma(returns: Floats, decay: float = DECAY) -> Floats:
    """Return the exponentially weighted covariance about zero.

    Parameters
    ----------
    returns
        Shape (t, k), float64, oldest first, no NaN.
    decay
        Weight of a day relative to the next, in (0, 1).

    Returns
    -------
    Shape (k, k), per day.
    """
    scaled = returns * np.sqrt(ewma_weights(len(returns), decay))[:, None]
    return np.asarray(scaled.T @ scaled)


def ewma_volatility(returns: Floats, decay: float = DECAY) -> Floats:
    """Return each column's exponentially weighted volatility per day about zero, shape (k,)."""
    return np.asarray(np.sqrt(ewma_weights(len(returns), decay) @ returns**2))


def sample(returns: Floats) -> Floats:
    """Return the unbiased sample covariance of returns (t, k), shape (k, k), per day."""
    centred = returns - returns.mean(axis=0)
    return np.asarray(centred.T @ centred / (len(returns) - 1))


def shrinkage(centred: Floats, covariance: Floats) -> float:
    """Return the weight of the scaled identity, in [0, 1], for demeaned returns and their covariance (over t)."""
    observations, size = centred.shape
    mean = np.trace(covariance) / size
    squares = np.sum(covariance**2)
    distance = (squares - size * mean**2) / size
    norms = np.einsum("tk,tk->t", centred, centred)
    noise = (norms @ norms / observations - squares) / (size * observations)
    return float(min(noise, distance) / distance) if distance > 0 and noise > 0 else 0.0


def ledoit_wolf(returns: Floats) -> Floats:
    """Return the shrunk covariance of returns (t, k), shape (k, k), per day; divided by t, as in the paper."""
    centred = returns - returns.mean(axis=0)
    covariance = centred.T @ centred / len(returns)
    weight = shrinkage(centred, covariance)
    mean = np.trace(covariance) / covariance.shape[0]
    shrunk = (1.0 - weight) * covariance
    shrunk[np.diag_indices_from(shrunk)] += weight * mean
    return np.asarray(shrunk)


FACTOR_MODELS: Mapping[str, Callable[[Floats], Floats]] = {
    "ewma": ewma,
    "ledoit_wolf": ledoit_wolf,
    "sample": sample,
}


def factor_model(name: str) -> Callable[[Floats], Floats]:
    """Return a covariance estimator by name; raise InputError listing the known ones."""
    try:
        return FACTOR_MODELS[name]
    except KeyError:
        raise InputError(
            f"Unknown factor model {name!r}.",
            pointer="/parameters/factor_model",
            remedy=f"Use one of: {', '.join(FACTOR_MODELS)}.",
        ) from None
