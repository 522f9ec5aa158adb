"""Other calculation currencies than USD against the formula: what is no risk, which weights, what the answer is in."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

import pytest

from compute.margin.simm.margin import margin
from compute.market import Market
from compute.result import no_checkpoint
from tests.unit.compute.margin.simm.crif import PARAMETERS, decoded

RELATIVE = 1e-12
HEADER = "PortfolioID,ProductClass,RiskType,Qualifier,Label1,AmountUSD\n"
EUR, USD, BRL = (f"P,RatesFX,Risk_FX,{currency},,{{:.0f}}\n" for currency in ("EUR", "USD", "BRL"))
# Version 2.6: BRL is of high volatility, the others regular; weights by the calculation currency's group, then its own.
REGULAR, MIXED, HIGH = 7.4, 14.7, 21.4


def computed(rows: str, currency: str = "USD", **fx: float) -> Mapping[str, Any]:
    rates = {name.replace("_", "/"): value for name, value in fx.items()}
    parameters = {**PARAMETERS, "version": "2.6", "calculation_currency": currency, "fx": rates}
    return margin(decoded(HEADER + rows), Market(), parameters, no_checkpoint).document


def test_the_calculation_currency_is_no_risk():
    found = computed(EUR.format(1000) + USD.format(-900), "EUR", EUR_USD=1.25)
    assert found["currency"] == "EUR"
    assert found["initial_margin"] == pytest.approx(900 * REGULAR / 1.25, rel=RELATIVE)
    found = computed(EUR.format(1000) + USD.format(-900), "USD")
    assert found["initial_margin"] == pytest.approx(1000 * REGULAR, rel=RELATIVE)


def test_an_inverse_rate_will_do():
    found = computed(USD.format(-900), "EUR", USD_EUR=0.8)
    assert found["initial_margin"] == pytest.approx(900 * REGULAR * 0.8, rel=RELATIVE)


def test_weights_and_correlations_go_by_the_calculation_currencys_volatility():
    two = USD.format(1000) + EUR.format(-400)
    regular = computed(two, "GBP", GBP_USD=1.0)["initial_margin"]
    assert regular == pytest.approx(REGULAR * sqrt(1000**2 + 400**2 - 2 * 0.5 * 1000 * 400), rel=RELATIVE)
    high = computed(two, "BRL", BRL_USD=1.0)["initial_margin"]
    assert high > regular
    single = computed(USD.format(1000), "BRL", BRL_USD=1.0)["initial_margin"]
    assert single == pytest.approx(MIXED * 1000, rel=RELATIVE)
    assert computed(BRL.format(1000))["initial_margin"] == pytest.approx(MIXED * 1000, rel=RELATIVE)
    both_high = computed("P,RatesFX,Risk_FX,TRY,,1000\n", "BRL", BRL_USD=1.0)["initial_margin"]
    assert both_high == pytest.approx(HIGH * 1000, rel=RELATIVE)


def test_only_fx_delta_knows_the_calculation_currency():
    rows = "P,RatesFX,Risk_FXVol,EURUSD,1y,1000000\nP,RatesFX,Risk_IRVol,EUR,1y,50000\n"
    usd, eur = computed(rows), computed(rows, "EUR", EUR_USD=1.25)
    for name in ("initial_margin", "vega", "curvature"):
        assert eur[name] == pytest.approx(usd[name] / 1.25, rel=RELATIVE)
