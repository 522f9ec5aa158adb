"""Currency pairs, duration zones and instruments."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.margin.groups import currency_pair, zone_names
from compute.margin.instruments import TERMS, UNIT_RISKS, instruments
from tests.unit.compute.margin.books import book, row


@pytest.mark.parametrize(
    ("symbol", "pair"),
    [
        ("EUR/USD", ("EUR", "USD")),
        ("eur-usd", ("EUR", "USD")),
        ("EURUSD", ("EUR", "USD")),
        ("USD_JPY", ("USD", "JPY")),
        ("USD/USD", None),
        ("EUR+USD", None),
        ("123/456", None),
        ("ÉUR/USD", None),
        ("EUR", None),
        ("EUR/USDT", None),
    ],
)
def test_currency_pair(symbol, pair):
    assert currency_pair(symbol) == pair


def test_zone_names():
    assert zone_names((1.0, 4.0)) == ("duration up to 1", "duration 1 to 4", "duration above 4")
    assert zone_names(()) == ("any duration",)


LOTS = st.lists(
    st.builds(
        row,
        st.sampled_from(["A", "B"]),
        st.sampled_from(["equity", "derivative"]),
        st.floats(-10, 10),
        st.floats(1, 2),
        currency=st.sampled_from(["USD", "EUR"]),
        strike=st.sampled_from([None, 0.0, -0.0, 90.0, 90.5]),
        delta=st.sampled_from([None, 0.5, -0.5]),
        expiry=st.sampled_from([None, "2025-03-21", "2025-06-20"]),
        multiplier=st.sampled_from([1.0, 100.0]),
    ),
    max_size=40,
)


@given(rows=LOTS)
@settings(deadline=None)
def test_instruments_are_those_with_equal_terms(rows):
    found = instruments(book(rows))
    keys = [tuple(item.get(name) for name in ("symbol", *TERMS, *UNIT_RISKS)) for item in rows]
    numbers: dict[tuple[object, ...], int] = {}
    expected = [numbers.setdefault(key, len(numbers)) for key in keys]
    assert found.codes.tolist() == expected
    assert [expected.index(code) for code in range(len(numbers))] == found.first.tolist()


def test_many_terms_under_one_symbol():
    strikes = np.arange(20_000) / 4
    rows = [row("SPX", "derivative", 1, 1, strike=strike) for strike in [*strikes, *strikes]]
    found = instruments(book(rows))
    assert found.first.tolist() == list(range(20_000))
    assert found.codes.tolist() == [*range(20_000), *range(20_000)]
