import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.errors import CancelledError, HistoryError, InputError
from compute.margin.fhs.margin import margin
from compute.market import Market, PriceHistory
from compute.measures import MEASURES
from tests.unit.compute.margin.fhs.books import compute, gaussian, made, names
from tests.unit.compute.simulation.books import AS_OF, made_history, portfolio, real_book

CLOSE = 1e-9  # relative: sums in another order, through logarithms and back


def slow_scenarios(market: Market, days: int = 2, lookback: int = 1250, decay: float = 0.97) -> np.ndarray:
    """Today's scenarios of all symbols of a gapless history, by loops."""
    assert market.history is not None
    returns = np.diff(np.log(market.history.closes), axis=0)
    span = math.ceil(math.log(0.01) / math.log(decay))
    weights = decay ** np.arange(span)[::-1]
    weights /= weights.sum()
    volatility = [np.sqrt(weights @ returns[day - span : day] ** 2) for day in range(span, len(returns) + 1)]
    standard = [returns[day] / volatility[day - span] for day in range(span, len(returns))][-lookback:]
    rows = [np.sum(standard[begin : begin + days], axis=0) for begin in range(lookback - days + 1)]
    return np.asarray(np.expm1(np.array(rows) * volatility[-1]))


@pytest.mark.parametrize(("measure", "decay"), [("es", 0.97), ("var", 0.97), ("es", 0.99)])
def test_real_book_equals_a_loop(measure: str, decay: float) -> None:
    book, market = real_book()
    result = compute(book, market, risk_measure=measure, **{"lambda": decay})
    losses = np.sort(-slow_scenarios(market, decay=decay) @ (book.numbers["quantity"] * book.numbers["price"]))
    rank = math.ceil(0.99 * 1249)
    mass = 0.01 * 1249
    es = losses[rank - 1] + (losses[rank:] - losses[rank - 1]).sum() / mass
    assert result.document["core_var"] == pytest.approx(losses[rank - 1], rel=CLOSE)
    assert result.document["core_es"] == pytest.approx(es, rel=CLOSE)
    expected = es if measure == "es" else losses[rank - 1]
    assert result.document["initial_margin"] == pytest.approx(expected, rel=CLOSE)
    assert result.document["scenarios"] == 1249


@pytest.mark.parametrize("measure", ["es", "var"])
def test_contributions_sum_to_the_core(measure: str) -> None:
    book, market = real_book()
    result = compute(book, market, risk_measure=measure, apc="buffer")
    table = result.tables["positions"]
    assert table["core_contribution"].sum() == pytest.approx(result.document["breakdown"]["core"], rel=CLOSE)
    assert table["initial_margin"].sum() == pytest.approx(result.document["initial_margin"], rel=CLOSE)


def test_es_contributions_are_mean_losses_over_the_tail() -> None:
    book, market = real_book()
    moves = slow_scenarios(market)
    exposures = book.numbers["quantity"] * book.numbers["price"]
    worst = np.argsort(-(moves @ -exposures))[:13]
    shares = np.array([*[1.0] * 12, 0.49]) / 12.49
    expected = -(shares @ moves[worst]) * exposures
    found = compute(book, market).tables["positions"]["core_contribution"]
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-6)


def test_one_name_by_hand() -> None:
    """All volatilities equal: alternating moves of 1 % up and down leave the returns as they are."""
    steps = np.resize([0.01, -0.01], 500)
    book, market = made(steps[:, None], [1e6])
    result = compute(book, market, mpor_days=1, lookback=250)
    assert result.document["initial_margin"] == pytest.approx(1e6 * (1 - math.exp(-0.01)), rel=CLOSE)
    scaled = compute(book, market, mpor_days=4, lookback=250, horizon="scaled")
    assert scaled.document["initial_margin"] == pytest.approx(1e6 * (1 - math.exp(-0.02)), rel=CLOSE)
    overlapping = compute(book, market, mpor_days=4, lookback=250)
    assert overlapping.document["initial_margin"] == pytest.approx(0.0, abs=1e-6)


def test_gaussian_returns_come_near_the_closed_form() -> None:
    """VaR and ES of a normal: 2.326 and 2.665 deviations, over two days by the root of two."""
    book, market = made(gaussian(20_460, 1, seed=11), [1e6])
    result = compute(book, market, lookback=20_000, **{"lambda": 0.99})
    weights = 0.99 ** np.arange(459)[::-1]
    last = gaussian(20_460, 1, seed=11)[-459:, 0]
    deviation = math.sqrt(2.0 * float(weights @ last**2 / weights.sum()))
    assert result.document["core_var"] == pytest.approx(1e6 * -math.expm1(-2.3263 * deviation), rel=0.04)
    assert result.document["core_es"] == pytest.approx(1e6 * -math.expm1(-2.6652 * deviation), rel=0.05)


@given(low=st.floats(0.9, 0.995), step=st.floats(0.0, 0.004))
@settings(max_examples=25, deadline=None)
def test_monotone_in_confidence(low: float, step: float) -> None:
    book, market = real_book()
    less, more = (compute(book, market, confidence=level).document for level in (low, low + step))
    assert less["core_var"] <= more["core_var"]
    assert less["core_es"] <= more["core_es"] * (1.0 + 1e-12)
    assert less["core_var"] <= less["core_es"]


@given(factor=st.floats(1e-3, 1e3))
@settings(max_examples=15, deadline=None)
def test_scales_with_the_book(factor: float) -> None:
    book, market = real_book()
    scaled = replace(book, numbers={**book.numbers, "quantity": book.numbers["quantity"] * factor})
    one, other = (compute(each, market, apc="stressed").document["initial_margin"] for each in (book, scaled))
    assert other == pytest.approx(factor * one, rel=CLOSE)


@given(order=st.permutations(range(20)))
@settings(max_examples=15, deadline=None)
def test_order_of_positions_does_not_matter(order: list[int]) -> None:
    book, market = real_book()
    assert market.history is not None
    symbols = [market.history.symbols[index] for index in order]
    numbers = {name: [float(column[index]) for index in order] for name, column in book.numbers.items()}
    mixed = portfolio(symbols, numbers["quantity"], numbers["price"])
    one, other = compute(book, market), compute(mixed, market)
    assert other.document["initial_margin"] == pytest.approx(one.document["initial_margin"], rel=CLOSE)
    found = one.tables["positions"]["core_contribution"][np.array(order)]
    np.testing.assert_allclose(other.tables["positions"]["core_contribution"], found, rtol=1e-8, atol=1e-6)


@given(cut=st.integers(1, 19))
@settings(max_examples=10, deadline=None)
def test_two_books_together_need_no_more_than_apart(cut: int) -> None:
    """Expected shortfall is subadditive on the same scenarios."""
    book, market = real_book()
    assert market.history is not None
    symbols, numbers = list(market.history.symbols), book.numbers
    parts = [slice(0, cut), slice(cut, 20)]
    apart = sum(
        compute(
            portfolio(symbols[part], numbers["quantity"][part].tolist(), numbers["price"][part].tolist()), market
        ).document["initial_margin"]
        for part in parts
    )
    assert compute(book, market).document["initial_margin"] <= apart * (1.0 + 1e-12)


def test_splitting_a_position_changes_nothing() -> None:
    _, market = real_book()
    whole = portfolio(["AAPL", "XOM"], [1000.0, -500.0], [126.0, 107.0])
    split = portfolio(["AAPL", "XOM", "AAPL"], [1700.0, -500.0, -700.0], [126.0, 107.0, 126.0])
    one, other = compute(whole, market), compute(split, market)
    assert other.document["initial_margin"] == pytest.approx(one.document["initial_margin"], rel=CLOSE)
    parts = other.tables["positions"]["core_contribution"]
    assert parts[0] + parts[2] == pytest.approx(one.tables["positions"]["core_contribution"][0], rel=1e-8)


def test_positions_that_cancel_out_leave_nothing() -> None:
    _, market = real_book()
    result = compute(portfolio(["AAPL", "AAPL"], [10.0, -10.0], [126.0, 126.0]), market)
    assert result.document["initial_margin"] == 0.0
    assert result.tables["positions"]["core_contribution"].sum() == pytest.approx(0.0, abs=1e-9)


def test_nothing_after_the_date_is_read() -> None:
    book, market = real_book()
    assert market.history is not None
    earlier = replace(book, as_of=AS_OF - timedelta(days=1000))
    upto = market.history.dates <= np.datetime64(earlier.as_of)
    cut = PriceHistory(
        symbols=market.history.symbols, dates=market.history.dates[upto], closes=market.history.closes[upto]
    )
    for tool in ("none", "buffer", "stressed", "floor"):
        one = compute(earlier, market, apc=tool).document["initial_margin"]
        assert one == compute(earlier, Market(history=cut), apc=tool).document["initial_margin"]


def test_conversion_rate_is_a_factor_where_its_history_is_at_hand() -> None:
    """A share that never leaves 1 % of noise, in a currency that does: the rate makes the loss."""
    returns = np.hstack([gaussian(600, 1, volatility=1e-4), gaussian(600, 1, seed=8, volatility=0.02)])
    for pair, sign in (("EUR/USD", 1.0), ("USD/EUR", -1.0)):
        history = made_history(returns * [1.0, sign], ("SHARE", pair))
        book = portfolio(["SHARE"], [1000.0], [100.0], labels={"currency": ["EUR"]}, fx={"EUR/USD": 1.1})
        result = compute(book, Market(history=history))
        assert result.document["rate_factors"] == [pair]
        held = compute(book, Market(history=replace(history, symbols=("SHARE", "OTHER"))))
        assert result.document["initial_margin"] > 50.0 * held.document["initial_margin"]
        assert any("Conversion rates held still" in said for said in held.document["assumptions"])
        assert result.tables["positions"]["core_contribution"].sum() == pytest.approx(
            result.document["initial_margin"], rel=CLOSE
        )


def test_a_rate_and_a_position_in_it_share_one_factor() -> None:
    """Long a share in EUR, short as many EUR in the pair itself: the rate's risk is hedged."""
    returns = np.hstack([gaussian(600, 1, volatility=1e-4), gaussian(600, 1, seed=8, volatility=0.02)])
    market = Market(history=made_history(returns, ("SHARE", "EUR/USD")))
    book = portfolio(
        ["SHARE", "EUR/USD"],
        [1000.0, -100_000.0],
        [100.0, 1.1],
        labels={"currency": ["EUR", "USD"]},
        fx={"EUR/USD": 1.1},
    )
    alone = compute(portfolio(["SHARE"], [1000.0], [110.0]), market)
    assert compute(book, market).document["initial_margin"] == pytest.approx(alone.document["initial_margin"])


def test_add_ons_by_hand() -> None:
    book, market = made(
        gaussian(600, 2),
        [1e6, -4e5],
        numbers={"bid_ask_bp": [10.0, 30.0], "average_daily_volume": [5_000.0, 1e9]},
    )
    result = compute(book, market)
    shown = result.document["breakdown"]
    assert shown["liquidity"] == pytest.approx(1e6 * 5e-4 + 4e5 * 15e-4)
    alone = compute(*made(gaussian(600, 2), [1e6, 0.0])).document["initial_margin"]
    # 10,000 units at 20 % of 5,000 a day: ten days instead of two
    assert shown["concentration"] == pytest.approx(alone * (math.sqrt(5.0) - 1.0), rel=CLOSE)
    assert shown["total"] == pytest.approx(shown["core"] + shown["liquidity"] + shown["concentration"])
    assert result.document["not_computed"] == []
    assert result.tables["concentration"]["days_to_close"].tolist() == pytest.approx([10.0, 2e-5])
    assert result.tables["positions"]["initial_margin"].sum() == pytest.approx(result.document["initial_margin"])


def test_add_ons_work_on_the_net_position() -> None:
    returns = gaussian(600, 1)
    market = Market(history=made_history(returns, ("N0",)))
    book = portfolio(
        ["N0", "N0"],
        [10_000.0, -9_000.0],
        [100.0, 100.0],
        numbers={"bid_ask_bp": [10.0, math.nan], "average_daily_volume": [math.nan, 5_000.0]},
    )
    shown = compute(book, market).document["breakdown"]
    assert shown["liquidity"] == pytest.approx(1e5 * 5e-4)
    assert shown["concentration"] == 0.0  # a thousand units: one day


def test_without_market_figures_no_add_on_is_computed_and_the_result_says_so() -> None:
    book, market = real_book()
    document = compute(book, market).document
    assert document["breakdown"]["liquidity"] is None
    assert document["breakdown"]["concentration"] is None
    assert document["not_computed"] == ["breakdown/liquidity", "breakdown/concentration"]
    assert sum("No concentration add-on" in said for said in document["assumptions"]) == 1


def test_some_market_figures_are_counted() -> None:
    book, market = made(gaussian(600, 2), [1e6, 1e6], numbers={"bid_ask_bp": [10.0, math.nan]})
    document = compute(book, market).document
    assert document["breakdown"]["liquidity"] == pytest.approx(500.0)
    assert "No liquidity add-on for 1 symbols that give no `bid_ask_bp`." in document["assumptions"]


def test_a_volume_of_zero_is_refused_by_name() -> None:
    book, market = made(gaussian(600, 2), [1e6, 1e6], numbers={"average_daily_volume": [1e6, 0.0]})
    with pytest.raises(InputError, match="Position p1 has an average daily volume of zero") as caught:
        compute(book, market)
    assert caught.value.pointer == "/portfolio/positions/1/average_daily_volume"


def test_variation_margin_and_total() -> None:
    book, market = made(gaussian(600, 2), [1e6, -4e5], numbers={"settlement_price": [101.0, math.nan]})
    result = compute(book, market)
    assert result.document["variation_margin"] == pytest.approx(10_000.0)
    assert result.document["total_margin"] == pytest.approx(result.document["initial_margin"] + 10_000.0)
    assert result.document["positions_without_settlement_price"] == 1
    assert result.tables["positions"]["variation_margin"][1] is None
    assert result.document["maintenance_margin"] is None


def test_document_names_model_parameters_and_source() -> None:
    document = compute(*real_book()).document
    assert (document["model"], document["version"], document["currency"]) == ("fhs", "emir-153-2013", "USD")
    assert document["parameter_set"]["unverified"] == []
    assert "153/2013" in document["parameter_set"]["source"]
    assert document["as_of"] == AS_OF.isoformat()
    assert document["history"]["last"] == "2022-12-28"


def test_an_empty_book_needs_nothing() -> None:
    empty = portfolio([], [], [])
    document = compute(empty, Market()).document
    assert (document["initial_margin"], document["total_margin"]) == (0.0, 0.0)
    assert "nothing is at risk" in document["assumptions"][0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("missing", "No price history of N1"),
        ("constant", "N1 never moves"),
        ("still", "history of N1 does not move on 152 days in a row"),
        ("gappy", "N1 has a close on less than 90%"),
        ("negative", "N1 has a close that is not positive"),
        ("short", r"300 common daily returns of N0, N1 up to 2022-12-28 are too few: 377 are needed"),
    ],
)
def test_histories_that_will_not_do_are_named(change: str, said: str) -> None:
    returns = gaussian(300 if change == "short" else 700, 2)
    book, market = made(returns, [1e6, 1e6])
    history = market.history
    assert history is not None
    closes = history.closes.copy()
    match change:
        case "missing":
            history = replace(history, symbols=("N0", "OTHER"))
        case "constant":
            closes[:, 1] = 100.0
        case "still":
            closes[200:400, 1] = closes[200, 1]
        case "gappy":
            closes[:200, 1] = np.nan
        case "negative":
            closes[500, 1] = -1.0
    with pytest.raises(HistoryError, match=said):
        compute(book, Market(history=replace(history, closes=closes)))


def test_a_short_history_shortens_the_lookback_and_says_so() -> None:
    book, market = made(gaussian(600, 2), [1e6, -5e5])
    document = compute(book, market).document
    assert document["lookback"] == 600 - 152
    assert "The history is shorter than asked for: the lookback is 448 returns." in document["assumptions"]


def test_stressed_days_reach_back_to_the_youngest_name() -> None:
    book, market = made(gaussian(4_000, 2), [1e6, -5e5])
    assert market.history is not None
    closes = market.history.closes.copy()
    closes[:2_000, 1] = np.nan
    young = Market(history=replace(market.history, closes=closes))
    document = compute(book, young, apc="stressed").document
    assert document["history"]["first"] == str(market.history.dates[2_000])
    assert compute(book, market, apc="stressed").document["history"]["first"] == str(market.history.dates[0])


def test_ten_years_are_needed_for_the_floor() -> None:
    book, market = made(gaussian(2_519, 1), [1e6])
    with pytest.raises(HistoryError, match=r"2519 common daily returns of N0 .* 2520 are needed"):
        compute(book, market, apc="floor")


def test_a_confidence_needs_scenarios_beyond_it() -> None:
    book, market = made(gaussian(700, 1), [1e6])
    with pytest.raises(HistoryError, match=r"249 scenarios say nothing about confidence 0\.999") as caught:
        compute(book, market, lookback=250, confidence=0.999)
    assert caught.value.pointer == "/parameters/lookback"


def test_an_option_needs_its_delta() -> None:
    _, market = real_book()
    book = portfolio(["AAPL C"], [10.0], [4.0], labels={"instrument": ["option"], "underlying": ["AAPL"]})
    with pytest.raises(InputError, match="is an option without its option_type"):
        compute(book, market)
    with pytest.raises(InputError, match="is an option without a delta"):
        compute(book, market, revaluation="delta")


def test_an_option_moves_with_its_underlying() -> None:
    _, market = real_book()
    option = portfolio(
        ["AAPL C"],
        [10.0],
        [4.0],
        labels={"instrument": ["option"], "underlying": ["AAPL"]},
        numbers={"delta": [0.5], "underlying_price": [126.0], "multiplier": [100.0]},
    )
    stock = portfolio(["AAPL"], [500.0], [126.0])
    one, other = (compute(book, market).document["initial_margin"] for book in (option, stock))
    assert one == pytest.approx(other, rel=CLOSE)


def test_registered_under_margin() -> None:
    spec = MEASURES["margin"].chosen({"model": "fhs"})
    abroad = portfolio(["A", "B"], [1.0, 1.0], [1.0, 1.0], labels={"currency": ["EUR", "USD"]})
    assert spec.more_history(abroad) == ["EUR/USD", "USD/EUR"]
    assert "lambda" in spec.parameters
    assert spec.needs_history({})
    assert spec.history_names(portfolio(["A"], [1.0], [1.0])) == ["A"]


def test_a_caller_can_stop_it() -> None:
    def stop(_done: int, _total: int) -> None:
        raise CancelledError("stop")

    with pytest.raises(CancelledError):
        margin(*made(gaussian(600, 1), [1e6]), {}, stop)


def test_many_names_are_refused_before_anything_is_computed() -> None:
    book = portfolio(list(names(2_001)), [1.0] * 2_001, [1.0] * 2_001)
    with pytest.raises(InputError, match="2001 factors are more than the 2000"):
        compute(book, Market())
