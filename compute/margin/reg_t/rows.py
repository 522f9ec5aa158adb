"""Rows of a portfolio, one a position, with what is missing or impossible named by pointer."""

import math
from typing import Any

from compute.errors import InputError
from compute.market import to_base
from compute.portfolio import Portfolio

BY_CLASS = {"equity": "stock", "bond": "bond", "fx": "fx", "crypto": "crypto"}
GIVEN = ("quantity", "price", "multiplier")
NUMBERS = ("strike", "underlying_price", "leverage", "coupon")
TEXTS = (
    "symbol", "asset_class", "currency", "sector", "instrument", "underlying", "option_type", "exercise", "expiry",
    "maturity", "index_class", "issuer", "rating",
)  # fmt: skip

Row = dict[str, Any]


def checked(portfolio: Portfolio) -> list[Row]:
    """Return the positions, each checked for numbers that no rule can take."""
    texts = {name: portfolio.labels[name].texts() for name in TEXTS if name in portfolio.labels}
    numbers = {name: portfolio.numbers[name].tolist() for name in NUMBERS if name in portfolio.numbers}
    numbers |= {name: portfolio.numbers[name].tolist() for name in GIVEN}
    factors = to_base(portfolio).tolist()
    found = []
    for index, identity in enumerate(portfolio.ids):
        item: Row = dict.fromkeys((*TEXTS, *GIVEN, *NUMBERS))
        item |= {name: column[index] for name, column in texts.items()}
        item |= {name: column[index] for name, column in numbers.items() if not math.isnan(column[index])}
        item |= {"index": index, "id": identity, "factor": factors[index]}
        item["kind"] = _kind(item)
        _check(item)
        found.append(item)
    return found


def _check(row: Row) -> None:
    for name in (*GIVEN, *NUMBERS):
        if not math.isfinite(row[name] if row[name] is not None else (0.0 if name in NUMBERS else math.nan)):
            raise fault(row, name, f"{name} is not a finite number.", f"Give `{name}` as a finite number.")
    if row["multiplier"] <= 0.0:
        raise fault(row, "multiplier", "the multiplier must be above zero.", "Give the units of one contract or share.")
    if row["price"] < 0.0 and row["kind"] != "generic":
        raise fault(row, "price", "a price below zero has no margin.", "Give the market price of a unit.")


def _kind(row: Row) -> str:
    if row["instrument"] is not None:
        return str(row["instrument"])
    if row["option_type"] is not None:
        return "option"
    return BY_CLASS.get(str(row["asset_class"]), "generic")


def fault(row: Row, name: str, detail: str, remedy: str) -> InputError:
    """Return the error that names a field of a position."""
    return InputError(f"{row['id']}: {detail}", pointer=f"/portfolio/positions/{row['index']}/{name}", remedy=remedy)


def needed(row: Row, name: str) -> Any:
    """Return a field that an option cannot do without."""
    if row[name] is None:
        raise fault(row, name, f"an option needs its {name} for the reg_t model.", f"Give `{name}` for this position.")
    return row[name]


def leverage_of(row: Row) -> float:
    """Return the leverage of a fund, or of the fund that an option is on; at least one."""
    if row["leverage"] is None:
        return 1.0
    if row["leverage"] == 0.0:
        raise fault(row, "leverage", "a leverage of zero has no margin.", "Give the fund's leverage, 1 for none.")
    return max(1.0, abs(float(row["leverage"])))


def positive(row: Row, name: str) -> float:
    """Return a number that an option cannot do without, and that is above zero."""
    value = float(needed(row, name))
    if value <= 0.0:
        raise fault(row, name, f"{name} must be above zero, not {value:g}.", f"Give a positive `{name}`.")
    return value
