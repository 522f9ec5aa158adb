"""Stored portfolios that this process holds ready between requests, each pinned by its version."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compute.portfolio import Portfolio
    from compute.resident import Resident


_LEAST = 1_000  # positions that a held portfolio counts as, at least: what is computed on it takes room as well
_ROWS_OF_OTHERS = 1_000  # rows of prices kept for the trades of what-ifs


def _known(positions: int) -> "Resident":
    from compute.resident import Resident  # the main processes hold a runtime too, and must not load numerics

    return Resident(most_rows=2 * positions + _ROWS_OF_OTHERS)


@dataclass(frozen=True, kw_only=True)
class Held:
    """One version of a stored portfolio as columns, and what was computed on it."""

    version: int
    portfolio: "Portfolio"
    known: "Resident"

    @property
    def weight(self) -> int:
        """The positions that it counts as."""
        return max(len(self.portfolio), _LEAST)

    @classmethod
    def of(cls, version: int, portfolio: "Portfolio") -> "Held":
        """Return a version of which nothing is known yet."""
        return cls(version=version, portfolio=portfolio, known=_known(len(portfolio)))


class Residents:
    """The portfolios held, up to so many positions in all, a small one as 1,000; the least recently used make room.

    A request names the version that it found in Postgres, and another one than is held replaces it: what is used is
    never older than what is stored.
    """

    def __init__(self, most_positions: int) -> None:
        self._most = most_positions
        self._held: OrderedDict[tuple[str, str], Held] = OrderedDict()
        self._positions = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, tenant: str, portfolio_id: str, version: int) -> Held | None:
        """Return a portfolio held in this version, now the most recently used."""
        key = (tenant, portfolio_id)
        with self._lock:
            found = self._held.get(key)
            if found is None or found.version != version:
                return None
            self._held.move_to_end(key)
            return found

    def keep(self, tenant: str, portfolio_id: str, version: int, portfolio: "Portfolio") -> Held | None:
        """Hold a version in place of any other; None for one that is larger than all there is room for."""
        key, held = (tenant, portfolio_id), Held.of(version, portfolio)
        with self._lock:
            self._drop(key)
            if held.weight > self._most:
                return None
            self._held[key] = held
            self._positions += held.weight
            while self._positions > self._most:
                self._drop(next(iter(self._held)))
        return held

    def _drop(self, key: tuple[str, str]) -> None:
        dropped = self._held.pop(key, None)
        if dropped is not None:
            self._positions -= dropped.weight
