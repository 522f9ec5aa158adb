"""Portfolio margin in the words of the wire: totals, groups, points, positions at their group's worst point."""

from typing import Any

import numpy as np

from compute.margin.account import account
from compute.margin.portfolio_margin.classes import unlisted
from compute.margin.portfolio_margin.margin import Run
from compute.margin.portfolio_margin.model import Loss
from compute.market import rate
from compute.pricing.terms import Integers
from compute.result import Result


def report(run: Run) -> Result:
    """Return the result."""
    figures = run.figures
    total = float(figures.requirement.sum())
    portfolio = run.portfolio
    return Result(
        document={
            "currency": portfolio.currency,
            "as_of": portfolio.as_of.isoformat(),
            "model": "portfolio_margin",
            "version": run.table.version,
            "position_count": len(portfolio),
            **account(portfolio, initial=total, maintenance=total),
            **_minimum_equity(run),
            "breakdown": _breakdown(run, total),
            "parameter_set": {**run.table.document(), "product_groups": run.offsets.document()},
            "assumptions": [*run.book.assumptions, *run.classes.assumptions],
        },
        tables={"groups": _groups(run), "class_groups": _class_groups(run), "positions": _positions(run)},
    )


def point_names(steps: int) -> list[str]:
    """Return the names of the valuation points, in the order of the columns."""
    return [f"{way}_{step}" for way in ("up", "down") for step in range(1, steps + 1)]


def _minimum_equity(run: Run) -> dict[str, Any]:
    """Return the least equity that such an account must have: none that the requirement counts."""
    kind = "unlisted_derivatives" if unlisted(run.portfolio).any() else run.parameters["monitoring"]
    amount = run.table.minimum_equity[kind]
    portfolio = run.portfolio
    known = portfolio.currency == "USD" or {f"USD/{portfolio.currency}", f"{portfolio.currency}/USD"} & set(
        portfolio.fx
    )
    return {
        "minimum_equity": amount * rate(portfolio.fx, "USD", portfolio.currency) if known else None,
        "minimum_equity_usd": amount,
        "minimum_equity_reason": kind,
    }


def _breakdown(run: Run, total: float) -> dict[str, Any]:
    figures = run.figures
    alone = np.maximum(-figures.by_class.min(axis=1), 0.0) if figures.by_class.size else np.zeros(0)
    base = figures.base.loss
    overlay = 0.0 if figures.wide is None else float(np.maximum(figures.wide.loss - base, 0.0).sum())
    names = np.array(run.classes.names, dtype=object)
    return {
        "class_group_losses": float(alone.sum()),
        "offsets": float(alone.sum() - base.sum()),
        "concentration": overlay,
        "concentrated_names": names[figures.concentrated].tolist(),
        "minimum_floor": total - float(base.sum()) - overlay,
        "contract_minimums": float(figures.minimums.sum()),
        "requirement": total,
    }


def _worst(run: Run) -> tuple[Integers, Loss, Loss, Any]:
    """Return the worst point of each margin group and whether it is one of the extended range."""
    base, wide = run.figures.base, run.figures.wide or run.figures.base
    extended = wide.loss > base.loss
    return np.where(extended, wide.worst, base.worst), base, wide, extended


def _groups(run: Run) -> dict[str, Any]:
    worst, base, wide, extended = _worst(run)
    names = np.array(point_names(run.table.steps), dtype=object)
    points = np.where(extended[:, None], wide.points, base.points)
    return {
        "group": run.tree.groups,
        "worst_point": names[worst].tolist(),
        "extended_range": ["yes" if flag else "no" for flag in extended.tolist()],
        "worst_loss": np.maximum(base.loss, wide.loss),
        "minimum": run.figures.floor,
        "requirement": run.figures.requirement,
        **{name: np.ascontiguousarray(points[:, index]) for index, name in enumerate(names.tolist())},
    }


def _class_groups(run: Run) -> dict[str, Any]:
    names = point_names(run.table.steps)
    classes, by_class = run.classes, run.figures.by_class
    groups = np.array(run.tree.groups, dtype=object)
    products = np.array(run.tree.products, dtype=object)
    spans = np.array([run.table.ranges[name] for name in classes.ranges]).reshape(-1, 2) * 100.0
    worst = by_class.argmin(axis=1) if by_class.size else np.zeros(0, np.int64)
    return {
        "class_group": classes.names,
        "product_group": products[run.tree.product_of].tolist(),
        "group": groups[run.tree.group_of_class].tolist(),
        "range": classes.ranges,
        "range_down_pct": np.ascontiguousarray(spans[:, 0]),
        "range_up_pct": np.ascontiguousarray(spans[:, 1]),
        "worst_point": np.array(names, dtype=object)[worst].tolist(),
        "worst_loss": np.maximum(-by_class.min(axis=1), 0.0) if by_class.size else np.zeros(0),
        **{name: np.ascontiguousarray(by_class[:, index]) for index, name in enumerate(names)},
    }


def _positions(run: Run) -> dict[str, Any]:
    classes, figures = run.classes, run.figures
    worst, _base, _wide, extended = _worst(run)
    group = run.tree.group_of_class[classes.of_position]
    wide = figures.by_position if figures.wide_by_position is None else figures.wide_by_position
    gains = np.where(extended[group, None], wide, figures.by_position)
    names = np.array(point_names(run.table.steps), dtype=object)
    return {
        "id": run.portfolio.ids,
        "class_group": np.array(classes.names, dtype=object)[classes.of_position].tolist(),
        "group": np.array(run.tree.groups, dtype=object)[group].tolist(),
        "worst_point": names[worst[group]].tolist(),
        "profit_and_loss": np.take_along_axis(gains, worst[group][:, None], axis=1)[:, 0],
        "leverage": classes.leverage[run.book.underlying],
        "minimum": figures.minimums,
    }
