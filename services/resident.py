"""Stored portfolios that this process holds ready between requests, each pinned by its version."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compute.portfolio import Portfolio
    from compute.resident import Resident


def _nothing_known() -> "Resident":
    from compute.resident import Resident  # the main processes hold a runtime too, and must not load numerics

    return Resident()


@dataclass(frozen=True, kw_only=True)
class Held:
    """One version of a stored portfolio as columns, and what was computed on it."""

    version: int
    portfolio: "Portfolio"
    known: "Resident" = field(default_factory=_nothing_known)


class Residents:
    """The portfolios held, up to so many positions in all; the least recently used make room.

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
        key, held = (tenant, portfolio_id), Held(version=version, portfolio=portfolio)
        with self._lock:
            self._drop(key)
            if len(portfolio) > self._most:
                return None
            self._held[key] = held
            self._positions += len(portfolio)
            while self._positions > self._most:
                self._drop(next(iter(self._held)))
        return held

    def _drop(self, key: tuple[str, str]) -> None:
        dropped = self._held.pop(key, None)
        if dropped is not None:
            self._positions -= len(dropped.portfolio)
