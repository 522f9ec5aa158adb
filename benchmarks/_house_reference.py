"""The house margin in plain Python, one position at a time and with exact sums: slow, and sharing no code with ours.

It follows docs/models/house.md and reads the parameter set; tests and the benchmark hold the kernel to it.
"""

import math
from collections import defaultdict
from typing import Any

from benchmarks._house_book import Margins
from compute.margin.tables import HouseSet, Match
from compute.portfolio import Portfolio

TERMS = (
    "symbol",
    "asset_class",
    "currency",
    "instrument",
    "underlying",
    "option_type",
    "exercise",
    "expiry",
    "maturity",
)
UNIT_RISKS = ("multiplier", "strike", "duration", "delta", "gamma", "vega")
Row = dict[str, Any]
Sides = dict[Any, list[float]]


def rows_of(portfolio: Portfolio) -> list[Row]:
    """Return the positions as dictionaries, None where one has no value."""
    texts = {name: labels.texts() for name, labels in portfolio.labels.items()}
    numbers = {name: column.tolist() for name, column in portfolio.numbers.items()}
    rows: list[Row] = []
    for i in range(len(portfolio)):
        row: Row = {name: column[i] for name, column in texts.items()}
        for name, column in numbers.items():
            row[name] = None if math.isnan(column[i]) else column[i]
        rows.append(row)
    return rows


def conversion(portfolio: Portfolio, currency: str) -> float:
    """Return the base currency's amount of one unit of a currency."""
    if currency == portfolio.currency:
        return 1.0
    direct = portfolio.fx.get(f"{currency}/{portfolio.currency}")
    return direct if direct is not None else 1.0 / portfolio.fx[f"{portfolio.currency}/{currency}"]


def price_positions(portfolio: Portfolio, table: HouseSet) -> list[Row]:
    """Return the positions with notional, volatility and margins."""
    rows = rows_of(portfolio)
    net: dict[Any, list[float]] = defaultdict(list)
    for row in rows:
        row["scale"] = row["multiplier"] * conversion(portfolio, row["currency"])
        row["value"] = abs(row["quantity"] * row["price"] * row["scale"])
        row["key"] = tuple(row.get(name) for name in (*TERMS, *UNIT_RISKS))
        net[row["key"]].append(math.copysign(row["value"], row["quantity"]))
    for row in rows:
        _price(row, table, abs(math.fsum(net[row["key"]])))
    return rows


def _price(row: Row, table: HouseSet, concentration: float) -> None:
    rates, add = table.classes[row["asset_class"]], table.add_ons
    volatility = row.get("implied_volatility")
    if volatility is None:
        volatility = table.volatilities.get(row["symbol"], rates.default_volatility)
    row["volatility"] = volatility
    factor = 1.0 + max(0.0, volatility - add.volatility_threshold) * rates.volatility_multiplier
    factor += add.concentration_add_on if concentration > add.concentration_threshold else 0.0
    factor += add.delta_weight * abs(row.get("delta") or 0.0)
    factor += add.gamma_weight * abs(row.get("gamma") or 0.0)
    factor += add.vega_weight * abs(row.get("vega") or 0.0)
    rate = rates.initial_rate + rates.initial_rate_per_duration_year * (row.get("duration") or 0.0)
    row["initial"] = row["value"] * rate * factor
    row["maintenance"] = row["value"] * rates.maintenance_rate * factor
    settlement = row.get("settlement_price")
    row["variation"] = None if settlement is None else (settlement - row["price"]) * row["quantity"] * row["scale"]


def direction(row: Row) -> float:
    """Return which way one unit points: by its delta, else down for a put, else up."""
    delta = row.get("delta")
    if delta is not None:
        return math.copysign(1.0, delta) if delta else 0.0
    return -1.0 if row.get("option_type") == "put" else 1.0


def net_instruments(rows: list[Row], word: str) -> tuple[float, list[tuple[Row, float]]]:
    """Return the offset of netting, and each instrument with its signed margin left."""
    sides: dict[Any, tuple[list[float], list[float]]] = {}
    example: dict[Any, Row] = {}
    for row in rows:
        example.setdefault(row["key"], row)
        sides.setdefault(row["key"], ([], []))[0 if row["quantity"] >= 0 else 1].append(row[word])
    offset, left = 0.0, []
    for key, (longs, shorts) in sides.items():
        long, short = math.fsum(longs), math.fsum(shorts)
        offset += 2.0 * min(long, short)
        left.append((example[key], (long - short) * direction(example[key])))
    return offset, left


def _pair(symbol: str) -> tuple[str, str] | None:
    parts = symbol.upper().split("/") if "/" in symbol else [symbol[:3].upper(), symbol[3:].upper()]
    if [len(part) for part in parts] != [3, 3] or not "".join(parts).isalpha() or parts[0] == parts[1]:
        return None
    return parts[0], parts[1]


def match_simple(rates_offset: float, groups: dict[Any, Sides]) -> tuple[float, float]:
    """Return the offset within each group, and what is left of the class as one signed amount."""
    offset, net = 0.0, 0.0
    for sides in groups.values():
        up, down = math.fsum(sides["up"]), math.fsum(sides["down"])
        offset += rates_offset * 2.0 * min(up, down)
        net += up - down
    return offset, net


def match_currencies(rate: float, legs: list[tuple[tuple[str, str], float]]) -> float:
    """Return the offset of currency pairs; `legs` are (long currency, short currency) and the amount."""
    pools: dict[tuple[str, str], float] = defaultdict(float)
    for pair, amount in legs:
        pools[pair] += amount
    offset = 0.0
    for currency in sorted({name for pair in pools for name in pair}):
        bought = math.fsum(amount for pair, amount in pools.items() if pair[0] == currency)
        sold = math.fsum(amount for pair, amount in pools.items() if pair[1] == currency)
        matched = min(bought, sold)
        if matched <= 0.0:
            continue
        offset += rate * 2.0 * matched
        for pair in pools:
            if currency in pair:
                pools[pair] *= 1.0 - matched / (bought if pair[0] == currency else sold)
    return offset


def _group(row: Row, table: HouseSet) -> str | int | None:
    """Return the group within the class, or None where the position matches nothing."""
    if table.classes[row["asset_class"]].match is Match.CLASS:
        return "all"
    years = row.get("duration")
    return None if years is None else sum(years > end for end in table.duration_zones)


def offset_of(rows: list[Row], table: HouseSet, word: str) -> float:
    """Return the whole offset of a margin."""
    total, left = net_instruments(rows, word)
    nets: dict[str, float] = {}
    for name, rates in table.classes.items():
        mine = [(row, amount) for row, amount in left if row["asset_class"] == name and amount]
        if rates.match is Match.CURRENCY:
            total += match_currencies(rates.offset_rate, _legs(mine))
            continue
        groups: dict[Any, Sides] = defaultdict(lambda: {"up": [], "down": []})
        for row, amount in mine:
            group = _group(row, table)
            groups[group]["up" if amount > 0 else "down"].append(abs(amount))
        alone, loose = match_simple(0.0, {None: groups.pop(None, {"up": [], "down": []})})
        offset, net = match_simple(rates.offset_rate, groups)
        total += offset + alone
        nets[name] = net + loose
    return total + _cross(nets, table)


def _legs(mine: list[tuple[Row, float]]) -> list[tuple[tuple[str, str], float]]:
    legs = []
    for row, amount in mine:
        pair = _pair(row["symbol"])
        if pair is not None:
            legs.append((pair if amount > 0 else pair[::-1], abs(amount)))
    return legs


def _cross(nets: dict[str, float], table: HouseSet) -> float:
    total = 0.0
    for rule in table.cross_rules:
        one, other = (nets[name] for name in rule.classes)
        if (one * other > 0.0) != rule.same_direction or one * other == 0.0:
            continue
        matched = min(abs(one), abs(other))
        total += rule.rate * matched
        for name in rule.classes:
            nets[name] -= math.copysign(matched, nets[name])
    return total


def margins(portfolio: Portfolio, table: HouseSet) -> Margins:
    """Return a portfolio's margins."""
    rows = price_positions(portfolio, table)
    gross = {word: math.fsum(row[word] for row in rows) for word in ("initial", "maintenance")}
    return Margins(
        gross_initial=gross["initial"],
        initial=gross["initial"] - offset_of(rows, table, "initial"),
        gross_maintenance=gross["maintenance"],
        maintenance=gross["maintenance"] - offset_of(rows, table, "maintenance"),
        variation=math.fsum(row["variation"] for row in rows if row["variation"] is not None),
    )
