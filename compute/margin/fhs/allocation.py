"""A margin by filtered historical simulation taken apart: what diversification, tools and add-ons make of positions.

The contributions are the model's own (`compute.margin.fhs.contributions`, `compute.margin.fhs.addons`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from compute.margin.allocation import Allocation, kept
from compute.margin.fhs.book import Book, open_book
from compute.margin.fhs.margin import margin, scenario_moves
from compute.margin.fhs.request import Request, Tool
from compute.market import Market
from compute.portfolio import Floats, Portfolio
from compute.result import Checkpoint
from compute.simulation.tail import Tail, tails

CELLS = 1_000_000
"""Losses of positions in scenarios that are held at once."""
ALWAYS = frozenset({"positions_alone"})

EXPECTED = (
    "Euler: each position's mean loss over the tail of the book's losses, which is size times derivative of expected "
    "shortfall"
)
NEIGHBOURS = (
    "Euler by neighbours: each position's mean loss over the scenarios within one binomial deviation in rank of value "
    "at risk, all scaled by one factor to sum to it"
)
TOOL = "what the tool against procyclicality makes of the core is shared as the core is"
ADD_ONS = "add-ons are shared within their symbol by the size of the exposure"


def allocation(
    portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], _figure: str, checkpoint: Checkpoint
) -> Allocation:
    """Return the allocation of `initial_margin`; errors as the model raises them."""
    request = Request.of(parameters)
    found = margin(portfolio, market, parameters, checkpoint)
    parts = {name: amount or 0.0 for name, amount in found.document["breakdown"].items()}
    book = open_book(portfolio, market, request, checkpoint=lambda *_: checkpoint(1, 1))
    alone = 0.0 if book is None else float(stand_alone(book, request, checkpoint).sum())
    steps = (
        ("positions_alone", alone),
        ("diversification", parts["core"] - alone),
        ("procyclicality", parts["apc"]),
        ("liquidity", parts["liquidity"]),
        ("concentration", parts["concentration"]),
    )
    exact = request.risk_measure == "es" and request.apc is Tool.NONE
    return Allocation(
        steps=kept(steps, ALWAYS),
        contributions=np.asarray(found.tables["positions"]["initial_margin"]),
        rule=rule(request, has_add_ons=bool(parts["liquidity"] or parts["concentration"])),
        differentiable=exact and not (parts["liquidity"] or parts["concentration"]),
    )


def rule(request: Request, *, has_add_ons: bool) -> str:
    """Return the rule in a sentence, by what the call asked for."""
    said = [EXPECTED if request.risk_measure == "es" else NEIGHBOURS]
    said += [TOOL] * (request.apc is not Tool.NONE)
    said += [ADD_ONS] * has_add_ons
    return "; ".join(said) + "."


def stand_alone(book: Book, request: Request, checkpoint: Checkpoint) -> Floats:
    """Return the core margin of each position by itself, never below zero, shape (n,)."""
    moves = scenario_moves(book, request)
    (tail,) = tails(book.losses(moves), [request.confidence], pointer="/parameters/lookback")
    count = len(book.portfolio)
    out = np.zeros(count)
    block = max(1, CELLS // len(moves))
    for begin in range(0, count, block):
        rows = np.arange(begin, min(begin + block, count))
        figure = _figure(_losses(book, moves, rows), tail, request.risk_measure)
        out[rows] = np.maximum(figure, 0.0)
        checkpoint(1, 1)
    return out


def _losses(book: Book, moves: Floats, rows: np.ndarray) -> Floats:
    """Return the losses of consecutive positions in every scenario, shape (rows, s)."""
    factors = book.factors
    entries = np.flatnonzero((factors.position >= rows[0]) & (factors.position <= rows[-1]))
    losses = np.zeros((rows.size, len(moves)))
    np.add.at(
        losses,
        factors.position[entries] - rows[0],
        -factors.exposure[entries, None] * moves[:, factors.factor[entries]].T,
    )
    if book.options is not None:
        held = np.flatnonzero((book.options.position >= rows[0]) & (book.options.position <= rows[-1]))
        if held.size:
            options = replace(book.options, book=book.options.book.only(held), position=book.options.position[held])
            losses[options.position - rows[0]] -= options.by_position(moves, book.checkpoint)
    return losses


def _figure(losses: Floats, tail: Tail, risk_measure: str) -> Floats:
    """Return VaR or ES of each row, by the ranks of the book's tail, shape (rows,)."""
    beyond = tail.beyond.size
    worst = np.partition(losses, losses.shape[1] - beyond - 1, axis=1)[:, losses.shape[1] - beyond - 1 :]
    at = worst[:, 0]
    if risk_measure != "es":
        return at
    return np.asarray((worst[:, 1:].sum(axis=1) + tail.weight_at * at) / tail.mass)
