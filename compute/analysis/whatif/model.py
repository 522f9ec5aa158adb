"""Before, change and after: a margin model on a book, and on what a basket makes of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from compute.analysis.figures import Figures, change, figures
from compute.analysis.whatif.basket import Basket, applied, applied_rows
from compute.analysis.whatif.limits import judged, read_limits
from compute.analysis.whatif.request import OWN
from compute.crif import Crif
from compute.errors import InputError
from compute.margin.models import MODELS
from compute.market import Market
from compute.measure import Book, Kernel
from compute.resident import Resident
from compute.result import Checkpoint, Result

_IDENTITY = ("currency", "as_of", "model", "version", "parameter_set", "side", "regulation")


def whatif(book: Book, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
    """Return every figure before a basket, its change, and after, and which limits hold.

    Parameters
    ----------
    book
        The book before.
    market
        As the model reads it; the same before and after.
    parameters
        `basket` (a `Basket`), `limits`, and those of the model that `model` names.

    Raises
    ------
    InputError
        The basket or a limit does not fit the book, or the model refuses the book before or after.
    """
    basket: Basket = parameters["basket"]
    limits = read_limits(parameters["limits"])
    own = {name: value for name, value in parameters.items() if name not in OWN}
    kernel = MODELS[parameters["model"]].kernel
    changed = _changed(basket, book)
    market = market if market.resident is not None else replace(market, resident=Resident())
    first = _before(kernel, book, market, own, checkpoint)
    after = kernel(changed, market, own, checkpoint)
    last = _figures(after)
    moved = change(first, last)
    verdicts = judged(limits, last, moved)
    return Result(
        document={
            **{name: after.document[name] for name in _IDENTITY if name in after.document},
            "before": first,
            "change": moved,
            "after": last,
            "limits": verdicts,
            "passed": all(verdict["passed"] for verdict in verdicts) if verdicts else None,
            "basket": _described(basket),
            "position_count": {"before": len(book), "after": len(changed)},
            "notes": _notes(book, changed),
            "assumptions": after.document.get("assumptions", []),
        },
        device=after.device,
    )


def _before(
    kernel: Kernel, book: Book, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint
) -> Figures:
    """Return the figures of the book as it is: kept from an earlier call where it is resident and reads no history."""

    def compute() -> Figures:
        return _figures(kernel(book, market, parameters, checkpoint))

    if market.resident is None or market.history is not None:
        return compute()
    return market.resident.figures(parameters["model"], parameters, compute)


def _changed(basket: Basket, book: Book) -> Book:
    if isinstance(book, Crif):
        if basket.added is not None or basket.changed or basket.closed or basket.cash or basket.collateral:
            raise InputError(
                "A CRIF has no positions, cash or collateral to change.",
                pointer="/parameters/basket",
                remedy='Send the rows that the trades add as {"crif": "…"}; close a trade by rows of the other sign.',
            )
        return applied_rows(basket, book)
    if basket.rows is not None:
        raise InputError(
            "A book of positions takes no CRIF rows.",
            pointer="/parameters/basket/crif",
            remedy="Send the trades as positions.",
        )
    return applied(basket, book)


def _figures(result: Result) -> Figures:
    if "netting_sets" in result.document:
        raise InputError(
            "The CRIF holds several netting sets, and a what-if is of one.",
            pointer="/crif",
            remedy="Send the rows of one netting set; give the basket's rows its PortfolioID.",
        )
    return figures(result)


def _described(basket: Basket) -> dict[str, Any]:
    return {
        "added": 0 if basket.added is None else len(basket.added),
        "changed": len(basket.changed),
        "closed": len(basket.closed),
        "rows": 0 if basket.rows is None else len(basket.rows),
        "cash": basket.cash,
        "collateral": dict(basket.collateral),
    }


def _notes(book: Book, changed: Book) -> list[str]:
    return ["The basket empties the book."] if len(book) and not len(changed) else []
