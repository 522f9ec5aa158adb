"""What one contract, share or security needs on its own; amounts in the base currency.

Sources: 12 CFR 220.12(a)-(c); FINRA 4210(b), (c), (e)(2), (f)(2)(D), (E), (H); Cboe Margin Manual of 2021-11-30.
"""

from compute.margin.reg_t.holdings import Security, Series, Stock
from compute.margin.reg_t.tables import RegTSet


def uncovered(item: Series, table: RegTSet) -> float:
    """Return what a short contract needs beyond its own premium.

    max(base L U - out of the money, minimum L U) for a call, with the strike in the minimum of a put; L is leverage,
    which scales the percentages and not the out-of-the-money amount.
    """
    rates = table.options
    scale = item.leverage * item.multiplier
    base = rates.base[item.index_class] * scale * item.underlying_price - item.out_of_the_money
    floor = rates.minimum * scale * (item.underlying_price if item.call else item.strike)
    return max(base, floor)


def long_option(item: Series, table: RegTSet) -> float:
    """Return what a long contract needs: in full, or 75 % of its value beyond nine months."""
    return item.premium * (table.options.long_dated if item.long_dated else table.options.short_dated)


def stock_maintenance(item: Stock, table: RegTSet) -> float:
    """Return the maintenance margin of a share, without the proceeds of a short sale."""
    rates = table.account
    if item.sign > 0:
        return item.price * long_rate(item, table)
    if item.price < rates.low_price * item.usd:
        return max(rates.low_price_short_per_share * item.usd, rates.low_price_short * item.leverage * item.price)
    return max(rates.maintenance_short_per_share * item.usd, rates.maintenance_short * item.leverage * item.price)


def long_rate(item: Stock, table: RegTSet) -> float:
    """Return the maintenance rate of a long share."""
    return min(table.account.leveraged_long_cap, table.account.maintenance_long * item.leverage)


def stock_initial(item: Stock, table: RegTSet) -> float:
    """Return the initial margin of a share: Regulation T's, or maintenance where that is greater (FINRA 4210(b)).

    That of a short share holds the proceeds of the sale, as Regulation T states it.
    """
    maintenance = stock_maintenance(item, table)
    if item.sign > 0:
        return max(table.account.initial_long * item.price, maintenance)
    return max(table.account.initial_short * item.price, item.price + maintenance)


def covered_call(item: Series, stock: Stock, table: RegTSet) -> float:
    """Return the maintenance margin of the shares under a short call: stock valued at no more than the strike."""
    rate = max(table.strategies.covered_call, long_rate(stock, table))
    return rate * min(stock.price, item.strike) * item.multiplier


def long_offset(item: Series, stock: Stock, table: RegTSet) -> float:
    """Return the maintenance margin of the shares that a long put (or call, for a short) protects."""
    protected = table.strategies.offset_exercise_price * item.strike * item.multiplier + item.out_of_the_money
    return min(protected, stock_maintenance(stock, table) * item.multiplier)


def collar(put: Series, call: Series, table: RegTSet) -> float:
    """Return the maintenance margin of a collar, or of a conversion where the strikes are equal."""
    share = table.strategies.offset_exercise_price * put.strike * put.multiplier
    if put.strike == call.strike:
        return share
    return min(share + put.out_of_the_money, table.strategies.collar_call * call.strike * call.multiplier)


def reverse_conversion(call: Series, put: Series, table: RegTSet) -> float:
    """Return the maintenance margin of a reverse conversion."""
    return table.strategies.offset_exercise_price * call.strike * call.multiplier + put.in_the_money


def security(item: Security, table: RegTSet) -> float:
    """Return the margin, initial and maintenance, of an exempt or non-equity security."""
    rates = table.bonds
    if item.kind == "us_government":
        return _government(item, table)
    if item.kind == "other":
        return max(rates.other_market_value * item.market_value, rates.other_principal * item.principal)
    share: float = getattr(rates, item.kind)
    return share * item.market_value


def _government(item: Security, table: RegTSet) -> float:
    rates = table.bonds
    bucket = sum(item.years >= bound for bound in rates.government_years)
    charge = rates.government[bucket] * item.market_value
    if item.zero_coupon and item.years >= rates.government_years[2]:
        charge = max(charge, rates.zero_coupon_over_5y * item.principal)
    return charge
