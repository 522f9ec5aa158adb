"""Standard normals in float32 from Philox words by Box-Muller; a word pair makes a normal pair.

The radius word keeps its upper 31 bits, so that |z| <= sqrt(2 ln 2^32) = 6.66 and no draw is ever infinite; the
probability beyond is 3e-11.
"""

from typing import Any

import numpy as np
from numba import float32, int32, uint32, uint64

from compute.jit import njit
from compute.simulation.philox import philox
from compute.simulation.polynomials import FAST, FLOATS, log, sine_cosine

UNIFORM = np.float32(2.0**-31)


@njit(**FAST)
def box_muller(radius_word: Any, angle_word: Any) -> Any:
    """Return two independent standard normals of two random uint32."""
    uniform = (float32(int32(radius_word >> uint32(1))) + float32(0.5)) * UNIFORM  # in (0, 1]
    radius = float32(np.sqrt(max(float32(0), float32(-2) * log(uniform))))
    sine, cosine = sine_cosine(int32(angle_word))
    return radius * sine, radius * cosine


@njit(**FAST)
def four_normals(low: Any, high: Any, block: Any, stream: Any, key_0: Any, key_1: Any) -> Any:
    """Return the four normals at a counter (low, high, block, stream) of uint32."""
    words = philox((low, high, block, stream), key_0, key_1)
    first, second = box_muller(words[0], words[1])
    third, fourth = box_muller(words[2], words[3])
    return first, second, third, fourth


@njit(fastmath=FLOATS)
def fill_normals(a: Any, b: Any, c: Any, d: Any, start: Any, block: Any, stream: Any, key_0: Any, key_1: Any) -> None:
    """Fill four float32 rows with the normals of the counters from `start` on, a multiple of the rows' length."""
    low, high = uint32(start), uint32(uint64(start) >> uint64(32))
    for i in range(a.size):
        place = uint32(low + uint32(i))
        a[i], b[i], c[i], d[i] = four_normals(place, high, uint32(block), uint32(stream), key_0, key_1)


@njit(fastmath=FLOATS)
def gather_normals(a: Any, b: Any, c: Any, d: Any, index: Any, block: Any, stream: Any, key_0: Any, key_1: Any) -> None:
    """Fill four float32 rows with the normals of the counters in `index` (uint64)."""
    for i in range(a.size):
        low, high = uint32(index[i]), uint32(index[i] >> uint64(32))
        a[i], b[i], c[i], d[i] = four_normals(low, high, uint32(block), uint32(stream), key_0, key_1)
