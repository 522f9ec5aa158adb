"""Judging draft columns, vectorised: every rule about values of positions, with a pointer to each that breaks it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute.portfolio import Floats, Labels
from services.intake.draft import Draft
from services.intake.faults import Faults, nearest, quote
from services.intake.fields import MAX_NOTIONAL, MAX_TEXT, NUMBERS, TEXTS, TextField, TextKind
from services.intake.values import currency_problem, date_problem, text_problem

_DEFAULT_CURRENCY = "USD"
_OPTION_MULTIPLIER = 100.0
_NOTIONAL_RANGE = f"{MAX_NOTIONAL:g}"


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Judged columns, as `compute.portfolio.Portfolio` takes them; price is NaN where none was given."""

    ids: tuple[str, ...]
    labels: dict[str, Labels]
    numbers: dict[str, Floats]


def judge(draft: Draft, pointer: str, faults: Faults) -> Columns:
    """Return the columns of a draft with defaults filled in; record what breaks a rule."""
    _judge_ids(draft, pointer, faults)
    labels = {name: _judge_labels(name, column, pointer, faults) for name, column in draft.labels.items()}
    for name, column in draft.numbers.items():
        _judge_range(name, column, pointer, faults)
    labels = _with_required(labels, len(draft.ids))
    numbers = dict(draft.numbers)
    numbers["price"] = _price(numbers, len(draft.ids), pointer, faults)
    numbers.pop("market_value", None)
    numbers["multiplier"] = _multiplier(labels, numbers, len(draft.ids))
    numbers.setdefault("quantity", np.zeros(len(draft.ids)))
    judge_prices(labels, numbers, pointer, faults, given=draft.numbers)
    return Columns(
        ids=tuple(draft.ids),
        labels={name: labels[name] for name in TEXTS if name in labels},
        numbers={name: numbers[name] for name in NUMBERS if name in numbers},
    )


def judge_prices(
    labels: dict[str, Labels],
    numbers: dict[str, Floats],
    pointer: str,
    faults: Faults,
    *,
    given: dict[str, Floats] | None = None,
) -> None:
    """Record negative prices where the instrument allows none, and notionals beyond the limit."""
    for name in ("price", "settlement_price"):
        column = numbers.get(name)
        if column is None or not np.any(column < 0):
            continue
        for index in np.flatnonzero((column < 0) & ~_may_be_negative(labels, len(column))).tolist():
            faults.add(
                f"{pointer}/{index}/{_price_name(name, index, given)}",
                f"A negative {name} is allowed for futures, swaps, spreads and commodities only.",
                remedy="Give the sign to the quantity; name the instrument if it is a future or a swap.",
            )
    with np.errstate(invalid="ignore", over="ignore"):
        notional = np.abs(numbers["quantity"] * numbers["price"] * numbers["multiplier"])
    for index in np.flatnonzero(notional > MAX_NOTIONAL).tolist():
        faults.add(f"{pointer}/{index}/quantity", f"The absolute notional is above {_NOTIONAL_RANGE}.")


def _price_name(name: str, index: int, given: dict[str, Floats] | None) -> str:
    alias = (given or {}).get("market_value")
    return "market_value" if name == "price" and alias is not None and not np.isnan(alias[index]) else name


def plain(texts: Sequence[str], distinct: Collection[str]) -> bool:
    """Return whether all texts are certainly good: quickly, at the price of a second look at some that are."""
    joined = "".join(texts)
    short = max(map(len, texts), default=0) <= MAX_TEXT and "" not in distinct
    return short and joined.isprintable() and " " not in joined


def _judge_ids(draft: Draft, pointer: str, faults: Faults) -> None:
    distinct = set(draft.ids)
    if not plain(draft.ids, distinct):
        for index, each in enumerate(draft.ids):
            problem = None if index in draft.nameless else text_problem(each)
            if problem:
                faults.add(f"{pointer}/{index}/id", f"id {problem}.")
    if len(distinct) == len(draft.ids):
        return
    first: dict[str, int] = {}
    for index, each in enumerate(draft.ids):
        if index not in draft.nameless and first.setdefault(each, index) != index:
            detail = f"The id {quote(each)} is that of position {first[each]} too."
            faults.add(f"{pointer}/{index}/id", detail, remedy="Give every position its own id.")


def _judge_labels(name: str, column: Labels, pointer: str, faults: Faults) -> Labels:
    field = TEXTS[name]
    usual = field.kind is TextKind.FREE and plain(column.values, column.values)
    problems = {} if usual else _text_problems(field, column)
    for index in np.flatnonzero(np.isin(column.codes, list(problems))).tolist() if problems else ():
        code = int(column.codes[index])
        remedy = "" if faults.full else _text_remedy(field, column.values[code])
        faults.add(f"{pointer}/{index}/{name}", f"{name} {problems[code]}.", remedy=remedy)
    return _folded(column) if field.kind is TextKind.WORD else column


def _text_problems(field: TextField, column: Labels) -> dict[int, str]:
    """Return what is wrong with each of the distinct texts that will not do."""
    found = ((code, _text_problem(field, value)) for code, value in enumerate(column.values))
    return {code: problem for code, problem in found if problem is not None}


def _text_problem(field: TextField, value: str) -> str | None:
    problem = text_problem(value)
    if problem is not None:
        return problem
    if field.kind is TextKind.WORD:
        return None if value.lower() in field.words else f"is unknown: {quote(value)}"
    if field.kind is TextKind.DATE:
        return date_problem(value)
    return currency_problem(value) if field.kind is TextKind.CURRENCY else None


def _text_remedy(field: TextField, value: str) -> str:
    remedies = {TextKind.DATE: "Send an ISO date.", TextKind.CURRENCY: "Send a code such as USD."}
    return nearest(value, field.words) if field.kind is TextKind.WORD else remedies.get(field.kind, "")


def _folded(column: Labels) -> Labels:
    """Return the column in lower case, spellings of one word brought together."""
    lower = [value.lower() for value in column.values]
    if tuple(lower) == column.values:
        return column
    index = {value: position for position, value in enumerate(dict.fromkeys(lower))}
    remap = np.array([*(index[value] for value in lower), -1], dtype=np.int32)
    return Labels(codes=remap[column.codes], values=tuple(index))


def _judge_range(name: str, column: Floats, pointer: str, faults: Faults) -> None:
    field = NUMBERS[name]
    low = column <= field.minimum if field.above else column < field.minimum
    for index in np.flatnonzero(low | (column > field.maximum)).tolist():
        faults.add(f"{pointer}/{index}/{name}", f"{name} must be {field.range}.")


def _with_required(labels: dict[str, Labels], count: int) -> dict[str, Labels]:
    nothing = Labels(codes=np.full(count, -1, dtype=np.int32), values=())
    full = {name: labels.get(name, nothing) for name in ("symbol", "asset_class", "currency")}
    full["currency"] = _filled(full["currency"], _DEFAULT_CURRENCY)
    return {**labels, **full}


def _filled(column: Labels, default: str) -> Labels:
    """Return the column with a default where a position has no text; values stay in order of first appearance."""
    if not np.any(column.codes < 0):
        return column
    if not column.values:
        return Labels(codes=np.zeros(column.codes.shape, dtype=np.int32), values=(default,))
    return Labels.of(default if text is None else text for text in column.texts())


def _price(numbers: dict[str, Floats], count: int, pointer: str, faults: Faults) -> Floats:
    price, alias = numbers.get("price"), numbers.get("market_value")
    if price is None or alias is None:
        only = price if price is not None else alias
        return only if only is not None else np.full(count, np.nan)
    for index in np.flatnonzero(~np.isnan(price) & ~np.isnan(alias)).tolist():
        faults.add(
            f"{pointer}/{index}/market_value",
            "Both price and market_value are given; they are two names of the price of one unit.",
            remedy="Send price alone.",
        )
    return np.where(np.isnan(price), alias, price)


def _multiplier(labels: dict[str, Labels], numbers: dict[str, Floats], count: int) -> Floats:
    default = np.ones(count)
    instrument = labels.get("instrument")
    if instrument is not None:
        default[instrument.mask("option") & _on_shares(labels, count)] = _OPTION_MULTIPLIER
    given = numbers.get("multiplier")
    return default if given is None else np.where(np.isnan(given), default, given)


def _on_shares(labels: dict[str, Labels], count: int) -> NDArray[np.bool_]:
    """Return where an option is on a stock, an ETF or an index: 100 units a contract."""
    classes = labels["asset_class"]
    shares = classes.mask("equity")
    if "index_class" in labels:
        shares |= labels["index_class"].codes >= 0
    underlying = labels.get("underlying", Labels(codes=np.full(count, -1, dtype=np.int32), values=()))
    on_pair = np.isin(underlying.codes, [code for code, value in enumerate(underlying.values) if "/" in value])
    return np.asarray(shares | (classes.mask("derivative") & ~on_pair), dtype=np.bool_)


def _may_be_negative(labels: dict[str, Labels], count: int) -> NDArray[np.bool_]:
    """Return where a price may be negative: futures, swaps, spreads and rates, and what trades on commodities."""
    allowed = labels["asset_class"].mask("derivative") | labels["asset_class"].mask("commodity")
    instrument = labels.get("instrument")
    if instrument is None:
        return allowed
    named = np.zeros(count, dtype=np.bool_)
    for word in ("future", "swap"):
        named |= instrument.mask(word)
    unnamed = (instrument.codes < 0) | instrument.mask("generic")
    return named | (allowed & unnamed)
