"""The figures of docs/models/pricing.md."""

import numpy as np
import pytest

from compute.pricing.american import early_prices
from compute.pricing.european import Options, lognormal_greeks


def options(**terms: float) -> Options:
    usual = {"carry": 0.0, "future": 0.0, "rate": 0.1}
    return Options(**{name: np.array([value]) for name, value in {**usual, **terms}.items()})


@pytest.mark.parametrize(("sign", "price"), [(1.0, 4.76), (-1.0, 0.81)])
def test_hulls_european_options(sign: float, price: float):
    found = lognormal_greeks(options(spot=42.0, strike=40.0, years=0.5, vol=0.2, sign=sign))
    assert round(float(found.price[0]), 2) == price


def test_hulls_american_put():
    found = early_prices(options(spot=50.0, strike=50.0, years=5 / 12, vol=0.4, sign=-1.0))
    assert round(float(found[0]), 2) == 4.28
