"""A SIMM taken apart: what each level of aggregation takes off, and the contributions of the rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.crif import Crif, answered_in
from compute.margin.allocation import Allocation, Step, kept
from compute.margin.simm.aggregation import Integers, net
from compute.margin.simm.calibration import calibration
from compute.margin.simm.gradient import gradient, levels, traced
from compute.margin.simm.layers import LAYERS
from compute.margin.simm.model import MARGIN_TYPES, Simm, simm, stated, turned, worst
from compute.margin.simm.regulations import grouped
from compute.margin.simm.rows import Rows
from compute.margin.simm.vocabulary import PRODUCT_CLASSES
from compute.market import Market
from compute.portfolio import Floats
from compute.result import Checkpoint

RULE = (
    "Euler: each row's amount times the derivative of the margin by it, backwards through product classes, risk "
    "classes, buckets and concentration factors held, under the regulation with the largest margin of its netting "
    "set; fixed add-ons and notionals carry their own add-on, factors and multipliers carry none."
)
HELD = (
    "Concentration factors are held: where one exceeds 1, the margin itself would rise by more than the contribution "
    "says if the row grew."
)
ALWAYS = frozenset({"rows_alone"})


@dataclass(frozen=True, kw_only=True)
class _Book:
    """The rows that count: those of each netting set under its worst regulation; `found` is of all groups."""

    rows: Rows
    found: Simm
    picked: Integers


def allocation(
    crif: Crif, _market: Market, parameters: Mapping[str, Any], _figure: str, checkpoint: Checkpoint
) -> Allocation:
    """Return the allocation of `initial_margin` in the calculation currency; errors as the model raises them."""
    table = calibration(parameters["version"], int(parameters["mpor_days"]))
    side, currency = parameters["side"], parameters["calculation_currency"]
    found = simm(crif, table, side=side, currency=currency, checkpoint=checkpoint)
    rows, _, _ = grouped(crif, side)
    picked = worst(found)
    signed = crif if side == "call" else turned(crif)
    counted = np.isin(rows.group, picked)
    book = _Book(
        rows=Rows(crif=signed, index=rows.index[counted], group=rows.group[counted]),
        found=found,
        picked=picked,
    )
    factor = answered_in(parameters)
    contributions, alone = np.zeros(len(crif)), np.zeros(3)
    multiplied = multipliers(book)
    slopes = _slopes(found, multiplied)
    is_concentrated = False
    for number, layers in enumerate(LAYERS.values()):
        for layer in layers(book.rows, table, currency):
            chain = traced(layer)
            by_factor = gradient(layer, chain) * slopes[chain.factors.segment, number]
            np.add.at(contributions, layer.index, layer.weighted * by_factor[chain.of])
            alone += [float(level.sum()) for level in levels(layer, chain)]
            is_concentrated |= bool((layer.concentration > 1.0).any())
    add_ons(book, contributions)
    return Allocation(
        steps=tuple((name, amount * factor) for name, amount in steps(book, alone, multiplied)),
        contributions=contributions * factor,
        rule=RULE,
        differentiable=True,
        notes=(HELD,) if is_concentrated else (),
    )


def multipliers(book: _Book) -> Floats:
    """Return what each group's product classes count for, shape (g, 4): 1 plus what multipliers add."""
    found = np.ones_like(book.found.product_class)
    for (group, name), value in stated(book.rows.of("Param_ProductClassMultiplier")).items():
        found[group, PRODUCT_CLASSES.index(str(name))] = value
    return found


def _by_class(found: Simm) -> Floats:
    """Return the margins of risk classes, shape (g, 4, 6)."""
    return np.asarray(sum(found.parts[name] for name in MARGIN_TYPES))


def _slopes(found: Simm, multiplied: Floats) -> Floats:
    """Return the derivative of the totals by each risk class's margin, shape (4 g, 6)."""
    product = found.product_class
    by_root = np.divide(multiplied, product, out=np.zeros_like(product), where=product > 0.0)
    slopes = np.einsum("rs,gps->gpr", found.psi, _by_class(found)) * by_root[:, :, None]
    return np.asarray(slopes.reshape(-1, slopes.shape[2]))


def steps(book: _Book, alone: Floats, multiplied: Floats) -> Iterator[Step]:
    """Return the steps from rows alone to the total, in USD; `alone` holds the sums of rows, factors and buckets."""
    found, picked = book.found, book.picked
    classes = float(_by_class(found)[picked].sum())
    product = found.product_class[picked]
    by_multiplier = float(((multiplied[picked] - 1.0) * product).sum())
    fixed = float(book.rows.of("Param_AddOnFixedAmount").amount.sum())
    notionals = float(found.add_on[picked].sum()) - by_multiplier - fixed
    scale = float(np.abs(found.add_on[picked]).sum()) + abs(by_multiplier) + abs(fixed)
    yield from kept(
        (
            ("rows_alone", float(alone[0])),
            ("netting_within_risk_factors", float(alone[1] - alone[0])),
            ("offsets_within_buckets", float(alone[2] - alone[1])),
            ("offsets_across_buckets", classes - float(alone[2])),
            ("offsets_across_risk_classes", float(product.sum()) - classes),
            ("product_class_multipliers", by_multiplier),
            ("fixed_add_ons", fixed),
            ("notional_add_ons", notionals if abs(notionals) > 1e-12 * scale else 0.0),
        ),
        ALWAYS,
    )


def add_ons(book: _Book, contributions: Floats) -> None:
    """Add the contributions of fixed amounts and notionals, in USD."""
    fixed = book.rows.of("Param_AddOnFixedAmount")
    np.add.at(contributions, fixed.index, fixed.amount)
    factors, notionals = book.rows.of("Param_AddOnNotionalFactor"), book.rows.of("Notional")
    if not (len(factors) and len(notionals)):
        return
    percent = stated(factors)
    sign = np.sign(_trade_sums(notionals))
    named = zip(notionals.group.tolist(), notionals.texts("qualifier"), strict=True)
    rate = np.array([percent.get(key, 0.0) for key in named]) / 100.0
    np.add.at(contributions, notionals.index, rate * sign * notionals.amount)


def _trade_sums(notionals: Rows) -> Floats:
    """Return the notional of each row's trade in its product, shape (n,); a row without a trade is one of its own."""
    trade = notionals.codes("trade")
    alone = np.where(trade < 0, -1 - np.arange(len(notionals)), trade)
    keys, amount = net((notionals.group, notionals.codes("qualifier"), alone), notionals.amount)
    known = dict(zip(zip(*(key.tolist() for key in keys), strict=True), amount.tolist(), strict=True))
    own = zip(notionals.group.tolist(), notionals.codes("qualifier").tolist(), alone.tolist(), strict=True)
    return np.array([known[key] for key in own], dtype=np.float64)
