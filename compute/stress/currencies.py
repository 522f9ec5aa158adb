"""Moves of currencies in a scenario: any pair that its figures connect."""

from collections.abc import Mapping
from math import exp, log1p

from compute.stress.library import Scenario
from compute.stress.series import vocabulary


class Currencies:
    """The pairs of one scenario; a direct figure comes before one through others."""

    def __init__(self, scenario: Scenario) -> None:
        self._steps: dict[str, dict[str, float]] = {}
        for series, (base, quote) in vocabulary().pairs.items():
            if series in scenario.percent and scenario.percent[series] > -1.0:
                step = log1p(scenario.percent[series])
                self._steps.setdefault(base, {})[quote] = step
                self._steps.setdefault(quote, {})[base] = -step

    def move(self, base: str, quote: str) -> float | None:
        """Return the relative move of the price of `base` in `quote`; None where no figures connect them."""
        if base == quote:
            return 0.0
        reached: dict[str, float] = {base: 0.0}
        frontier = [base]
        while frontier:
            following = []
            for here in frontier:
                for there, step in self._steps.get(here, {}).items():
                    if there not in reached:
                        reached[there] = reached[here] + step
                        following.append(there)
            if quote in reached:
                return exp(reached[quote]) - 1.0
            frontier = following
        return None


def moved_rates(fx: Mapping[str, float], currencies: Currencies) -> dict[str, float]:
    """Return conversion rates after a scenario; those that it has no figures of stay as they are."""
    return {pair: level * (1.0 + (currencies.move(*pair.split("/")) or 0.0)) for pair, level in fx.items()}
