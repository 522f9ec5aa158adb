"""The margin of `fhs` in the words of the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.margin.account import account, variation_margins
from compute.margin.fhs.addons import AddOn
from compute.margin.fhs.book import Book
from compute.margin.fhs.procyclicality import Charged
from compute.margin.fhs.request import Request, Tool
from compute.portfolio import Floats, Portfolio
from compute.result import Result
from compute.simulation.exposures import option_mask
from compute.simulation.returns import Returns
from compute.simulation.tail import Tail

STALE_DAYS = 7

WHAT_TOOLS_DO = {
    Tool.BUFFER: "EMIR Art. 28(1)(a): a buffer of {0.buffer:.0%}, used up as far as the core margin is more than "
    "{0.buffer_rise:.0%} above its mean over {0.buffer_reference_days} days.",
    Tool.STRESSED: "EMIR Art. 28(1)(b): {0.stressed_weight:.0%} of the weight lies on the {0.stressed_days} days that "
    "shook this book most, as they were.",
    Tool.FLOOR: "EMIR Art. 28(1)(c): never below the margin at the volatility of {0.floor_days} returns, ten years.",
}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was computed; contributions and exposures by position, shape (n,)."""

    tail: Tail
    contributions: Floats
    exposures: Floats
    charged: Charged
    liquidity: AddOn
    concentration: AddOn


def report(portfolio: Portfolio, request: Request, book: Book, found: Figures) -> Result:
    """Return the margin with its breakdown, contributions, parameters and assumptions."""
    core = found.tail.es if request.risk_measure == "es" else found.tail.var
    breakdown = {
        "core": core,
        "apc": float(found.charged.margin[0] - found.charged.core.figure(request.risk_measure)[0]),
        "liquidity": found.liquidity.total,
        "concentration": found.concentration.total,
    }
    initial = sum(amount for amount in breakdown.values() if amount is not None)
    document = {
        **head(portfolio, request),
        **account(portfolio, initial=initial, maintenance=None),
        "breakdown": {**breakdown, "total": initial},
        "core_var": found.tail.var,
        "core_es": found.tail.es,
        "se_var": found.tail.se_var,
        "se_es": found.tail.se_es,
        "apc_reference": None if request.apc is Tool.NONE else float(found.charged.reference[0]),
        "lookback": book.lookback,
        "scenarios": request.scenarios(book.lookback),
        "history": history(book.returns),
        "factors": len(book.factors.symbols),
        "rate_factors": list(book.factors.rates),
        "parameter_set": request.table.document(),
        "not_computed": not_computed(found),
        "assumptions": _assumptions(portfolio, request, book, found),
    }
    return Result(document=document, tables=_tables(portfolio, found, allocated(portfolio, found, core)))


def head(portfolio: Portfolio, request: Request) -> dict[str, Any]:
    """Return what any result of the model begins with."""
    return {
        "currency": portfolio.currency,
        "as_of": portfolio.as_of.isoformat(),
        "model": "fhs",
        "version": request.table.version,
        "position_count": len(portfolio),
        **request.document(),
    }


def history(returns: Returns) -> dict[str, Any]:
    """Return which history was read."""
    return {
        "first": returns.first.isoformat(),
        "last": returns.last.isoformat(),
        "observations": len(returns.values),
        "days_left_out": returns.days_left_out,
    }


def not_computed(found: Figures) -> list[str]:
    """Return the add-ons that no position gives the market figure for."""
    add_ons = {"liquidity": found.liquidity, "concentration": found.concentration}
    return [f"breakdown/{name}" for name, add_on in add_ons.items() if add_on.total is None]


def _assumptions(portfolio: Portfolio, request: Request, book: Book, found: Figures) -> list[str]:
    said = model_assumptions(portfolio, request, book)
    if book.lookback < request.lookback:
        said.append(f"The history is shorter than asked for: the lookback is {book.lookback} returns.")
    for name, field, add_on in (
        ("liquidity", "bid_ask_bp", found.liquidity),
        ("concentration", "average_daily_volume", found.concentration),
    ):
        if add_on.total is None:
            said.append(f"No {name} add-on: no position gives its `{field}`.")
        elif add_on.without:
            said.append(f"No {name} add-on for {len(add_on.without)} symbols that give no `{field}`.")
    return said


def model_assumptions(portfolio: Portfolio, request: Request, book: Book) -> list[str]:
    """Say in sentences what the model takes for granted here."""
    said = ["Positions move linearly with their factors, the factors by their past returns at today's volatility."]
    if book.options is not None:
        said.append("Options are revalued in full at the moved underlying; volatilities, rates and time stand still.")
        said.extend(book.options.book.assumptions)
    if request.mpor_days > 1 and request.is_overlapping:
        said.append("Scenarios over the margin period overlap; standard errors count only those that do not.")
    if request.mpor_days > 1 and not request.is_overlapping:
        said.append("Daily scenarios are scaled to the margin period by the root of its days.")
    if request.apc in WHAT_TOOLS_DO:
        said.append(WHAT_TOOLS_DO[request.apc].format(request.table))
    if book.factors.held:
        said.append(f"Conversion rates held still, their history is not at hand: {', '.join(book.factors.held)}.")
    linear = ~option_mask(portfolio) if book.options is not None else np.ones(len(portfolio), np.bool_)
    if not np.isnan(portfolio.number("delta", np.nan)[linear]).all():
        said.append("Positions with a delta move linearly: gamma, vega and theta are not modelled.")
    if (behind := (portfolio.as_of - book.returns.last).days) > STALE_DAYS:
        said.append(f"The price history ends {behind} days before the portfolio's date.")
    return said


def allocated(portfolio: Portfolio, found: Figures, core: float) -> Floats:
    """Return each position's part of the initial margin, shape (n,): its sum is the whole.

    What the tool against procyclicality makes of the core is shared out as the core is; an add-on within its symbol.
    """
    charge, size = float(found.charged.margin[0]), np.abs(found.exposures)
    parts = found.contributions * (charge / core) if core > 0.0 else size * (charge / size.sum())
    for add_on in (found.liquidity, found.concentration):
        parts = parts + add_on.by_position(portfolio, found.exposures)
    return parts


def _tables(portfolio: Portfolio, found: Figures, parts: Floats) -> dict[str, Mapping[str, Any]]:
    return {
        "positions": {
            "id": portfolio.ids,
            "initial_margin": parts,
            "variation_margin": _variations(portfolio),
            "exposure": found.exposures,
            "core_contribution": found.contributions,
        },
        "liquidity": _add_on_table(found.liquidity, "bid_ask_bp"),
        "concentration": _add_on_table(found.concentration, "days_to_close"),
    }


def _variations(portfolio: Portfolio) -> list[float | None]:
    return [None if np.isnan(value) else value for value in variation_margins(portfolio).tolist()]


def _add_on_table(add_on: AddOn, name: str) -> dict[str, Any]:
    return {"symbol": add_on.symbols, "exposure": add_on.exposure, name: add_on.market, "amount": add_on.amounts}


def nothing_at_risk(portfolio: Portfolio, request: Request) -> Result:
    """Return zeros: no position has an exposure."""
    zero = {"core": 0.0, "apc": 0.0, "liquidity": None, "concentration": None, "total": 0.0}
    document = {
        **head(portfolio, request),
        **account(portfolio, initial=0.0, maintenance=None),
        "breakdown": zero,
        "history": None,
        "factors": 0,
        "parameter_set": request.table.document(),
        "not_computed": ["breakdown/liquidity", "breakdown/concentration"],
        "assumptions": ["No position has an exposure: nothing is at risk."],
    }
    columns = dict.fromkeys(("initial_margin", "exposure", "core_contribution"), np.zeros(len(portfolio)))
    positions = {"id": portfolio.ids, "variation_margin": _variations(portfolio), **columns}
    return Result(document=document, tables={"positions": positions})
