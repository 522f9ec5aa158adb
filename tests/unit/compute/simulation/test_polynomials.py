from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from compute.jit import njit
from compute.simulation import polynomials
from compute.simulation.polynomials import EXP_ERROR, LOG_ERROR, SINE_ERROR

COUNT = 200_001


@njit()
def logs(x: NDArray[np.float32]) -> NDArray[np.float32]:
    out = np.empty_like(x)
    for i in range(x.size):
        out[i] = polynomials.log(x[i])
    return out


@njit()
def exps(x: NDArray[np.float32]) -> NDArray[np.float32]:
    out = np.empty_like(x)
    for i in range(x.size):
        out[i] = polynomials.exp(x[i])
    return out


@njit()
def expm1s(x: NDArray[np.float32]) -> NDArray[np.float32]:
    out = np.empty_like(x)
    for i in range(x.size):
        out[i] = polynomials.expm1(x[i])
    return out


@njit()
def sines(turn: NDArray[np.int32]) -> Any:
    sine, cosine = np.empty(turn.size, np.float32), np.empty(turn.size, np.float32)
    for i in range(turn.size):
        sine[i], cosine[i] = polynomials.sine_cosine(turn[i])
    return sine, cosine


def relative(fast: NDArray[np.float32], exact: NDArray[np.float64]) -> float:
    return float(np.max(np.abs(fast - exact) / np.abs(exact)))


@pytest.mark.parametrize(("low", "high"), [(2.0**-32, 1.0), (0.5, 2.0), (1e-30, 1e30)])
def test_log(low: float, high: float) -> None:
    x = np.geomspace(low, high, COUNT).astype(np.float32)
    exact = np.log(x.astype(float))
    assert np.max(np.abs(logs(x) - exact) / np.maximum(np.abs(exact), 1.0)) < LOG_ERROR
    away = exact != 0
    assert relative(logs(x)[away], exact[away]) < LOG_ERROR


@pytest.mark.parametrize(("fast", "exact"), [(exps, np.exp), (expm1s, np.expm1)])
@pytest.mark.parametrize(("low", "high"), [(-87.0, 80.0), (-1.0, 1.0), (-1e-3, 1e-3)])
def test_exponentials(fast: Callable[..., Any], exact: Callable[..., Any], low: float, high: float) -> None:
    x = np.linspace(low, high, COUNT - 1).astype(np.float32)
    assert relative(fast(x), exact(x.astype(float))) < EXP_ERROR


def test_exponential_beyond_its_range_is_held_finite() -> None:
    x = np.array([-1e30, -200.0, 200.0, 1e30], np.float32)
    for values in (exps(x), expm1s(x)):
        assert np.isfinite(values).all()
        assert (np.diff(values) >= 0).all()


def test_sine_and_cosine_over_the_turn() -> None:
    corners = np.array([-(2**31), 2**31 - 1, 0, -1, 1, 2**29, 2**29 - 1, 2**30, -(2**30), -(2**29) - 1], np.int64)
    turn = np.concatenate([np.linspace(-(2**31), 2**31 - 1, COUNT).astype(np.int64), corners]).astype(np.int32)
    angle = turn.astype(float) * 2.0 * np.pi / 2.0**32
    sine, cosine = sines(turn)
    assert np.max(np.abs(sine - np.sin(angle))) < SINE_ERROR
    assert np.max(np.abs(cosine - np.cos(angle))) < SINE_ERROR
