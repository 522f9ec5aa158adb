"""Exact VaR and ES of a quadratic book of 32 factors against the unreduced numpy Monte Carlo, 2^20 paths.

Both start from the covariance, the deltas and the full matrix of gammas, and come to VaR and ES at two confidences.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from benchmarks.harness import Line, compare, figure, race
from compute.simulation.factorise import square_root
from compute.simulation.inversion import Inverted, inverted
from compute.simulation.quadratic import Quadratic, reduced
from compute.simulation.tail import tails

PATHS, FACTORS = 2**20, 32
CONFIDENCES = [0.95, 0.99]
SEED = 42
TARGET_RATIO = 400
COS_TERMS = 2**13

Floats = NDArray[np.float64]


def made_up() -> tuple[Floats, Floats, Floats]:
    """Return a one-day covariance, deltas, and gammas whose part of the loss is half the deltas' part."""
    generator = np.random.default_rng(7)
    a = 0.02 * generator.standard_normal((FACTORS, 2 * FACTORS)) / np.sqrt(2 * FACTORS)
    half = generator.standard_normal((FACTORS, FACTORS))
    return a @ a.T, 1e5 * generator.standard_normal(FACTORS), 1e6 * (half + half.T)


def ours(covariance: Floats, deltas: Floats, gammas: Floats) -> tuple[Quadratic, list[Inverted]]:
    """Factorise, reduce, invert."""
    form = reduced(square_root(covariance), deltas, gammas)
    return form, [inverted(form, confidence) for confidence in CONFIDENCES]


def losses(covariance: Floats, deltas: Floats, gammas: Floats, generator: np.random.Generator) -> Floats:
    """Return the losses of every path as a numpy user writes them."""
    moves = generator.standard_normal((PATHS, FACTORS)) @ np.linalg.cholesky(covariance).T
    return np.asarray(-(moves @ deltas + 0.5 * ((moves @ gammas) * moves).sum(axis=1)))


def naive(book: tuple[Floats, Floats, Floats], generator: np.random.Generator) -> list[float]:
    """Return VaR and ES at each confidence from sorted losses."""
    ordered = np.sort(losses(*book, generator))
    cuts = [int(confidence * PATHS) for confidence in CONFIDENCES]
    return [value for cut in cuts for value in (float(ordered[cut]), float(ordered[cut:].mean()))]


def cosine_inversion(covariance: Floats, deltas: Floats, gammas: Floats, confidence: float) -> tuple[float, float]:
    """Return VaR and ES by eigenvalues and a cosine series of the density (F. Fang, C. W. Oosterlee, 2008)."""
    lower = np.linalg.cholesky(covariance)
    curvature, axes = np.linalg.eigh(-(lower.T @ gammas @ lower))
    slope = -(axes.T @ lower.T @ deltas)
    mean, deviation = curvature.sum() / 2, np.sqrt((slope**2).sum() + (curvature**2).sum() / 2)
    low, high = mean - 20 * deviation, mean + 20 * deviation
    u = np.arange(COS_TERMS) * np.pi / (high - low)
    d = 1 - 1j * np.outer(u, curvature)
    transform = np.exp((-0.5 * u[:, None] ** 2 * slope**2 / d - 0.5 * np.log(d)).sum(axis=1) - 1j * u * low)
    terms = 2 / (high - low) * transform.real
    first, terms, u = terms[0] / 2, terms[1:], u[1:]

    def below(x: float) -> float:
        return float(first * (x - low) + (terms / u * np.sin(u * (x - low))).sum())

    var = brentq(lambda x: below(x) - confidence, low, high, xtol=1e-13 * deviation)

    def moment(x: float) -> float:
        t = u * (x - low)
        return float(first * x * x / 2 + (terms * (x * np.sin(t) / u + np.cos(t) / u**2)).sum())

    return var, (moment(high) - moment(var)) / (1 - confidence)


def run() -> Iterator[Line]:
    """Time both; `error` is the largest relative difference to the independent inversion."""
    book = made_up()
    form, found = ours(*book)
    figures = np.array([form.scale * value for each in found for value in (each.var, each.es)])
    independent = np.array([value for each in CONFIDENCES for value in cosine_inversion(*book, each)])
    generator = np.random.default_rng(SEED)
    timed = race(lambda: ours(*book), lambda: naive(book, generator), rounds=7, warm_up=1)
    error = float(np.max(np.abs(figures / independent - 1.0)))
    yield compare("delta_gamma", timed, peer="numpy, float64, unreduced", target_ratio=TARGET_RATIO, error=error)
    sampled = tails(losses(*book, generator), CONFIDENCES)
    monte_carlo = np.array([value for tail in sampled for value in (tail.var, tail.es)])
    standard = np.array([value for tail in sampled for value in (tail.se_var, tail.se_es)])
    yield figure(
        "delta_gamma",
        "largest distance to Monte Carlo",
        float(np.max(np.abs(figures - monte_carlo) / standard)),
        unit="standard errors",
        limit=3.0,
        sense="max",
    )
