"""float32 logarithm, exponential, sine and cosine by polynomials: loops over them vectorise, over libm they do not.

Cephes single precision (S. L. Moshier, `logf.c`, `expf.c`, `sinf.c`), arranged without branches. Error bounds against
float64 libm are held by tests: see `LOG_ERROR`, `EXP_ERROR` and `SINE_ERROR`.
"""

from typing import Any

import numpy as np
from numba import float32, int32

from compute.jit import njit
from compute.simulation.bits import bits_of, float_of

# Fused multiply-add, and no care for NaN, infinity and the sign of zero; no reassociation, so that bits are fixed.
FLOATS = {"contract", "nnan", "ninf", "nsz"}
FAST = {"forceinline": True, "fastmath": FLOATS}

LOG_ERROR = 2e-7  # relative, or absolute near 1
EXP_ERROR = 2e-7  # relative
SINE_ERROR = 2e-7  # absolute

LN2_HIGH = np.float32(0.693359375)
LN2_LOW = np.float32(-2.12194440e-4)
LOG2_E = np.float32(1.44269504)
EXP_MINIMUM = np.float32(-87.0)  # below, float32 would leave its normal range
EXP_MAXIMUM = np.float32(80.0)  # room for sums and weights before float32 overflows
ANGLE = np.float32(2 * np.pi / 2**32)  # radians of one unit of a 32-bit turn


@njit(**FAST)
def log(x: Any) -> Any:
    """Return ln x of a positive normal float32."""
    shifted = bits_of(x) - int32(0x3F3504F3)  # mantissa in [sqrt(1/2), sqrt(2))
    exponent = int32(int32(shifted) >> int32(23))
    m = float_of(int32(bits_of(x) - int32(exponent << int32(23)))) - float32(1)
    p = float32(7.0376836292e-2)
    p = p * m + float32(-1.1514610310e-1)
    p = p * m + float32(1.1676998740e-1)
    p = p * m + float32(-1.2420140846e-1)
    p = p * m + float32(1.4249322787e-1)
    p = p * m + float32(-1.6668057665e-1)
    p = p * m + float32(2.0000714765e-1)
    p = p * m + float32(-2.4999993993e-1)
    p = p * m + float32(3.3333331174e-1)
    square = m * m
    scale = float32(exponent)
    tail = p * m * square + scale * LN2_LOW - float32(0.5) * square
    return m + tail + scale * LN2_HIGH


@njit(**FAST)
def _exp_parts(x: Any) -> Any:
    """Split e^x = 2^n (1 + r): return 2^n and r, for x held to the range where both are finite."""
    x = min(max(x, EXP_MINIMUM), EXP_MAXIMUM)
    n = float32(np.floor(x * LOG2_E + float32(0.5)))
    r = x - n * LN2_HIGH - n * LN2_LOW
    p = float32(1.9875691500e-4)
    p = p * r + float32(1.3981999507e-3)
    p = p * r + float32(8.3334519073e-3)
    p = p * r + float32(4.1665795894e-2)
    p = p * r + float32(1.6666665459e-1)
    p = p * r + float32(5.0000001201e-1)
    return float_of(int32((int32(n) + int32(127)) << int32(23))), p * (r * r) + r


@njit(**FAST)
def exp(x: Any) -> Any:
    """Return e^x of a float32, held to [-87, 80]: never infinite, never denormal."""
    power, rest = _exp_parts(x)
    return power * rest + power


@njit(**FAST)
def expm1(x: Any) -> Any:
    """Return e^x - 1 of a float32, held to [-87, 80], without cancellation near 0."""
    power, rest = _exp_parts(x)
    return power * rest + (power - float32(1))


@njit(**FAST)
def sine_cosine(turn: Any) -> Any:
    """Return sine and cosine of an angle given as int32, 2^32 to the turn: its top bits are the quadrant."""
    quadrant = int32((int32(turn >> int32(29)) + int32(1)) >> int32(1))
    x = float32(int32(turn - int32(quadrant << int32(30)))) * ANGLE  # within [-pi/4, pi/4]
    xx = x * x
    s = ((float32(-1.9515295891e-4) * xx + float32(8.3321608736e-3)) * xx + float32(-1.6666654611e-1)) * xx * x + x
    c = (float32(2.443315711809948e-5) * xx + float32(-1.388731625493765e-3)) * xx + float32(4.166664568298827e-2)
    c = c * xx * xx - float32(0.5) * xx + float32(1)
    swap = (quadrant & int32(1)) != int32(0)
    sine, cosine = (c, s) if swap else (s, c)
    sine_sign = int32((quadrant & int32(2)) << int32(30))
    cosine_sign = int32(((quadrant + int32(1)) & int32(2)) << int32(30))
    return float_of(int32(bits_of(sine) ^ sine_sign)), float_of(int32(bits_of(cosine) ^ cosine_sign))
