"""The cheapest decomposition by trying all: an independent statement of the rules, contract by contract.

Every way to split an account's contracts and lots of 100 shares into sets is tried, and every set priced by the first
rule of the manual that fits it. Nothing here is shared with the model.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Unit = Mapping[str, Any]
Cost = tuple[float, float]
"""Net deposit and maintenance margin."""

SIZE = 100.0


def units(rows: Sequence[Mapping[str, Any]]) -> list[Unit]:
    """One dict a contract or lot."""
    found: list[Unit] = []
    for row in rows:
        lots = abs(row["quantity"]) / (SIZE if row["instrument"] == "stock" else 1)
        assert lots == int(lots)
        found += [{**row, "long": row["quantity"] > 0}] * int(lots)
    return found


def cheapest(rows: Sequence[Mapping[str, Any]]) -> Cost:
    """Least net deposit; among those the least maintenance margin."""
    best = (float("inf"), float("inf"))
    for split in partitions(units(rows)):
        costs = [cost(block) for block in split]
        if all(item is not None for item in costs):
            net, kept = (sum(item[side] for item in costs if item) for side in (0, 1))
            if net < best[0] - 1e-6 or (net < best[0] + 1e-6 and kept < best[1]):
                best = (net, kept)
    return best


def partitions(items: list[Unit]) -> Iterator[list[list[Unit]]]:
    if not items:
        yield []
        return
    first, *rest = items
    for split in partitions(rest):
        yield [[first], *split]
        for place, block in enumerate(split):
            yield [*split[:place], [first, *block], *split[place + 1 :]]


def cost(block: list[Unit]) -> Cost | None:
    stocks = [item for item in block if item["instrument"] == "stock"]
    options = [item for item in block if item["instrument"] == "option"]
    if stocks:
        return with_stock(stocks[0], options) if len(stocks) == 1 and len(options) <= 2 else None
    if len(options) == 1:
        return single(options[0])
    found = [item for item in (straddle(options), european_box(options), spread(options)) if item is not None]
    return min(found) if found else None


def premium(item: Unit) -> float:
    return float(item["price"] * SIZE)


def worth(item: Unit, price: float) -> float:
    move = price - item["strike"] if item["option_type"] == "call" else item["strike"] - price
    return float(max(move, 0.0) * SIZE)


def outside(item: Unit) -> float:
    """The out-of-the-money amount."""
    move = item["strike"] - item["underlying_price"]
    return float(max(move if item["option_type"] == "call" else -move, 0.0) * SIZE)


def naked(item: Unit) -> float:
    """What a short needs beyond its premium."""
    spot = item["underlying_price"]
    scale = (item.get("leverage") or 1.0) * SIZE
    share = 0.15 if item.get("index_class") == "broad" else 0.20
    floor = spot if item["option_type"] == "call" else item["strike"]
    return float(max(share * scale * spot - outside(item), 0.10 * scale * floor))


def single(item: Unit) -> Cost:
    if not item["long"]:
        return naked(item), naked(item) + premium(item)
    charge = premium(item) * (0.75 if item["expiry"] > "2026-12-02" else 1.0)
    return charge, charge


def straddle(options: list[Unit]) -> Cost | None:
    if len(options) != 2 or any(item["long"] for item in options):
        return None
    if {item["option_type"] for item in options} != {"call", "put"}:
        return None
    greater, lesser = sorted(options, key=lambda item: -(naked(item) + premium(item)))
    return naked(greater), naked(greater) + premium(greater) + premium(lesser)


def spread(options: list[Unit]) -> Cost | None:
    longs = [item for item in options if item["long"]]
    shorts = [item for item in options if not item["long"]]
    for kind in ("call", "put"):
        if sum(i["option_type"] == kind for i in longs) != sum(i["option_type"] == kind for i in shorts):
            return None
    if len({item.get("exercise") or "american" for item in options}) > 1:
        return None
    if max(item["expiry"] for item in shorts) > min(item["expiry"] for item in longs):
        return None
    values = [
        sum((1 if item["long"] else -1) * worth(item, price) for item in options)
        for price in {item["strike"] for item in options}
    ]
    charge = max(0.0, -min(values)) + sum(map(premium, longs)) - sum(map(premium, shorts))
    return charge, charge


def european_box(options: list[Unit]) -> Cost | None:
    if len(options) != 4 or any(item.get("exercise") != "european" for item in options):
        return None
    if len({item["expiry"] for item in options}) > 1:
        return None
    held = {(item["option_type"], item["long"]): item["strike"] for item in options}
    if len(held) != 4 or held["call", True] != held["put", False] or held["call", False] != held["put", True]:
        return None
    width = held["call", False] - held["call", True]
    if width <= 0:
        return None
    charge = 0.5 * width * SIZE
    return charge, charge


def shares(item: Unit) -> Cost:
    """Initial and maintenance margin of a lot."""
    price = item["price"]
    if item["long"]:
        return 0.5 * price * SIZE, 0.25 * price * SIZE
    kept = max(2.5, price) if price < 5.0 else max(5.0, 0.30 * price)
    return max(1.5 * price, price + kept) * SIZE, kept * SIZE


def with_stock(lot: Unit, options: list[Unit]) -> Cost | None:
    initial, kept = shares(lot)
    cover = "call" if lot["long"] else "put"
    shorts = [item for item in options if not item["long"]]
    longs = [item for item in options if item["long"]]
    if len(longs) > 1 or len(shorts) > 1 or any(item["option_type"] != cover for item in shorts):
        return None
    if any(item["option_type"] == cover or item.get("exercise") == "european" for item in longs):
        return None
    initial += sum(map(premium, longs)) - sum(map(premium, shorts))
    if not lot["long"]:
        initial += sum(worth(item, item["underlying_price"]) for item in shorts)
    if longs and shorts:
        found = between(lot, longs[0], shorts[0])
        return None if found is None else (initial, found)
    if longs:
        return initial, min(0.10 * longs[0]["strike"] * SIZE + outside(longs[0]), kept)
    if shorts and lot["long"]:
        return initial, 0.25 * min(lot["price"], shorts[0]["strike"]) * SIZE
    return initial, kept + sum(worth(item, item["underlying_price"]) for item in shorts)


def between(lot: Unit, bought: Unit, sold: Unit) -> float | None:
    """Maintenance margin of a collar, conversion or reverse conversion."""
    if bought["expiry"] != sold["expiry"] or sold.get("exercise") == "european":
        return None
    tenth = 0.10 * bought["strike"] * SIZE
    if bought["strike"] == sold["strike"]:
        return float(tenth + (0.0 if lot["long"] else worth(sold, sold["underlying_price"])))
    if not lot["long"] or bought["strike"] > sold["strike"]:
        return None
    return float(min(tenth + outside(bought), 0.25 * sold["strike"] * SIZE))
