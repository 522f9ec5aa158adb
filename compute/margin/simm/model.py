"""SIMM of many netting sets at once: risk classes to product classes to totals, by regulation, worst of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from compute.crif import Crif
from compute.margin.simm.aggregation import Integers, net
from compute.margin.simm.calibration import Calibration
from compute.margin.simm.classes import BASE_CORRELATION, CURVATURE, DELTA, RISK_CLASSES, VEGA
from compute.margin.simm.regulations import grouped
from compute.margin.simm.rows import Rows
from compute.margin.simm.vocabulary import PRODUCT_CLASSES
from compute.portfolio import Floats
from compute.result import Checkpoint, no_checkpoint

MARGIN_TYPES = (DELTA, VEGA, CURVATURE, BASE_CORRELATION)


@dataclass(frozen=True, kw_only=True)
class Simm:
    """Margins by group, a group being one netting set under one regulation; in USD, none negative before add-ons.

    Parameters
    ----------
    netting_set, regulation
        Shape (g,): codes into the file's netting sets, and names.
    total, add_on
        Shape (g,).
    product_class
        Shape (g, 4), in the order of `PRODUCT_CLASSES`, before multipliers.
    parts
        Margin type to shape (g, 4, 6): by product class and risk class.
    psi
        Shape (6, 6): the correlation of risk classes.
    """

    netting_set: Integers
    regulation: tuple[str, ...]
    total: Floats
    add_on: Floats
    product_class: Floats
    parts: Mapping[str, Floats]

    psi: Floats

    def part(self, name: str) -> Floats:
        """Return one margin type alone: its risk classes correlated, its product classes summed, shape (g,)."""
        return np.asarray(_product_margins(self.parts[name], self.psi).sum(axis=1))


def simm(
    crif: Crif,
    calibration: Calibration,
    *,
    side: str = "call",
    currency: str = "USD",
    checkpoint: Checkpoint = no_checkpoint,
) -> Simm:
    """Compute SIMM of every netting set under every regulation of a side.

    Parameters
    ----------
    crif
        Validated rows, amounts in USD, seen from the side that calls.
    calibration
        Version and horizon.
    side
        `call`: what we collect, by collect_regulations; `post`: what we post, with the signs turned.
    currency
        The calculation currency: its own FX risk is none, and its volatility group decides the FX weights.
    checkpoint
        Called after each risk class; the sums are counted as half of the way, the report is the rest.

    Returns
    -------
    Simm
        Groups in order of first appearance.

    Notes
    -----
    ISDA SIMM Methodology, paragraphs 1 to 7: IM of a risk class is the sum of its margins; a product class is
    sqrt(Σ_rs ψ_rs IM_r IM_s); the total is their sum, plus add-ons (fixed, notional factors, multipliers less one).
    """
    rows, netting_set, regulation = grouped(crif, side)
    signed = crif if side == "call" else turned(crif)
    rows = Rows(crif=signed, index=rows.index, group=rows.group)
    groups, classes = netting_set.size, len(PRODUCT_CLASSES)
    segments = groups * classes
    parts = {name: np.zeros((groups, classes, len(RISK_CLASSES))) for name in MARGIN_TYPES}
    for number, risk_class in enumerate(RISK_CLASSES.values()):
        for name, margin in risk_class(rows, calibration, segments, currency).items():
            parts[name][:, :, number] = margin.reshape(groups, classes)
        checkpoint(number + 1, 2 * len(RISK_CLASSES))
    by_class = sum(parts.values(), start=np.zeros((groups, classes, len(RISK_CLASSES))))
    psi = calibration.array("risk_classes", "correlation")
    product = _product_margins(by_class, psi)
    add_on = _add_ons(rows, product)
    return Simm(
        netting_set=netting_set,
        regulation=regulation,
        total=product.sum(axis=1) + add_on,
        add_on=add_on,
        product_class=product,
        parts=parts,
        psi=psi,
    )


def _product_margins(margins: Floats, psi: Floats) -> Floats:
    squared = np.einsum("gpr,rs,gps->gp", margins, psi, margins)
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)))


def worst(found: Simm) -> Integers:
    """Return for each netting set the group with the largest total; of equals, the first regulation by name."""
    order = np.lexsort((_name_order(found.regulation), -found.total, found.netting_set))
    _sets, first = np.unique(found.netting_set[order], return_index=True)
    picked: Integers = order[first]
    return picked


def _name_order(names: tuple[str, ...]) -> Integers:
    position = {name: index for index, name in enumerate(sorted(set(names)))}
    return np.array([position[name] for name in names], dtype=np.int64)


def turned(crif: Crif) -> Crif:
    """Take the other side's view: sensitivities change sign, parameters and notionals do not."""
    risk_type = crif.labels["risk_type"]
    sign = np.array([-1.0 if value.startswith("Risk_") else 1.0 for value in risk_type.values])
    return replace(crif, amount=crif.amount * sign[risk_type.codes])


def _add_ons(rows: Rows, product: Floats) -> Floats:
    """AddOn = Σ fixed + Σ factor · notional of a named product + Σ (multiplier − 1) · SIMM of a product class."""
    add_on = np.zeros(product.shape[0])
    fixed = rows.of("Param_AddOnFixedAmount")
    np.add.at(add_on, fixed.group, fixed.amount)
    for (group, name), value in stated(rows.of("Param_ProductClassMultiplier")).items():
        add_on[group] += (value - 1.0) * product[group, PRODUCT_CLASSES.index(str(name))]
    notionals = _notionals(rows.of("Notional"))
    for (group, name), value in stated(rows.of("Param_AddOnNotionalFactor")).items():
        add_on[group] += value / 100.0 * notionals.get((group, name), 0.0)
    return add_on


def stated(rows: Rows) -> dict[tuple[int, str | None], float]:
    """Return each group's factors by name: said again it is the same factor, and `checks` has refused another."""
    return dict(zip(zip(rows.group.tolist(), rows.texts("qualifier"), strict=True), rows.amount.tolist(), strict=True))


def _notionals(rows: Rows) -> dict[tuple[int, str | None], float]:
    """Return the total notional of each group's products: the sum of the trades' absolute notionals."""
    trade = rows.codes("trade")
    unnamed = -1 - np.arange(len(rows))  # a row without a trade is one of its own
    keys, amount = net((rows.group, rows.codes("qualifier"), np.where(trade < 0, unnamed, trade)), rows.amount)
    names, held = rows.values("qualifier"), dict[tuple[int, str | None], float]()
    for group, product, value in zip(keys[0].tolist(), keys[1].tolist(), np.abs(amount).tolist(), strict=True):
        held[group, names[product]] = held.get((group, names[product]), 0.0) + value
    return held
