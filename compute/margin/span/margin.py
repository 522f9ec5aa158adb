"""SPAN: scan the scenarios, charge calendar spreads and delivery, credit spreads between commodities."""

from collections.abc import Mapping
from typing import Any

from compute.margin.span.arrays import risk_arrays
from compute.margin.span.exchange import read_exchange
from compute.margin.span.holdings import read_holdings
from compute.margin.span.model import figures
from compute.margin.span.report import report
from compute.margin.span.tables import chosen_set
from compute.market import Market
from compute.portfolio import Portfolio
from compute.result import Checkpoint, Result


def margin(portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
    """Return the SPAN requirement of an account at one exchange.

    Parameters
    ----------
    portfolio
        n positions in futures, options on them, or whatever the file has risk arrays for.
    parameters
        `version`, `span_parameters`.

    Raises
    ------
    InputError
        Unknown version, a file that does not fit, a position that the file does not know or that lacks a term.
    MissingRateError
        A currency has no rate into the base currency.
    """
    table = chosen_set(parameters)
    exchange = read_exchange(parameters["span_parameters"], table)
    holdings = read_holdings(portfolio, exchange)
    arrays = risk_arrays(portfolio, exchange, holdings, table, checkpoint, market.pricing)
    found = figures(portfolio, exchange, holdings, arrays)
    return report(portfolio, exchange, holdings, arrays, found, table)
