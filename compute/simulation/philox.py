"""Philox4x32-10: a counter-based generator, so that any path can be drawn anywhere, in any order.

J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11, section 3.3;
held to the known answers of the Random123 library.
"""

from typing import Any

import numpy as np
from numba import uint32, uint64
from numpy.typing import NDArray

from compute.errors import InputError
from compute.jit import njit

Words = tuple[Any, Any, Any, Any]

MULTIPLIER_0 = np.uint64(0xD2511F53)
MULTIPLIER_1 = np.uint64(0xCD9E8D57)
WEYL_0 = np.uint64(0x9E3779B9)  # golden ratio
WEYL_1 = np.uint64(0xBB67AE85)  # sqrt(3) - 1
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)

STREAM_GBM = 1  # terminal values of one asset
STREAM_FACTORS = 2  # risk factors of a portfolio
STREAM_PASSAGE = 3  # one factor along its path
STREAM_STEPS = 4  # risk factors of a portfolio along their paths


def split_seed(seed: int) -> tuple[np.uint32, np.uint32]:
    """Return a seed's two key words, low word first; raise InputError outside 64 bits."""
    if not 0 <= seed < 2**64:
        raise InputError(f"The seed {seed} does not fit 64 bits.", pointer="/parameters/seed")
    return np.uint32(seed & 0xFFFFFFFF), np.uint32(seed >> 32)


@njit(forceinline=True)
def _round(words: Words, key_0: Any, key_1: Any) -> Words:
    """One round on the low halves of four uint64; the high halves are left dirty, for the product ignores them."""
    product_0 = MULTIPLIER_0 * (words[0] & LOW)
    product_1 = MULTIPLIER_1 * (words[2] & LOW)
    return (product_1 >> HALF) ^ words[1] ^ key_0, product_1, (product_0 >> HALF) ^ words[3] ^ key_1, product_0


@njit(forceinline=True)
def philox(words: Words, key_0: Any, key_1: Any) -> Words:
    """Return the four random uint32 of a counter (four uint32) under a key (two); unrolled, so that loops vectorise."""
    words = (uint64(words[0]), uint64(words[1]), uint64(words[2]), uint64(words[3]))
    key_0, key_1 = uint64(key_0), uint64(key_1)
    words = _round(words, key_0, key_1)
    words = _round(words, key_0 + uint64(1) * WEYL_0, key_1 + uint64(1) * WEYL_1)
    words = _round(words, key_0 + uint64(2) * WEYL_0, key_1 + uint64(2) * WEYL_1)
    words = _round(words, key_0 + uint64(3) * WEYL_0, key_1 + uint64(3) * WEYL_1)
    words = _round(words, key_0 + uint64(4) * WEYL_0, key_1 + uint64(4) * WEYL_1)
    words = _round(words, key_0 + uint64(5) * WEYL_0, key_1 + uint64(5) * WEYL_1)
    words = _round(words, key_0 + uint64(6) * WEYL_0, key_1 + uint64(6) * WEYL_1)
    words = _round(words, key_0 + uint64(7) * WEYL_0, key_1 + uint64(7) * WEYL_1)
    words = _round(words, key_0 + uint64(8) * WEYL_0, key_1 + uint64(8) * WEYL_1)
    words = _round(words, key_0 + uint64(9) * WEYL_0, key_1 + uint64(9) * WEYL_1)
    return uint32(words[0]), uint32(words[1]), uint32(words[2]), uint32(words[3])


@njit()
def random_words(counters: NDArray[np.uint32], key: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the random words of many counters.

    Parameters
    ----------
    counters
        Shape (n, 4), uint32, least significant word first.
    key
        Shape (2,), uint32, least significant word first.

    Returns
    -------
    Shape (n, 4), uint32.
    """
    out = np.empty_like(counters)
    for row in range(counters.shape[0]):
        words = (counters[row, 0], counters[row, 1], counters[row, 2], counters[row, 3])
        out[row, 0], out[row, 1], out[row, 2], out[row, 3] = philox(words, key[0], key[1])
    return out
