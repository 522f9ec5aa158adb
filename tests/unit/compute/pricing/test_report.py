import numpy as np
import pytest

from compute.errors import InputError
from compute.market import Market
from compute.measures import measure
from compute.result import Result, check_finite, no_checkpoint
from tests.unit.compute.pricing.books import option, portfolio
from tests.unit.compute.pricing.test_book import MIXED, RATES


def price(*positions: dict[str, object], model: str = "auto", **fields: object) -> Result:
    book = portfolio(*positions, **fields)
    return check_finite(measure("price").kernel(book, Market(), {"model": model}, no_checkpoint))


def test_every_position_has_a_row():
    found = price(*MIXED, rates=RATES)
    rows = found.tables["positions"]
    assert set(rows) >= {"id", "price", "delta", "gamma", "vega", "theta", "rho"}
    assert rows["kind"][:2] == ["linear", "option"]
    assert len(rows["id"]) == len(MIXED)
    assert found.document["value"] == pytest.approx(float(np.sum(rows["value"])))
    assert found.document["american_method"]


def test_an_option_without_a_volatility_is_worth_its_price():
    terms = {"implied_volatility": np.nan, "price": 9.5}
    found = price(option(**terms), option(**terms, exercise="american", dividend_yield=0.03), rates={"USD": 0.05})
    np.testing.assert_allclose(found.tables["positions"]["price"], 9.5, rtol=1e-9)
    assert found.tables["options"]["volatility_source"] == ["price", "price"]


def test_terms_stand_in_for_a_price():
    found = price(option(), {"asset_class": "bond", "coupon": 0.04, "maturity": "2034-02-15"}, rates=RATES)
    assert found.tables["positions"]["price"][0] > 8.0
    assert measure("price").values_itself


def test_a_missing_rate_is_zero_and_said():
    found = price(option())
    assert found.document["rates"] == {"USD": 0.0}
    assert any("USD" in sentence for sentence in found.document["assumptions"])


def test_values_are_in_the_base_currency():
    found = price({"symbol": "A", "price": 10.0, "quantity": 3.0, "currency": "EUR"}, fx={"EUR/USD": 1.1})
    assert found.document["value"] == pytest.approx(33.0)
    assert found.tables["positions"]["price"][0] == 10.0


def test_ratings_are_carried():
    terms = {"asset_class": "bond", "price": 99.0, "coupon": 0.04, "maturity": "2034-02-15"}
    found = price({**terms, "rating": "AA+"}, terms)
    assert found.tables["bonds"]["rating"] == ["AA+", "unrated"]


def test_the_model_can_be_chosen():
    normal = price(option(implied_volatility=20.0), model="normal")
    assert normal.tables["options"]["model"] == ["normal"]
    with pytest.raises(InputError, match="p0"):
        price(option(underlying_price=-1.0), model="lognormal")


def test_an_empty_portfolio_is_worth_nothing():
    assert price().document["value"] == 0.0
