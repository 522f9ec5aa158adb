"""Theoretical gains and losses at the valuation points → worst loss and requirement of every group."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compute.margin.portfolio_margin.classes import Classes
from compute.margin.portfolio_margin.offsets import Group, OffsetFile
from compute.margin.portfolio_margin.tables import NAMES
from compute.margin.report import ROUNDING
from compute.portfolio import Floats
from compute.pricing.terms import Integers, Mask


@dataclass(frozen=True, kw_only=True)
class Tree:
    """The groups above the class groups: g class groups in p product groups in q margin groups.

    A class group in no product group is one of its own; a product group in no portfolio group likewise.
    """

    products: tuple[str, ...]
    groups: tuple[str, ...]
    product_of: Integers
    group_of: Integers
    product_offset: Floats
    group_offset: Floats

    @property
    def group_of_class(self) -> Integers:
        """Index of the margin group of each class group, shape (g,)."""
        return self.group_of[self.product_of]


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Gains and losses by margin group.

    Parameters
    ----------
    points
        Shape (q, s): after offsets.
    worst
        Shape (q,): the point of the largest loss.
    loss
        Shape (q,): that loss, zero where every point gains.
    """

    points: Floats
    worst: Integers
    loss: Floats


def tree(classes: Classes, offsets: OffsetFile) -> Tree:
    """Return the groups that the class groups of a book are in."""
    products, product_of, product_offset = _climb(classes.names, offsets.product_groups)
    groups, group_of, group_offset = _climb(products, offsets.portfolio_groups)
    return Tree(
        products=products,
        groups=groups,
        product_of=product_of,
        group_of=group_of,
        product_offset=product_offset,
        group_offset=group_offset,
    )


def _climb(names: tuple[str, ...], groups: Mapping[str, Group]) -> tuple[tuple[str, ...], Integers, Floats]:
    """Return the groups one level up, the index into them, and their offsets; 1 for a group of one of its own."""
    found: dict[tuple[bool, str], int] = {}
    offsets: list[float] = []
    owner = {member: (name, group.offset) for name, group in groups.items() for member in group.members}
    index = []
    for name in names:
        above, offset = owner.get(name, (name, 1.0))
        key = (name in owner, above)
        if key not in found:
            found[key] = len(found)
            offsets.append(offset)
        index.append(found[key])
    return tuple(name for _, name in found), np.array(index, dtype=np.int64), np.array(offsets)


def shifts(classes: Classes, steps: int, extended: float) -> Floats:
    """Return the relative moves of each underlying, shape (u, 2·steps) or, with an extended range, twice as many.

    Up points first, nearest first, then down points. A product of negative leverage falls where others rise. What has a
    price cannot lose more than all of it.
    """
    share = np.arange(1, steps + 1) / steps
    sets = [(classes.low, classes.high)]
    if extended > 0.0:
        wide = extended * np.abs(classes.leverage)
        sets.append((np.minimum(classes.low, -wide), np.maximum(classes.high, wide)))
    turned = classes.leverage[:, None] < 0.0
    columns = []
    for low, high in sets:
        rise, fall = high[:, None] * share, low[:, None] * share
        columns += [np.where(turned, fall, rise), np.where(turned, rise, fall)]
    return np.asarray(np.maximum(np.concatenate(columns, axis=1), -1.0))


def summed(values: Floats, index: Integers, count: int) -> Floats:
    """Return rows added up by group, shape (count, s); what cancels all but rounding cancels all."""
    total, gross = (
        np.stack([np.bincount(index, weights=column, minlength=count) for column in rows.T], axis=1)
        for rows in (values, np.abs(values))
    )
    return np.where(np.abs(total) <= ROUNDING * gross, 0.0, total)


def losses(by_class: Floats, groups: Tree) -> Loss:
    """Return the margin groups' losses: gains count by the offset of the group they are carried into."""
    products = summed(
        _kept(by_class, groups.product_offset[groups.product_of]), groups.product_of, len(groups.products)
    )
    points = summed(_kept(products, groups.group_offset[groups.group_of]), groups.group_of, len(groups.groups))
    worst = np.argmin(points, axis=1)
    lowest = np.take_along_axis(points, worst[:, None], axis=1)[:, 0]
    return Loss(points=points, worst=worst, loss=np.maximum(-lowest, 0.0))


def _kept(values: Floats, offset: Floats) -> Floats:
    return np.where(values > 0.0, values * offset[:, None], values)


def riskiest(by_class: Floats, classes: Classes, count: int) -> Mask:
    """Return the names with the largest losses on their own, shape (g,): single names and unlisted products only."""
    loss = np.maximum(-by_class.min(axis=1), 0.0)
    loss[~np.isin(classes.ranges, NAMES)] = 0.0
    first = np.argsort(-loss, kind="stable")[:count]
    chosen = np.zeros(loss.size, np.bool_)
    chosen[first[loss[first] > 0.0]] = True
    return chosen
