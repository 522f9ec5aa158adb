"""Comparisons as a request makes them."""

from typing import Any

from compute.margin.sets import packaged_document
from compute.market import Market
from compute.measure import Book
from compute.measures import measure
from compute.result import Result, check_finite, no_checkpoint
from services.intake.parameters import read_parameters


def compared(book: Book, market: Market, models: Any, **parameters: Any) -> Result:
    filled = read_parameters("compare", {"models": models, **parameters})
    return check_finite(measure("compare").kernel(book, market, filled, no_checkpoint))


def house_times(factor: float) -> dict[str, Any]:
    """Return an entry of house whose rates of every class are a multiple of the packaged ones."""
    document = packaged_document("house", "1.0")
    document["version"] = f"1.0 x {factor:g}"
    for name, table in document["classes"].items():
        if name != "source":
            table["initial_rate"] *= factor
            table["maintenance_rate"] *= factor
    return {"model": "house", "parameters": {"tables": document}, "label": f"house x {factor:g}"}
