"""What rows of expensive numbers came to, kept by their exact inputs: equal inputs are not computed again."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from compute.jit import njit
from compute.portfolio import Floats
from compute.pricing.terms import Integers

Digests = NDArray[np.uint64]
MOST_ROWS = 100_000


@njit()
def digests(keys: Floats) -> Digests:
    """Return a 64-bit digest of each row of a matrix of float64 (xor, multiply, shift: the mixer of SplitMix64).

    Parameters
    ----------
    keys
        Shape (n, k), C-contiguous.
    """
    bits = keys.view(np.uint64)
    out = np.empty(bits.shape[0], np.uint64)
    for i in range(bits.shape[0]):
        state = np.uint64(0x9E3779B97F4A7C15)
        for j in range(bits.shape[1]):
            state = (state ^ bits[i, j]) * np.uint64(0xBF58476D1CE4E5B9)
            state ^= state >> np.uint64(31)
        out[i] = state
    return out


class RowMemo:
    """Rows of results by rows of inputs; a digest finds a row, and all of its inputs must be equal, bit for bit.

    When it would hold more than `most` rows, it keeps those of the last call alone.
    """

    def __init__(self, most: int = MOST_ROWS) -> None:
        self._most = most
        self._digests = np.empty(0, np.uint64)
        self._keys = np.empty((0, 0))
        self._values = np.empty((0, 0))

    def __len__(self) -> int:
        return int(self._digests.size)

    def rows(self, keys: Floats, compute: Callable[[Integers], Floats]) -> Floats:
        """Return the results of every row, shape (n, m).

        Parameters
        ----------
        keys
            Shape (n, k): all that the results depend on.
        compute
            Indices of rows, shape (r,) → their results, shape (r, m).
        """
        keys = np.ascontiguousarray(keys, dtype=np.float64)
        found = digests(keys)
        place = self._places(found, keys)
        missing = np.flatnonzero(place < 0)
        fresh = compute(missing)
        out = np.empty((keys.shape[0], fresh.shape[1] if missing.size else self._values.shape[1]))
        known = np.flatnonzero(place >= 0)
        out[known] = self._values[place[known]] if known.size else 0.0
        out[missing] = fresh
        if missing.size:
            self._keep(found, keys, out, missing)
        return out

    def _places(self, found: Digests, keys: Floats) -> Integers:
        """Return where each row is held, -1 where it is not."""
        if not self._digests.size or self._keys.shape[1] != keys.shape[1]:
            return np.full(found.size, -1, np.int64)
        at = np.minimum(np.searchsorted(self._digests, found), self._digests.size - 1)
        same = (self._keys[at].view(np.uint64) == keys.view(np.uint64)).all(axis=1)
        return np.where(same, at, -1).astype(np.int64)

    def _keep(self, found: Digests, keys: Floats, values: Floats, missing: Integers) -> None:
        fits = self._keys.shape[1] == keys.shape[1] and self._values.shape[1] == values.shape[1]
        if fits and self._digests.size + missing.size <= self._most:
            found = np.concatenate([self._digests, found[missing]])
            keys = np.concatenate([self._keys, keys[missing]])
            values = np.concatenate([self._values, values[missing]])
        order = np.argsort(found, kind="stable")[: self._most]
        self._digests, self._keys, self._values = found[order], keys[order], values[order]


@dataclass(frozen=True, kw_only=True)
class PricingMemo:
    """What is worth keeping of a book's revaluation: American gains by scenario, and implied volatilities."""

    gains: RowMemo = field(default_factory=RowMemo)
    volatilities: RowMemo = field(default_factory=RowMemo)

    @classmethod
    def within(cls, most: int) -> "PricingMemo":
        """Return one that keeps at most so many rows of each."""
        return cls(gains=RowMemo(most), volatilities=RowMemo(most))
