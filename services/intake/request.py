"""What a caller asks for, once every edge case has been answered."""

from dataclasses import dataclass
from typing import Any

from compute.measures import Book
from core.names import Device, Lane, Measure


@dataclass(frozen=True, kw_only=True)
class JobRequest:
    """A validated request for one computation.

    Parameters
    ----------
    portfolio
        Columns that came with the request: positions, or the rows of a CRIF. Where `needs_prices` is not empty, the
        price column holds NaN for the positions without one, until `services.intake.pricing.fill_prices` has run.
    portfolio_id
        A stored portfolio instead; exactly one of the two, none for drills.
    parameters
        Validated, with every default filled in.
    needs_prices
        Symbols of the positions that came without a price, each once, in order.
    assumed
        Names of what was not given and taken from the clock, such as `as_of`.
    pointer
        Where the portfolio stands in the body, for faults that are found later.
    given
        Names of the parameters that the caller gave, the others being defaults; None where nobody knows.
    """

    measure: Measure
    portfolio: Book | None
    portfolio_id: str | None
    parameters: dict[str, Any]
    device: Device = Device.AUTO
    fallback: bool = False
    lane: Lane = Lane.RT
    deadline_seconds: float = 600.0
    max_attempts: int = 3
    needs_prices: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    pointer: str = "/portfolio"
    given: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True)
class MarginRequest:
    """A validated body of the earlier engine's /margin/calculate."""

    job: JobRequest
    optimize: bool = True
    include_stress_test: bool = False
