"""The parameters of the measure `price`; nothing here needs a compiler."""

from collections.abc import Mapping
from typing import Any

from compute.parameters import Kind, Parameter

AUTO, LOGNORMAL, NORMAL = "auto", "lognormal", "normal"
MODELS = (AUTO, LOGNORMAL, NORMAL)

PARAMETERS: dict[str, Parameter] = {
    "model": Parameter(
        kind=Kind.TEXT,
        default=AUTO,
        doc="Of options: lognormal (Black-Scholes), normal (Bachelier, volatility in units of price), or auto:"
        " normal where the underlying or the strike is not positive.",
        choices=MODELS,
    ),
}


def work(positions: int, _parameters: Mapping[str, Any]) -> float:
    """Return the positions."""
    return float(positions)
