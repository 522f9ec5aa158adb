from datetime import date

import numpy as np
import pytest

from compute.errors import InputError
from compute.pricing.book import greeks, prepare, reprice
from tests.unit.compute.pricing.books import AS_OF, portfolio
from tests.unit.compute.pricing.quantlib_peer import COUNTER, ql

PEER_ERROR = 1e-9  # of yield, duration, convexity and accrued interest
BONDS = [
    ("2034-02-15", 0.04, 99.0),
    ("2026-03-31", 0.0125, 96.5),
    ("2053-11-15", 0.0475, 108.2),
    ("2024-01-15", 0.03, 100.1),
]


def bond(maturity: str, coupon: float, price: float = np.nan, **terms: object) -> dict[str, object]:
    return {"symbol": maturity, "asset_class": "bond", "maturity": maturity, "coupon": coupon, "price": price, **terms}


def peer(maturity: str, coupon: float, price: float) -> tuple[float, float, float, float]:
    today = ql.Date(AS_OF.day, AS_OF.month, AS_OF.year)
    ql.Settings.instance().evaluationDate = today
    due = date.fromisoformat(maturity)
    end = ql.Date(due.day, due.month, due.year)
    begin = ql.NullCalendar().advance(end, -60, ql.Years)
    terms = (ql.NullCalendar(), ql.Unadjusted, ql.Unadjusted, ql.DateGeneration.Backward, False)
    coupons = ql.Schedule(begin, end, ql.Period(ql.Semiannual), *terms)
    found = ql.FixedRateBond(0, 100.0, coupons, [coupon], ql.ActualActual(ql.ActualActual.ISMA, coupons))
    quote = ql.BondPrice(price, ql.BondPrice.Clean)
    rate = ql.BondFunctions.bondYield(found, quote, COUNTER, ql.Continuous, ql.Annual, today, 1e-14)
    duration = ql.BondFunctions.duration(found, rate, COUNTER, ql.Continuous, ql.Annual, ql.Duration.Modified, today)
    convexity = ql.BondFunctions.convexity(found, rate, COUNTER, ql.Continuous, ql.Annual, today)
    return found.accruedAmount(today), rate, duration, convexity


@pytest.mark.parametrize(("maturity", "coupon", "price"), BONDS)
def test_quantlib_agrees(maturity: str, coupon: float, price: float):
    found = prepare(portfolio(bond(maturity, coupon, price))).bonds
    ours = [float(column[0]) for column in (found.accrued, found.yields, found.duration, found.convexity)]
    assert ours == pytest.approx(peer(maturity, coupon, price), abs=PEER_ERROR, rel=PEER_ERROR)


def test_without_a_price_the_rate_values_it():
    book = prepare(portfolio(bond("2034-02-15", 0.04), rates={"USD": 0.045}))
    again = prepare(portfolio(bond("2034-02-15", 0.04, float(book.price[0]))))
    assert again.bonds.yields[0] == pytest.approx(0.045)


def test_a_move_of_the_yield_revalues_the_flows():
    book = prepare(portfolio(bond("2034-02-15", 0.04, 99.0, quantity=10.0)))
    gain = reprice(book, np.zeros((1, 1)), rate_shift=np.array([0.02]))[0, 0]
    bonds, dirty = book.bonds, 99.0 + book.bonds.accrued[0]
    revalued = np.sum(bonds.amounts * np.exp(-(bonds.yields[0] + 0.02) * bonds.times))
    assert gain == pytest.approx(10.0 * (revalued - dirty))
    quadratic = dirty * (-bonds.duration[0] * 0.02 + 0.5 * bonds.convexity[0] * 0.02**2)
    assert gain == pytest.approx(10.0 * quadratic, rel=0.01)


def test_given_duration_stands_in_for_flows():
    book = prepare(portfolio({"symbol": "B", "asset_class": "bond", "price": 95.0, "duration": 8.5}))
    assert greeks(book).rho[0] == -8.5 * 95.0
    assert reprice(book, np.zeros((1, 1)), rate_shift=np.array([0.01]))[0, 0] == pytest.approx(-0.085 * 95.0)


def test_coupons_that_fall_due_are_kept_as_cash():
    book = prepare(portfolio(bond("2024-01-15", 0.03, 100.1)))
    gain = reprice(book, np.zeros((1, 1)), time_shift_days=30.0)[0, 0]
    assert gain == pytest.approx(101.5 - (100.1 + book.bonds.accrued[0]))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"maturity": "2023-06-30"}, "maturity"),
        ({"price": -5.0}, "price"),
        ({"price": 1.0, "maturity": "2024-01-15"}, "price"),
    ],
)
def test_bad_bonds_are_named(wrong: dict[str, object], field: str):
    terms = {"maturity": "2034-02-15", "coupon": 0.0, "price": 90.0, **wrong}
    with pytest.raises(InputError) as caught:
        prepare(portfolio({"symbol": "X", "price": 1.0}, bond(**terms)))  # type: ignore[arg-type]
    assert caught.value.pointer == f"/portfolio/positions/1/{field}"
