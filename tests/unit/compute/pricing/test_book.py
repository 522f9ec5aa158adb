import numpy as np
import pytest

from compute.errors import InputError
from compute.pricing.book import Book, greeks, prepare, reprice
from compute.pricing.terms import Kind
from tests.unit.compute.pricing.books import option, portfolio

EXACT = 1e-11
RATES = {"USD": 0.05, "EUR": 0.03}
MIXED = (
    {"symbol": "X", "price": 100.0, "quantity": -50.0},
    option(multiplier=100.0),
    option(option_type="put", exercise="american", dividend_yield=0.02),
    option(underlying="EUR/USD", underlying_price=1.1, strike=1.1, asset_class="fx"),
    {"symbol": "CL", "instrument": "future", "price": -37.0, "multiplier": 1000.0, "asset_class": "commodity"},
    option(underlying="CL", underlying_price=np.nan, strike=-30.0, implied_volatility=50.0, asset_class="commodity"),
    {"symbol": "T", "asset_class": "bond", "price": 99.0, "coupon": 0.04, "maturity": "2034-02-15"},
    {"symbol": "U", "asset_class": "bond", "price": 99.0, "duration": 8.0, "convexity": 70.0},
    {"symbol": "D", "asset_class": "derivative", "price": 5.0, "delta": 0.5, "gamma": 0.02, "vega": 0.1, "theta": -1.0},
    option(implied_volatility=np.nan, price=8.0, underlying_price=np.nan),
    option(underlying="CL", underlying_price=80.0, strike=85.0, exercise="american", asset_class="commodity"),
)


@pytest.fixture(scope="module")
def book() -> Book:
    return prepare(portfolio(*MIXED, rates=RATES))


def moves(book: Book, **by_name: list[float]) -> np.ndarray:
    scenarios = len(next(iter(by_name.values())))
    return np.array([by_name.get(name.replace("/", ""), [0.0] * scenarios) for name in book.underlyings])


def test_kinds_and_underlyings(book: Book):
    kinds = [
        Kind.LINEAR,
        Kind.LOGNORMAL,
        Kind.LOGNORMAL,
        Kind.LOGNORMAL,
        Kind.LINEAR,
        Kind.NORMAL,
        Kind.BOND,
        Kind.BOND,
    ]
    assert book.kind.tolist() == [*kinds, Kind.GREEKS, Kind.LOGNORMAL, Kind.LOGNORMAL]
    names = [book.underlyings[code] for code in book.underlying.tolist()]
    assert names == ["X", "X", "X", "EUR/USD", "CL", "CL", "T", "U", "D", "X", "CL"]
    assert set(book.underlyings) == set(names)


def test_underlying_prices_come_from_the_book(book: Book):
    assert book.spot[[5, 9]].tolist() == [-37.0, 100.0]


def test_nothing_moves_nothing_gained(book: Book):
    gain = reprice(book, np.zeros((len(book.underlyings), 3)))
    assert gain.shape == (len(book), 3)
    np.testing.assert_allclose(gain, 0.0, atol=EXACT * float(np.abs(book.scale).max()))


def test_linear_positions(book: Book):
    gain = reprice(book, moves(book, X=[0.1], CL=[0.1]))
    assert gain[0, 0] == pytest.approx(-500.0)
    assert gain[4, 0] == pytest.approx(3700.0)  # up is a gain, whatever the sign of the price


def test_full_revaluation_is_the_models_price(book: Book):
    there = {"underlying_price": 85.0, "implied_volatility": 0.25}
    rows = [{**row, **there} if index in {1, 2} else row for index, row in enumerate(MIXED)]
    moved = prepare(portfolio(*rows, rates=RATES))
    gain = reprice(book, moves(book, X=[-0.15]), np.array([0.25]))
    expected = (greeks(moved).price - greeks(book).price) * book.scale
    np.testing.assert_allclose(gain[[1, 2], 0], expected[[1, 2]], rtol=EXACT)


def test_small_moves_follow_the_greeks(book: Book):
    h, found = 1e-5, greeks(book)
    gain = reprice(book, np.full((len(book.underlyings), 2), [[h, -h]])) / book.scale[:, None]
    np.testing.assert_allclose((gain[:, 0] - gain[:, 1]) / (2 * h * np.abs(book.spot)), found.delta, rtol=2e-3)
    still = np.zeros((len(book.underlyings), 2))
    gain = reprice(book, still, np.array([h, -h]), vol_shift_kind="absolute") / book.scale[:, None]
    np.testing.assert_allclose((gain[:, 0] - gain[:, 1]) / (2 * h), found.vega, rtol=1e-3, atol=1e-6)


def test_time_goes_by(book: Book):
    found = greeks(book)
    still = np.zeros((len(book.underlyings), 1))
    gain = reprice(book, still, time_shift_days=1e-3)[:, 0] / book.scale * 365e3
    np.testing.assert_allclose(gain, found.theta, rtol=5e-3, atol=1e-3)
    beyond = reprice(book, moves(book, X=[0.1]), time_shift_days=400.0)[:, 0] / book.scale
    assert beyond[1] + found.price[1] == pytest.approx(10.0)


def test_rates_move_bonds_and_options(book: Book):
    still = np.zeros((len(book.underlyings), 2))
    gain = reprice(book, still, rate_shift=np.array([1e-5, -1e-5])) / book.scale[:, None]
    np.testing.assert_allclose((gain[:, 0] - gain[:, 1]) / 2e-5, greeks(book).rho, rtol=2e-3, atol=2e-3)


def test_checkpoint_counts_the_cells(book: Book):
    seen: list[tuple[int, int]] = []
    reprice(book, np.zeros((len(book.underlyings), 5000)), checkpoint=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1]
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_shapes_are_checked(book: Book):
    still = np.zeros((len(book.underlyings), 2))
    for arguments in ((still[1:],), (still, np.zeros(3)), (still, None, np.zeros(1))):
        spot, vol, rate = (*arguments, None, None)[:3]
        with pytest.raises(ValueError, match="has shape"):
            reprice(book, spot, vol, rate_shift=rate)


def test_an_empty_book():
    book = prepare(portfolio())
    assert reprice(book, np.zeros((0, 4))).shape == (0, 4)
    assert greeks(book).price.shape == (0,)


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"expiry": "2023-12-29"}, "expiry"),
        ({"instrument": "stock", "option_type": None}, "price"),
        ({"strike": np.nan}, "strike"),
        ({"expiry": None}, "expiry"),
        ({"option_type": None}, "option_type"),
        ({"underlying_price": np.nan, "underlying": "Y"}, "underlying_price"),
        ({"implied_volatility": np.nan}, "implied_volatility"),
        ({"implied_volatility": np.nan, "price": 101.0}, "price"),
        ({"implied_volatility": np.nan, "price": 1.0, "strike": 50.0}, "price"),
        ({"underlying": "EUR/USD", "currency": "EUR"}, "currency"),
    ],
)
def test_bad_options_are_named(broken: dict[str, object], field: str):
    with pytest.raises(InputError) as caught:
        prepare(portfolio({"symbol": "A", "price": 1.0}, option(**broken), rates=RATES, fx={"EUR/USD": 1.1}))
    assert caught.value.pointer == f"/portfolio/positions/1/{field}"
    assert "p1" in caught.value.detail
    assert caught.value.remedy
