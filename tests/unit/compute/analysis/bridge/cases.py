"""Pairs of inputs for bridges, and the bridge between them."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from compute.analysis.bridge.earlier import Earlier
from compute.analysis.figures import figures
from compute.market import Market, PriceHistory
from compute.measure import Book
from compute.measures import MEASURES
from compute.portfolio import Portfolio
from compute.result import Result, check_finite, no_checkpoint
from services.intake.decode import decode_portfolio

POSITIONS: list[dict[str, Any]] = [
    {"id": "a", "symbol": "AAPL", "asset_class": "equity", "quantity": 100.0, "price": 190.0, "sector": "tech"},
    {"id": "b", "symbol": "BMW", "asset_class": "equity", "currency": "EUR", "quantity": -300.0, "price": 97.0},
    {"id": "c", "symbol": "UST", "asset_class": "bond", "quantity": 5_000.0, "price": 98.5, "duration": 7.0},
    {"id": "d", "symbol": "GOLD", "asset_class": "commodity", "quantity": 10.0, "price": 2_300.0,
     "implied_volatility": 0.2},
]  # fmt: skip


def book(positions: list[dict[str, Any]] | None = None, **head: Any) -> Portfolio:
    """Return positions of the wire as a portfolio."""
    whole = {"id": "book", "currency": "USD", "available_cash": 1e6, "as_of": date(2024, 5, 31), **head}
    tree = {"fx": {"EUR/USD": 1.08}, **whole, "positions": POSITIONS if positions is None else positions}
    return decode_portfolio(json.dumps(tree, default=date.isoformat).encode())


def moved(row: int = 0, **fields: Any) -> Portfolio:
    """Return the book with some fields of one position changed, None for a field taken away."""
    positions = [dict(position) for position in POSITIONS]
    positions[row] |= fields
    return book([{name: value for name, value in one.items() if value is not None} for one in positions])


def defaults(model: str = "house", **given: Any) -> dict[str, Any]:
    specs = MEASURES["margin"].models[model].parameters
    return {**{name: spec.default for name, spec in specs.items()}, "model": model, **given}


def margin(of: Book, parameters: Mapping[str, Any], history: PriceHistory | None = None) -> Result:
    spec = MEASURES["margin"].models[parameters["model"]]
    return check_finite(spec.kernel(of, Market(history=history), parameters, no_checkpoint))


def earlier(of: Book, parameters: Mapping[str, Any] | None = None, **fields: Any) -> Earlier:
    found = margin(of, parameters or defaults(), fields.get("history"))
    known = {"name": "job", "figures": figures(found), "version": found.document["version"],
             "code_version": "1+a", "present_code_version": "1+a"}  # fmt: skip
    return Earlier(book=of, parameters=parameters or defaults(), **{**known, **fields})


def bridge(
    before: Earlier,
    today: Book,
    parameters: Mapping[str, Any] | None = None,
    history: PriceHistory | None = None,
    checkpoint: Any = no_checkpoint,
    **own: Any,
) -> Result:
    spec = MEASURES["bridge"].models[(parameters or defaults())["model"]]
    given = {name: item.default for name, item in spec.parameters.items()} | {"earlier": "job", **own}
    whole = {**given, **(parameters or defaults())}
    spec.judge(whole)
    return check_finite(spec.kernel(today, Market(history=history, earlier=before), whole, checkpoint))


def steps_of(found: Result) -> list[str]:
    return [step["step"] for step in found.document["steps"]]
