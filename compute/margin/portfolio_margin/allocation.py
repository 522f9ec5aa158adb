"""A portfolio margin requirement taken apart: netting, offsets, overlay and minimum, and the positions' contributions.

At a group's worst point its loss is a sum of the positions' losses, those in a class or product group that gains
counted by the offset that the gain is carried with: linear, so that a position's part is its counted loss there.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compute.margin.allocation import Allocation, Step, kept
from compute.margin.portfolio_margin.margin import Figures, Run, compute
from compute.margin.portfolio_margin.model import Loss, Tree, summed
from compute.market import Market
from compute.portfolio import Floats, Portfolio
from compute.result import Checkpoint

RULE = (
    "Euler: each position's loss at the worst valuation point of its margin group, a loss inside a class or product "
    "group that gains there counted by that group's offset; where the minimum of the contracts is larger than the "
    "loss, each position's part of the minimum."
)
ALWAYS = frozenset({"positions_alone"})


def allocation(
    portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], _figure: str, checkpoint: Checkpoint
) -> Allocation:
    """Return the allocation of `initial_margin`, which is the maintenance margin too; errors as the model's."""
    run = compute(portfolio, parameters, checkpoint, market.pricing)
    return Allocation(
        steps=steps(run.figures), contributions=contributions(run), rule=RULE, differentiable=True, notes=notes(run)
    )


def contributions(run: Run) -> Floats:
    """Return each position's part of the requirement, shape (n,)."""
    figures, of = run.figures, run.classes.of_position
    group = run.tree.group_of_class[of]
    parts = _at_worst(figures.by_position, figures.base, run)
    loss = figures.base.loss
    if figures.wide is not None and figures.wide_by_position is not None:
        extended = figures.wide.loss > figures.base.loss
        parts = np.where(extended[group], _at_worst(figures.wide_by_position, figures.wide, run), parts)
        loss = np.maximum(loss, figures.wide.loss)
    return np.where((figures.floor > loss)[group], figures.minimums, parts)


def _at_worst(gains: Floats, loss: Loss, run: Run) -> Floats:
    """Return each position's counted loss at its margin group's worst point, shape (n,); zero where that is a gain."""
    of, groups = run.classes.of_position, run.tree
    by_class = summed(gains, of, len(run.classes.names))
    share = counted(by_class, groups)
    point = loss.worst[groups.group_of_class]
    at = np.take_along_axis(gains, point[of][:, None], axis=1)[:, 0]
    kept_share = np.take_along_axis(share, point[:, None], axis=1)[:, 0]
    return np.where((loss.loss > 0.0)[groups.group_of_class[of]], -at * kept_share[of], 0.0)


def counted(by_class: Floats, groups: Tree) -> Floats:
    """Return the share of each class group's gain or loss that counts at each point, shape (g, s)."""
    in_product = np.where(by_class > 0.0, groups.product_offset[groups.product_of][:, None], 1.0)
    products = summed(by_class * in_product, groups.product_of, len(groups.products))
    in_group = np.where(products > 0.0, groups.group_offset[groups.group_of][:, None], 1.0)
    share = np.where(by_class == 0.0, 0.0, in_product * in_group[groups.product_of])
    return np.where((products == 0.0)[groups.product_of], 0.0, share)


def steps(figures: Figures) -> tuple[Step, ...]:
    """Return the steps from the positions alone, each at its own worst point, to the requirement."""
    alone, classes, base = (
        float(np.maximum(-rows.min(axis=1), 0.0).sum()) if rows.size else 0.0
        for rows in (figures.by_position, figures.by_class, figures.base.points)
    )
    loss = figures.base.loss
    overlay = 0.0 if figures.wide is None else float(np.maximum(figures.wide.loss - loss, 0.0).sum())
    return kept(
        (
            ("positions_alone", alone),
            ("netting_within_class_groups", classes - alone),
            ("offsets_between_class_groups", base - classes),
            ("concentration_overlay", overlay),
            ("contract_minimum", float(figures.requirement.sum()) - base - overlay),
        ),
        ALWAYS,
    )


def notes(run: Run) -> tuple[str, ...]:
    """Say where the minimum of the contracts, and not a loss, is the requirement."""
    figures = run.figures
    loss = figures.base.loss if figures.wide is None else np.maximum(figures.base.loss, figures.wide.loss)
    floored = np.array(run.tree.groups, dtype=object)[figures.floor > loss].tolist()
    return (f"The minimum of the contracts is the requirement of {', '.join(floored[:10])}.",) if floored else ()
