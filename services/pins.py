"""What a job's row pins beside its columns: names of the pins, and reading them."""

from collections.abc import Mapping
from typing import Any

from core.names import Measure

BESIDE = "beside"
"""The pin, and the member of a result, of what was computed beside a job's own measure."""

PURGED = "It was removed after the number was computed; what the number was made from can no longer be read."


def beside(pins: Mapping[str, Any]) -> Measure | None:
    """Return the measure that was computed beside a job's own, within the same result."""
    return Measure(pins[BESIDE]) if pins.get(BESIDE) else None
