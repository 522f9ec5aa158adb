"""VaR and ES of a quadratic form in normals, by inversion of its characteristic function: no sampling.

With K(s) = ln E exp(sL), a path from c - i inf to c + i inf and c > 0 where K is finite (R. Lugannani, S. Rice, "Saddle
point approximation for the distribution of the sum of independent random variables", Adv. Appl. Prob. 12 (1980), for
the choice of c):

    P(L > v)   = 1/(2 pi i) integral exp(K(s) - s v) / s ds
    E[(L-v)+]  = 1/(2 pi i) integral exp(K(s) - s v) / s^2 ds,     ES = v + E[(L-v)+] / (1 - confidence)

c is the saddle of the first integrand, so that nothing cancels however far the tail. The path is a branch of a
hyperbola, s = c + d sin w (1 - cosh y) + i d cos w sinh y, bent to the side on which the integrand dies, straight where
neither side helps (S. Boyarchenko, S. Levendorskii, "Sinh-acceleration", Int. J. Theoretical and Applied Finance 22
(2019)): the trapezoidal rule in y then converges exponentially, for a single chi-square as for a sum of thousands.
Each figure is computed on two paths with two steps; their difference is its error, and the steps are halved until it is
small.
"""

import math
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.errors import InputError
from compute.jit import njit
from compute.portfolio import Floats
from compute.simulation.quadratic import CALL_PRODUCTS, Quadratic

TOLERANCE = 1e-7  # of the loss' standard deviation: difference between two paths
FIRST_STEP, HALVINGS, OTHER_STEP = 0.1, 5, 0.8
BEND = 0.35  # radians
NODES = 4_000
NEGLIGIBLE = 1e-17  # of the integrand's height at the saddle
FARTHEST = 36.0  # of y: beyond, the path is 1e15 times its scale away

Complexes = NDArray[np.complex128]


@dataclass(frozen=True, kw_only=True)
class Inverted:
    """VaR and ES at one confidence, in units of the form's scale, and the path that they were found on.

    Parameters
    ----------
    error
        The largest difference of either figure between two paths.
    nodes, weights
        Shape (m,): an expectation E[f(L); L near v] is the real part of a sum over them.
    """

    confidence: float
    var: float
    es: float
    error: float
    nodes: Complexes
    weights: Complexes


@njit()
def _cumulant(s: Any, linear: float, diagonal: Any, off: Any) -> Any:
    """Return ln E exp(sL) at a complex s; every pivot's inverse lies off the negative axis, so logarithms add up."""
    last = diagonal.size - 1
    pivot = 1.0 - s * diagonal[last]
    logs = np.log(pivot)
    for j in range(last - 1, -1, -1):
        pivot = 1.0 - s * diagonal[j] - (s * off[j]) ** 2 / pivot
        logs += np.log(pivot)
    return 0.5 * ((s * linear) ** 2 / pivot - logs)


@njit()
def _slope(s: float, linear: float, diagonal: Any, off: Any) -> float:
    """Return K'(s) of a real s, infinity where K is not finite."""
    last = diagonal.size - 1
    pivot, change = 1.0 - s * diagonal[last], -diagonal[last]
    if pivot <= 0.0:
        return np.inf
    logs = change / pivot
    for j in range(last - 1, -1, -1):
        square = off[j] ** 2
        change = -diagonal[j] - 2.0 * s * square / pivot + s * s * square * change / pivot**2
        pivot = 1.0 - s * diagonal[j] - s * s * square / pivot
        if pivot <= 0.0:
            return np.inf
        logs += change / pivot
    return float(linear**2 * (s / pivot - 0.5 * s * s * change / pivot**2) - 0.5 * logs)


@njit()
def _bow(c: float, linear: float, diagonal: Any, off: Any) -> float:
    """Return K''(c) + 1 / c^2, the curvature of the first integrand's exponent at its saddle."""
    width = 1e-4 * c
    high, low = _slope(c + width, linear, diagonal, off), _slope(c - width, linear, diagonal, off)
    return (high - low) / (2.0 * width) + 1.0 / c**2


@njit()
def _likely_tail(c: float, linear: float, diagonal: Any, off: Any) -> float:
    """Return the logarithm of P(L > v) by its saddle alone, for the v whose saddle is c."""
    slope = _slope(1.0001 * c, linear, diagonal, off)
    if slope == np.inf:
        return -np.inf
    level = _slope(c, linear, diagonal, off) - 1.0 / c
    height = _cumulant(complex(c, 0.0), linear, diagonal, off).real - c * level - np.log(c)
    return float(height - 0.5 * np.log(2.0 * np.pi * _bow(c, linear, diagonal, off)))


@njit()
def _first_saddle(log_tail: float, linear: float, diagonal: Any, off: Any) -> float:
    """Return c whose saddle alone gives the tail."""
    low, high = 1e-6, 2e-6
    while _likely_tail(high, linear, diagonal, off) > log_tail and high < 1e15:
        low, high = high, 2.0 * high
    for _ in range(30):
        middle = 0.5 * (low + high)
        if _likely_tail(middle, linear, diagonal, off) > log_tail:
            low = middle
        else:
            high = middle
    return low


@njit()
def _saddle(level: float, linear: float, diagonal: Any, off: Any) -> float:
    """Return c with K'(c) - 1 / c = level."""
    low, high = 1e-6, 2e-6
    while _slope(high, linear, diagonal, off) - 1.0 / high < level and high < 1e15:
        low, high = high, 2.0 * high
    for _ in range(40):
        middle = 0.5 * (low + high)
        if _slope(middle, linear, diagonal, off) - 1.0 / middle < level:
            low = middle
        else:
            high = middle
    return low


@njit()
def _bend(c: float, d: float, level: float, linear: float, diagonal: Any, off: Any) -> float:
    """Return the angle of the path: to the left or to the right, wherever the integrand dies sooner."""
    far = 20.0 * (d + 1.0)
    left = complex(c - far * np.sin(BEND), far * np.cos(BEND))
    right = complex(c + far * np.sin(BEND), far * np.cos(BEND))
    on_left = (_cumulant(left, linear, diagonal, off) - left * level).real
    on_right = (_cumulant(right, linear, diagonal, off) - right * level).real
    return BEND if on_left < on_right else -BEND


@njit()
def _path(
    c: float, level: float, step: float, bent: bool, linear: float, diagonal: Any, off: Any, nodes: Any, weights: Any
) -> int:
    """Fill nodes s - c and weights exp(K(s) - K(c) - (s - c) level) ds / (pi i); return how many."""
    d = 1.0 / np.sqrt(_bow(c, linear, diagonal, off))
    angle = _bend(c, d, level, linear, diagonal, off) if bent else 0.0
    across, along = d * np.sin(angle), d * np.cos(angle)
    peak = _cumulant(complex(c, 0.0), linear, diagonal, off)
    count = 0
    while count < nodes.size and count * step < FARTHEST:
        sinh, cosh = np.sinh(count * step), np.cosh(count * step)
        node = complex(across * (1.0 - cosh), along * sinh)
        speed = complex(along * cosh, across * sinh)
        height = np.exp(_cumulant(c + node, linear, diagonal, off) - peak - node * level)
        nodes[count] = node
        weights[count] = height * speed * (0.5 * step / np.pi if count == 0 else step / np.pi)
        count += 1
        if abs(height * speed) < NEGLIGIBLE * d * abs(c + node):
            break
    return count


@njit()
def _integrals(c: float, shift: float, nodes: Any, weights: Any) -> Any:
    """Return density, tail and excess at a level moved by `shift`, each over exp(K(c) - c level)."""
    density, tail, excess = 0.0, 0.0, 0.0
    for j in range(nodes.size):
        s = c + nodes[j]
        term = weights[j] * np.exp(-nodes[j] * shift)
        density += term.real
        tail += (term / s).real
        excess += (term / (s * s)).real
    return density, tail, excess


@njit()
def _on_path(
    c: float, level: float, log_tail: float, step: float, bent: bool,
    linear: float, diagonal: Any, off: Any, nodes: Any, weights: Any,
) -> Any:  # fmt: skip
    """Return VaR, ES and the number of nodes on the path through c, bent for a VaR near the level."""
    count = _path(c, level, step, bent, linear, diagonal, off, nodes, weights)
    at, w = nodes[:count], weights[:count]
    height = _cumulant(complex(c, 0.0), linear, diagonal, off).real
    var, inside = level, _slope(c, linear, diagonal, off)  # K'(c) is a possible loss; the level may lie below them all
    for _ in range(80):
        density, tail, _excess = _integrals(c, var - level, at, w)
        if not (density > 0.0 and tail > 0.0):
            var = 0.5 * (var + inside)
            continue
        inside = var
        gap = np.log(tail) + height - c * var - log_tail
        move = min(max(gap * tail / density, -0.5), 0.5)
        var += move
        if abs(move) < 1e-14 * max(1.0, abs(var)):
            break
    _density, tail, excess = _integrals(c, var - level, at, w)
    return var, var + excess / tail, count


@njit()
def _two_paths(
    log_tail: float, step: float, bent: bool, linear: float, diagonal: Any, off: Any, nodes: Any, weights: Any
) -> Any:
    """Return VaR and ES, their differences between two paths, and of the second c, number of nodes and level.

    A straight path finds roughly where the quantile is, for which side to bend to depends on it.
    """
    c = _first_saddle(log_tail, linear, diagonal, off)
    level = _slope(c, linear, diagonal, off) - 1.0 / c
    level, _, _ = _on_path(c, level, log_tail, 2.0 * step, False, linear, diagonal, off, nodes, weights)
    c = _saddle(level, linear, diagonal, off)
    first_var, first_es, _ = _on_path(c, level, log_tail, step, bent, linear, diagonal, off, nodes, weights)
    c *= 0.9
    var, es, count = _on_path(c, level, log_tail, OTHER_STEP * step, bent, linear, diagonal, off, nodes, weights)
    return var, es, max(abs(var - first_var), abs(es - first_es)), c, count, level


def inverted(form: Quadratic, confidence: float) -> Inverted:
    """Return VaR and ES at a confidence.

    Raises
    ------
    InputError
        Where two paths do not come to the same figures: a book hedged in all but a few factors, whose loss' density has
        a pole near the quantile.
    """
    nodes, weights = np.empty(NODES, np.complex128), np.empty(NODES, np.complex128)
    log_tail = math.log1p(-confidence)
    columns = form.linear, form.diagonal, form.off
    for step, bent in product((FIRST_STEP / 2**halved for halved in range(HALVINGS)), (True, False)):
        var, es, error, c, count, level = _two_paths(log_tail, step, bent, *columns, nodes, weights)
        if error < TOLERANCE * max(1.0, abs(var)):
            used = nodes[:count].copy()
            moved = weights[:count] * np.exp(-used * (var - level))
            return Inverted(confidence=confidence, var=var, es=es, error=error, nodes=c + used, weights=moved)
    raise InputError(
        f"The inversion for confidence {confidence} does not converge: the book's loss has a pole near that quantile.",
        pointer="/parameters/method",
        remedy="Use method plain.",
    )


@njit()
def _parts(
    out: Any, node: Any, weight: Any, linear: float, diagonal: Any, off: Any, loadings: Any, deltas: Any, gammas: Any
) -> None:
    """Add to out (2, k) each factor's loss under the measure tilted by one node: by density, and by tail."""
    size = diagonal.size
    pivots, ratios = np.empty(size, np.complex128), np.zeros(size, np.complex128)
    pivots[size - 1] = 1.0 - node * diagonal[size - 1]
    for j in range(size - 2, -1, -1):
        ratios[j] = node * off[j] / pivots[j + 1]
        pivots[j] = 1.0 - node * diagonal[j] - node * off[j] * ratios[j]
    pivots = 1.0 / pivots
    for f in range(deltas.size):
        row = loadings[f]
        y = complex(row[size - 1], 0.0)
        variance = y * y * pivots[size - 1]
        for j in range(size - 2, -1, -1):
            y = row[j] + ratios[j] * y
            variance += y * y * pivots[j]
        mean = node * linear * y * pivots[0]
        loss = -(deltas[f] * mean + 0.5 * gammas[f] * (mean * mean + variance))
        out[0, f] += (weight * loss).real
        out[1, f] += (weight * loss / node).real


@njit()
def _parts_of(
    out: Any, nodes: Any, weights: Any, linear: float, diagonal: Any, off: Any, loadings: Any, deltas: Any, gammas: Any
) -> None:
    for j in range(nodes.size):
        _parts(out, nodes[j], weights[j], linear, diagonal, off, loadings, deltas, gammas)


def parts(form: Quadratic, found: Inverted, deltas: Floats, gammas: Floats, report: Any) -> tuple[Floats, Floats]:
    """Return each factor's part in VaR and in ES, summing to the total: E[L_f | L = VaR] and E[L_f | L > VaR].

    Parameters
    ----------
    deltas, gammas
        Shape (k,), base currency, as given to `reduced`; L_f = -(deltas_f x_f + gammas_f x_f^2 / 2).

    Returns
    -------
    Shapes (k,), base currency.
    """
    out = np.zeros((2, deltas.size))
    rows = max(1, CALL_PRODUCTS // (8 * form.loadings.size))
    for first in range(0, found.nodes.size, rows):
        part = slice(first, first + rows)
        _parts_of(
            out, found.nodes[part], found.weights[part], form.linear, form.diagonal, form.off,
            form.loadings, deltas, gammas,
        )  # fmt: skip
        report()
    tail = (found.weights / found.nodes).real.sum()
    return out[0] / found.weights.real.sum(), out[1] / tail
