"""float64 exponential, logarithm and normal distribution without branches: loops over them vectorise, over libm not.

Exponential: a Taylor polynomial of degree 13 after reduction by ln 2. Logarithm: the atanh series of (m - 1) / (m + 1)
with the mantissa in [sqrt(1/2), sqrt(2)). Normal distribution: Hart (1968), algorithm 5666, as in West, "Better
approximations to cumulative normal functions", Wilmott (2005), its rational on the whole line; the caller shares
exp(-x²/2) with the density. Tests hold the errors named here.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import int64, types
from numba.extending import intrinsic

from compute.jit import njit

# Fused multiply-add, and no care for NaN, infinity and the sign of zero; no reassociation, so that bits are fixed.
DOUBLES = {"contract", "nnan", "ninf", "nsz"}
FAST = {"forceinline": True, "fastmath": DOUBLES}

EXP_ERROR = 4e-16  # relative
LOG_ERROR = 4e-16  # relative to max(1, |ln x|)
CDF_ERROR = 5e-16  # absolute

SMALLEST = 1e-200  # stands in for a zero under a logarithm or a division
FARTHEST = 37.5  # standard deviations beyond which both tails are zero to float64

_MAGIC = 6755399441055744.0  # 1.5 · 2^52: adding it rounds to an integer in the low bits
_MAGIC_BITS = np.int64(0x4338000000000000)
_LOG2_E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_SQRT_HALF_BITS = np.int64(0x3FE6A09E667F3BCD)
_INV_SQRT_2PI = 0.3989422804014327


@intrinsic
def _bits_of(_context: Any, _value: Any) -> Any:
    """Return the int64 whose bits are those of a float64."""

    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def _float_of(_context: Any, _value: Any) -> Any:
    """Return the float64 whose bits are those of an int64."""

    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


@njit(**FAST)
def exp(x: Any) -> Any:
    """Return e^x; the exponent is held within [-708, 708]."""
    x = min(max(x, -708.0), 708.0)
    shifted = x * _LOG2_E + _MAGIC
    k = shifted - _MAGIC
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = 1.6059043836821613e-10
    p = p * r + 2.08767569878681e-09
    p = p * r + 2.505210838544172e-08
    p = p * r + 2.755731922398589e-07
    p = p * r + 2.7557319223985893e-06
    p = p * r + 2.48015873015873e-05
    p = p * r + 1.984126984126984e-04
    p = p * r + 1.388888888888889e-03
    p = p * r + 8.333333333333333e-03
    p = p * r + 4.1666666666666664e-02
    p = p * r + 1.6666666666666666e-01
    p = p * r + 0.5
    p = p * (r * r) + r + 1.0
    power = (_bits_of(shifted) - _MAGIC_BITS + int64(1023)) << int64(52)
    return p * _float_of(power)


@njit(**FAST)
def log(x: Any) -> Any:
    """Return ln x of a positive normal number."""
    bits = _bits_of(x)
    k = (bits - _SQRT_HALF_BITS) >> int64(52)
    m = _float_of(bits - (k << int64(52)))
    exponent = _float_of(k + _MAGIC_BITS) - _MAGIC
    f = m - 1.0
    s = f / (m + 1.0)
    z = s * s
    p = 0.14798198605116586
    p = p * z + 0.15313837699209373
    p = p * z + 0.18183572162161805
    p = p * z + 0.22222198432149784
    p = p * z + 0.2857142874366239
    p = p * z + 0.3999999999940942
    p = p * z + 0.6666666666666735
    half = 0.5 * f * f
    return exponent * _LN2_HIGH - ((half - (s * (half + p * z) + exponent * _LN2_LOW)) - f)


@njit(**FAST)
def tail(x: Any, bell: Any) -> Any:
    """Return the normal probability beyond |x|, given bell = exp(-x²/2)."""
    a = abs(x)
    n = 3.52624965998911e-02
    n = n * a + 0.700383064443688
    n = n * a + 6.37396220353165
    n = n * a + 33.912866078383
    n = n * a + 112.079291497871
    n = n * a + 221.213596169931
    n = n * a + 220.206867912376
    d = 8.83883476483184e-02
    d = d * a + 1.75566716318264
    d = d * a + 16.064177579207
    d = d * a + 86.7807322029461
    d = d * a + 296.564248779674
    d = d * a + 637.333633378831
    d = d * a + 793.826512519948
    d = d * a + 440.413735824752
    return bell * (n / d)


@njit(**FAST)
def distribution(x: Any, bell: Any) -> Any:
    """Return the normal probability below x, given bell = exp(-x²/2)."""
    beyond = tail(x, bell)
    return 1.0 - beyond if x > 0.0 else beyond


@njit(**FAST)
def bell_of(x: Any) -> Any:
    """Return exp(-x²/2): the normal density times sqrt(2π)."""
    return exp(-0.5 * x * x)


@njit(**FAST)
def density(bell: Any) -> Any:
    """Return the normal density, given exp(-x²/2)."""
    return _INV_SQRT_2PI * bell
