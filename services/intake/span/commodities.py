"""The combined commodities of a SPAN file and the spreads between them, as far as a book's contracts are in them."""

from collections.abc import Iterator
from typing import Any

from services.intake.span.contracts import Contract, Found, Key
from services.intake.span.figures import RATE, number, rate, refuse
from services.intake.span.records import Record

_SOM = {"GROSS": "gross", "MAX": "maximum"}


def by_portfolio(contracts: dict[str, Contract]) -> dict[Key, list[Contract]]:
    """Return the contracts of each portfolio."""
    found: dict[Key, list[Contract]] = {}
    for one in contracts.values():
        found.setdefault(one.portfolio, []).append(one)
    return found


def commodity(
    record: Record, owned: dict[Key, list[Contract]], found: Found, *, at_contract: bool
) -> dict[str, Any] | None:
    """Return a combined commodity, None where it holds none of the contracts that are wanted."""
    held: list[Contract] = []
    contracts: dict[str, Any] = {}
    for link in record.all("pfLink"):
        scale = number(link, "sc", 1.0)
        for one in owned.get((link.get("exch") or "", link.get("pfId") or ""), ()):
            month = found.months.get(one.under, one.month) if one.under is not None else one.month
            contracts[one.symbol] = {"month": month or one.month, "delta_scale": one.scale if at_contract else scale}
            held.append(one)
    if not held:
        return None
    months = sorted({str(contract["month"]) for contract in contracts.values()})
    options = [one for one in held if one.option]
    name = record.get("cc") or ""
    document: dict[str, Any] = {
        "contracts": contracts,
        "currency": _currency(record, held),
        "short_option_minimum": _minimum(record),
        "short_option_method": _method(record),
        "net_option_value": not (options and all(one.futures_style for one in options)),
        "tiers": _tiers(record, months),
        "calendar_spreads": list(_calendar(record, name, months, found)),
        "spot_month": _spots(record, months),
    }
    if options and len({one.futures_style for one in options}) > 1:
        found.notes.append(f"{name} has options valued as futures and others: the value of all of them is counted.")
    for tag in ("hSpread", "sSpread"):
        if record.parts.get(tag):
            found.notes.append(f"{name} has spreads of the kind {tag}, which are not read.")
    return document


def _currency(record: Record, held: list[Contract]) -> str:
    own = record.get("currency")
    used = {one.currency or own for one in held}
    if len(used) > 1 or (own and used != {own}):
        named = ", ".join(sorted(str(one) for one in used | {own}))
        refuse(
            record, f"the combined commodity {record.get('cc')} and its contracts are in several currencies: {named}"
        )
    return next(iter(used)) or "USD"


def _minimum(record: Record) -> float:
    rates = {rate(tier) for tier in record.all("somTiers", "tier")}
    if len(rates) > 1:
        refuse(record, f"the short option minimum of {record.get('cc')} differs by tier, which is not built")
    return next(iter(rates), 0.0)


def _method(record: Record) -> str:
    given = record.get("somMeth") or "GROSS"
    if given not in _SOM:
        refuse(record, f"{record.get('cc')} has an unknown short option method {given}")
    return _SOM[given]


def _tiers(record: Record, months: list[str]) -> dict[str, list[str]]:
    """Return the months of each tier of calendar spreads; one tier where the file has none."""
    found: dict[str, list[str]] = {}
    for tier in record.all("intraTiers", "tier"):
        first, last = tier.get("sPe") or "", tier.get("ePe") or "~"
        found[f"tier {tier.get('tn')}"] = [month for month in months if first <= month <= _whole(last, month)]
    return found or {"all": months}


def _whole(last: str, month: str) -> str:
    """Return the end of a tier; one that is a month holds all days of it."""
    return f"{last}~" if len(last) < len(month) else last


def _calendar(record: Record, name: str, months: list[str], found: Found) -> Iterator[dict[str, Any]]:
    tiers = _tiers(record, months)
    for spread in _ordered(record.all("dSpread")):
        method = spread.get("chargeMeth") or "F"
        if method != "F":
            found.notes.append(f"{name}: a calendar spread is charged by the method {method}, which is not built.")
            continue
        legs = [
            *((f"tier {leg.get('tn')}", leg) for leg in spread.all("tLeg")),
            *((leg.get("pe") or "", leg) for leg in spread.all("pLeg")),
        ]
        if any(leg.get("cc") not in {None, name} for _, leg in legs):
            refuse(spread, f"a calendar spread of {name} has a leg in another commodity")
        if all(place in tiers or place in months for place, _ in legs):  # else a leg is in a month that nobody holds
            yield {"legs": [{"tier": place, **_side(leg)} for place, leg in legs], "charge": rate(spread)}


def _side(leg: Record) -> dict[str, Any]:
    return {"side": leg.get("rs") or "", "deltas": number(leg, "i", 1.0)}


def _spots(record: Record, months: list[str]) -> list[dict[str, Any]]:
    found = []
    for spot in record.all("spotRate"):
        month = spot.get("pe") or ""
        if (spot.get("r") or RATE) == RATE and month in months:
            charges = {"per_spread": number(spot, "sprd", 0.0), "per_outright": number(spot, "outr", 0.0)}
            found.append({"months": [month], **charges})
    return found


def between(house: Record, commodities: dict[str, Any], found: Found) -> Iterator[dict[str, Any]]:
    """Yield the spreads whose legs are all held, nearest priority first."""
    several = {
        record.get("cc") for record in house.all("ccDef") if len(record.all("interTiers", "tier")) > 1
    }  # tiers of deltas between commodities are not built
    for spread in _ordered(house.all("interSpreads", "dSpread")):
        legs = spread.all("tLeg")
        names = [leg.get("cc") or "" for leg in legs]
        if not legs or not all(name in commodities for name in names):
            continue
        what = " and ".join(names)
        if len(set(names)) < len(names) or set(names) & several:
            found.notes.append(f"The spread of {what} counts deltas by tier, which is not built: it gives no credit.")
            continue
        credit = rate(spread)
        if not 0.0 <= credit <= 1.0:
            refuse(spread, f"the credit rate {credit:g} of {what} is no fraction")
        yield {
            "legs": [{"commodity": leg.get("cc"), **_side(leg)} for leg in legs],
            "credit_pct": 100.0 * credit,
        }
    for tag in ("hSpread", "sSpread"):
        for spread in house.all("interSpreads", tag):
            names = [leg.get("cc") or "" for kind in ("tLeg", "sLeg") for leg in spread.all(kind)]
            if names and all(name in commodities for name in names):
                found.notes.append(f"The {tag} of {' and '.join(names)} is not built: it gives no credit.")


def _ordered(spreads: list[Record]) -> list[Record]:
    return sorted(spreads, key=lambda one: number(one, "spread", 0.0))
