"""What a portfolio says beside its positions: identity, cash, currency, rates, collateral."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from core.clock import utcnow
from services.intake import values
from services.intake.careful import unknown_field
from services.intake.faults import Faults, escape, nearest, quote
from services.intake.fields import COLLATERAL_TYPES, MAX_AMOUNT, PORTFOLIO_FIELDS, collateral_type

_MAX_RATE = 1e9
_PAIR_TOLERANCE = 0.01
_MOST_NOTES = 1 << 18


@dataclass(kw_only=True)
class Head:
    """The portfolio's own fields, judged; a field whose value would not do keeps its default."""

    id: str = ""
    name: str = ""
    currency: str = "USD"
    as_of: date = date.min
    as_of_given: bool = False
    available_cash: float = 0.0
    leverage_ratio: float | None = None
    account_type: str | None = None
    fx: dict[str, float] = field(default_factory=dict)
    fx_named: frozenset[str] = frozenset()  # also those whose rate would not do: that fault is enough
    rates: dict[str, float] = field(default_factory=dict)
    collateral: dict[str, float] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)


def read_head(tree: dict[str, Any], pointer: str, faults: Faults, *, default_id: str | None = None) -> Head:
    """Return the head of a portfolio object; `positions` is left to others."""
    head = Head()
    for name, value in tree.items():
        if name not in PORTFOLIO_FIELDS:
            unknown_field(name, pointer, PORTFOLIO_FIELDS, faults)
        elif value is not None and name in _READERS:
            found = _READERS[name](value, f"{pointer}/{name}", faults)
            if found is not None:
                setattr(head, name, found)
    _identify(head, tree, pointer, faults, default_id)
    given_fx = tree.get("fx")
    head.fx_named = frozenset(given_fx) if isinstance(given_fx, dict) else frozenset(head.fx)
    head.as_of_given = head.as_of != date.min
    if not head.as_of_given:
        head.as_of = utcnow().date()
    return head


def _identify(head: Head, tree: dict[str, Any], pointer: str, faults: Faults, default_id: str | None) -> None:
    if default_id is not None and (problem := values.address_problem(default_id)):
        faults.add(f"{pointer}/id", f"The id in the address {problem}.")
    elif tree.get("id") is None and default_id is None:
        remedy = "Give the portfolio an id; beside a file of positions: set=id=NAME."
        faults.add(f"{pointer}/id", "id is required.", remedy=remedy)
    elif tree.get("id") is not None and default_id is not None and head.id and head.id != default_id:
        faults.add(f"{pointer}/id", f"The id {quote(head.id)} is not that of the address, {quote(default_id)}.")
    head.id = head.id or default_id or ""
    head.name = head.name or head.id


def require_rates(currencies: tuple[str, ...], head: Head, pointer: str, faults: Faults) -> None:
    """Record each pair that the positions need and that `fx` names neither way round."""
    for each in currencies:
        pairs = (f"{each}/{head.currency}", f"{head.currency}/{each}")
        if each != head.currency and not head.fx_named.intersection(pairs):
            faults.add(
                f"{pointer}/fx", f"There is no rate for {pairs[0]}.", remedy=f'Add "{pairs[0]}" to fx, or {pairs[1]}.'
            )


def _amount(value: Any, pointer: str, faults: Faults) -> float | None:
    return values.bounded(value, pointer, faults, minimum=-MAX_AMOUNT, maximum=MAX_AMOUNT)


def _leverage(value: Any, pointer: str, faults: Faults) -> float | None:
    return values.bounded(value, pointer, faults, minimum=0.0, maximum=1e6)


def _fx(value: Any, pointer: str, faults: Faults) -> dict[str, float] | None:
    found: dict[str, float] = {}
    for name, item, at in _items(value, pointer, faults):
        parts = name.split("/")
        if len(parts) != 2 or any(values.currency_problem(part) for part in parts) or parts[0] == parts[1]:
            faults.add(at, f"{quote(name)} is no pair of two currencies.", remedy="Send a pair such as EUR/USD.")
            continue
        rate = values.bounded(item, at, faults, minimum=1 / _MAX_RATE, maximum=_MAX_RATE)
        if rate is not None:
            found[name] = rate
    _agree(found, pointer, faults)
    return found


def _agree(fx: dict[str, float], pointer: str, faults: Faults) -> None:
    for name, rate in fx.items():
        first, second = name.split("/")
        back = fx.get(f"{second}/{first}")
        if first < second and back is not None and abs(rate * back - 1) > _PAIR_TOLERANCE:
            faults.add(f"{pointer}/{escape(name)}", f"{name} and {second}/{first} contradict each other.")


def _rates(value: Any, pointer: str, faults: Faults) -> dict[str, float] | None:
    found: dict[str, float] = {}
    for name, item, at in _items(value, pointer, faults):
        if values.currency_problem(name):
            faults.add(at, f"{quote(name)} is no currency code.", remedy="Send a code such as USD.")
            continue
        rate = values.bounded(item, at, faults, minimum=-1.0, maximum=10.0)
        if rate is not None:
            found[name] = rate
    return found


def _collateral(value: Any, pointer: str, faults: Faults) -> dict[str, float] | None:
    found: dict[str, float] = {}
    for name, item, at in _items(value, pointer, faults):
        kind = collateral_type(name)
        if kind not in COLLATERAL_TYPES:
            remedy = "" if faults.full else nearest(kind, COLLATERAL_TYPES)
            faults.add(at, f"The collateral type {quote(name)} is unknown.", remedy=remedy)
        elif kind in found:
            faults.add(at, f"The collateral type {kind} comes more than once.")
        else:
            amount = values.bounded(item, at, faults, minimum=0.0, maximum=MAX_AMOUNT)
            found[kind] = amount if amount is not None else 0.0
    return found


def _notes(value: Any, pointer: str, faults: Faults) -> dict[str, Any] | None:
    """Return what an earlier reading found worth saying of the portfolio: any JSON, within a bound."""
    found = values.mapping(value, pointer, faults)
    if found is None:
        return None
    try:
        size = len(json.dumps(found, allow_nan=False, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError):
        faults.add(pointer, "notes holds a value that is not plain JSON.", remedy="Leave notes out.")
        return None
    if size > _MOST_NOTES:
        faults.add(pointer, f"notes has {size:,} bytes, more than {_MOST_NOTES:,}.", remedy="Leave notes out.")
        return None
    return found


def _items(value: Any, pointer: str, faults: Faults) -> list[tuple[str, Any, str]]:
    found = values.mapping(value, pointer, faults)
    return [(name, item, f"{pointer}/{escape(name)}") for name, item in (found or {}).items()]


_READERS: dict[str, Callable[[Any, str, Faults], Any]] = {
    "id": values.text,
    "name": values.text,
    "currency": values.currency,
    "as_of": values.iso_date,
    "available_cash": _amount,
    "leverage_ratio": _leverage,
    "account_type": values.text,
    "notes": _notes,
    "fx": _fx,
    "rates": _rates,
    "collateral": _collateral,
}
