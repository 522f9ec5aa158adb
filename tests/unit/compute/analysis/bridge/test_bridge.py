"""A bridge ends where it should, to the last bit; its steps are the differences of the inputs, each in one of them."""

import math
from dataclasses import replace
from datetime import date
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.analysis.bridge.fields import HEAD, LABELS, NUMBERS
from compute.analysis.bridge.request import STEPS
from compute.analysis.figures import figures
from compute.errors import CancelledError, InputError
from compute.margin.models import MODELS
from compute.market import PriceHistory
from services.intake import fields as wire
from tests.unit.compute.analysis.bridge.cases import (
    POSITIONS,
    book,
    bridge,
    defaults,
    earlier,
    margin,
    moved,
    steps_of,
)

TODAY = book(
    [
        {**POSITIONS[0], "quantity": 150.0, "price": 195.5},
        {**POSITIONS[1], "price": 92.25},
        {**POSITIONS[3], "price": 2_310.0, "implied_volatility": 0.25},
        {"id": "e", "symbol": "MSFT", "asset_class": "equity", "quantity": 20.0, "price": 410.0},
    ],
    fx={"EUR/USD": 1.10},
    as_of=date(2024, 6, 28),
    available_cash=2e5,
)  # fmt: skip


def closes(found: Any) -> None:
    """Hold every figure's steps to its difference, exactly."""
    for name, change in found.document["change"].items():
        assert math.fsum(step["figures"][name] for step in found.document["steps"]) == change


def test_it_begins_at_the_stored_figure_and_ends_at_todays() -> None:
    before = earlier(book())
    found = bridge(before, TODAY)
    now: dict[str, Any] = figures(margin(TODAY, defaults()))
    stored: dict[str, Any] = dict(before.figures or {})
    assert found.document["earlier"]["figures"] == before.figures
    assert found.document["today"]["figures"] == now
    assert found.document["change"]["initial_margin"] == now["initial_margin"] - stored["initial_margin"]
    assert steps_of(found) == ["trades", "prices", "fx", "volatility", "time", "cash_and_collateral"]
    assert found.document["evaluations"] == 7
    bars = found.document["waterfall"]
    assert (bars[0]["step"], bars[0]["running"]) == ("earlier", stored["initial_margin"])
    assert (bars[-1]["step"], bars[-1]["running"]) == ("today", now["initial_margin"])
    assert bars[-2]["running"] == pytest.approx(bars[-1]["running"], rel=1e-14)
    closes(found)


def test_each_step_is_the_margin_of_its_state_less_the_one_before() -> None:
    found = bridge(earlier(book()), TODAY)
    amounts = {step["step"]: step["figures"]["initial_margin"] for step in found.document["steps"]}
    traded = book(
        [
            {**POSITIONS[0], "quantity": 150.0},
            POSITIONS[1],
            POSITIONS[3],
            {"id": "e", "symbol": "MSFT", "asset_class": "equity", "quantity": 20.0, "price": 410.0},
        ]
    )
    priced = replace(TODAY, fx=book().fx, as_of=book().as_of, available_cash=book().available_cash)
    priced = replace(priced, numbers={**priced.numbers, "implied_volatility": np.array([np.nan, np.nan, 0.2, np.nan])})
    totals = [float(margin(one, defaults()).document["initial_margin"]) for one in (book(), traded, priced)]
    assert amounts["trades"] == pytest.approx(totals[1] - totals[0], rel=1e-9)
    assert amounts["prices"] == pytest.approx(totals[2] - totals[1], rel=1e-9)


def test_what_changed_is_listed() -> None:
    found = bridge(earlier(book()), TODAY)
    trades = found.tables["trades"]
    rows = {row[0]: row[1:] for row in zip(*trades.values(), strict=True)}
    assert rows == {
        "a": ("AAPL", "changed", 100.0, 150.0, "quantity"),
        "e": ("MSFT", "added", 0.0, 20.0, ""),
        "c": ("UST", "removed", 5_000.0, 0.0, ""),
    }
    prices = list(zip(*found.tables["prices"].values(), strict=True))
    assert ("a", "AAPL", "price", 190.0, 195.5) in prices
    assert {row[0] for row in prices} == {"a", "b", "d"}  # c is gone, e is new
    by_name = {step["step"]: step for step in found.document["steps"]}
    assert by_name["fx"]["changed"] == [{"name": "fx.EUR/USD", "earlier": 1.08, "today": 1.10}]
    assert "1 are new and enter at today's quotes" in by_name["prices"]["what"]


def test_a_bridge_to_itself_has_no_steps() -> None:
    for method in ("sequential", "shapley"):
        found = bridge(earlier(book()), book(), method=method)
        assert steps_of(found) == []
        assert set(found.document["change"].values()) == {0.0}
        assert found.document["evaluations"] == 1


def _other(value: Any, words: tuple[str, ...]) -> Any:
    if isinstance(value, float):
        return value + 0.125
    return next(word for word in words if word != value)


_WORDS = {
    "symbol": ("XYZ",), "asset_class": ("commodity",), "currency": ("EUR",), "instrument": ("etf",),
    "underlying": ("XYZ",), "option_type": ("call",), "exercise": ("american",), "expiry": ("2030-01-18",),
    "maturity": ("2030-01-18",), "index_class": ("broad",), "sector": ("energy",), "country": ("DE",),
    "issuer": ("ACME",), "rating": ("AA",),
}  # fmt: skip
_OWNERS = [(step, name) for table in (LABELS, NUMBERS) for step, names in table.items() for name in names]


def test_every_field_of_a_position_belongs_to_one_step() -> None:
    known = [*wire.TEXTS, *(name for name in wire.NUMBERS if name != "market_value")]
    assert sorted(name for _step, name in _OWNERS) == sorted(known)
    head = [name for names in HEAD.values() for name in names]
    assert {*head, "id", "name", "positions", "currency"} == set(wire.PORTFOLIO_FIELDS) - {"notes"}
    assert {step for step, _name in _OWNERS} | set(HEAD) <= set(STEPS)


@pytest.mark.parametrize(("step", "name"), _OWNERS)
def test_a_change_of_one_field_is_a_change_of_its_step_alone(step: str, name: str) -> None:
    value = _WORDS[name][0] if name in _WORDS else POSITIONS[0].get(name, 1.0) + 0.125
    found = bridge(earlier(book()), moved(0, **{name: value}))
    assert steps_of(found) == [step]
    if step != "trades" or name not in {"symbol", "currency", "expiry", "maturity", "option_type", "strike"}:
        gone = bridge(earlier(moved(0, **{name: value})), book())
        assert steps_of(gone) == [step]
    closes(found)


@pytest.mark.parametrize(
    ("fields", "step"),
    [
        ({"fx": {"EUR/USD": 1.09}}, "fx"),
        ({"fx": {"USD/EUR": 0.93}}, "fx"),
        ({"rates": {"USD": 0.05}}, "rates"),
        ({"as_of": date(2024, 7, 1)}, "time"),
        ({"available_cash": 5.0}, "cash_and_collateral"),
        ({"collateral": {"treasury_bills": 5.0}}, "cash_and_collateral"),
        ({"account_type": "margin"}, "cash_and_collateral"),
        ({"leverage_ratio": 2.0}, "cash_and_collateral"),
    ],
)
def test_a_change_beside_the_positions_is_one_step(fields: dict[str, Any], step: str) -> None:
    found = bridge(earlier(book()), book(**fields))
    assert steps_of(found) == [step]
    closes(found)


def test_a_new_currency_comes_with_its_own_rate() -> None:
    """Trades come first and need a rate that only today has."""
    today = book(
        [*POSITIONS, {**POSITIONS[0], "id": "y", "symbol": "TM", "currency": "JPY", "price": 3_000.0}],
        fx={"EUR/USD": 1.08, "JPY/USD": 0.0064},
    )
    found = bridge(earlier(book()), today)
    amounts = {step["step"]: step["figures"]["initial_margin"] for step in found.document["steps"]}
    assert amounts["trades"] > 0.0
    assert amounts["fx"] == 0.0
    closes(found)
    back = bridge(earlier(today), book())
    closes(back)


def test_another_order_of_positions_is_a_trade() -> None:
    found = bridge(earlier(book()), book(POSITIONS[::-1]))
    assert steps_of(found) == ["trades"]
    assert "another order" in found.document["steps"][0]["what"]


def test_the_price_of_a_replaced_instrument_is_not_carried_over() -> None:
    """A position of the same id in another instrument is a trade, at its own price."""
    found = bridge(earlier(book()), moved(0, symbol="NVDA", price=900.0))
    assert steps_of(found) == ["trades"]


def test_a_new_position_in_a_known_instrument_is_priced_as_it_was() -> None:
    more = [*POSITIONS, {**POSITIONS[0], "id": "a2", "price": 195.5}]
    more[0] = {**more[0], "price": 195.5}
    found = bridge(earlier(book()), book(more))
    amounts = {step["step"]: step["figures"]["gross_initial_margin"] for step in found.document["steps"]}
    alone = margin(book([POSITIONS[0]]), defaults()).document["gross_initial_margin"]
    assert amounts["trades"] == pytest.approx(alone, rel=1e-9)
    assert "1 by symbol and terms" in found.document["steps"][1]["what"]


def test_other_code_is_the_first_step() -> None:
    before = earlier(book())
    figured: dict[str, Any] = dict(before.figures or {})
    stored = {name: value and value * 1.01 for name, value in figured.items()}
    found = bridge(replace(before, figures=stored, code_version="0+z"), TODAY)
    assert steps_of(found)[0] == "model_version"
    first = found.document["steps"][0]
    expected = figured["initial_margin"] - stored["initial_margin"]
    assert first["figures"]["initial_margin"] == pytest.approx(expected, rel=1e-9)
    assert "1+a on the earlier inputs, which 0+z had computed" in first["what"]
    closes(found)
    silent = bridge(replace(before, figures=stored), book())
    assert steps_of(silent) == ["model_version"]
    assert "replay" in silent.document["steps"][0]["what"]


def test_without_a_stored_result_the_earlier_figures_are_computed_and_it_says_so() -> None:
    found = bridge(replace(earlier(book()), figures=None, code_version=None), TODAY)
    assert found.document["earlier"]["figures_are"].startswith("computed now")
    assert found.document["earlier"]["figures"] == figures(margin(book(), defaults()))


def test_parameters_and_the_parameter_set_are_steps() -> None:
    history = _history()
    found = bridge(
        earlier(book()), book(POSITIONS[:2]), defaults(volatility="history"), history=history, order="parameters"
    )
    assert steps_of(found) == ["parameters", "trades", "history"]
    assert found.document["steps"][0]["changed"] == [{"name": "volatility", "earlier": "given", "today": "history"}]


def _history(
    shift: float = 0.0, days: int = 60, symbols: tuple[str, ...] = ("AAPL", "BMW", "UST", "GOLD")
) -> PriceHistory:
    steps = np.random.default_rng(3).normal(0.0, 0.01 + shift, (days, 8))[:, : len(symbols)]
    dates = np.datetime64("2024-03-01") + np.arange(days)
    return PriceHistory(symbols=symbols, dates=dates, closes=100.0 * np.exp(steps.cumsum(axis=0)))


def test_other_histories_are_a_step() -> None:
    parameters = defaults(volatility="history")
    before = earlier(book(), parameters, history=_history())
    found = bridge(before, book(), parameters, history=_history(0.01))
    assert steps_of(found) == ["history"]
    assert len(found.document["steps"][0]["changed"]) == 4
    assert found.document["change"]["initial_margin"] != 0.0
    closes(found)
    same = bridge(before, book(), parameters, history=_history())
    assert steps_of(same) == []


def test_a_new_symbol_brings_its_history() -> None:
    parameters = defaults(volatility="history")
    before = earlier(book(POSITIONS[:2]), parameters, history=_history(symbols=("AAPL", "BMW")))
    found = bridge(before, book(), parameters, history=_history(0.01))
    assert steps_of(found) == ["trades", "history"]
    closes(found)


def test_shapley_is_the_mean_over_all_orders() -> None:
    today = replace(TODAY, as_of=book().as_of, available_cash=book().available_cash)
    before = earlier(book())
    mean = bridge(before, today, method="shapley")
    steps = steps_of(mean)
    orders = list(permutations(steps))
    found = [bridge(before, today, order=",".join(order)).document["steps"] for order in orders]
    for step in mean.document["steps"]:
        for name, amount in step["figures"].items():
            each = [one["figures"][name] for walk in found for one in walk if one["step"] == step["step"]]
            assert amount == pytest.approx(sum(each) / len(orders), rel=1e-9, abs=1e-9)
    assert (mean.document["order"], mean.document["evaluations"]) == (None, 2 ** len(steps))
    assert len(steps) == 4
    closes(mean)


def test_more_steps_than_shapley_takes_are_refused_by_name() -> None:
    today = replace(TODAY, rates={"USD": 0.01})
    with pytest.raises(InputError, match="7 steps changed something") as caught:
        bridge(earlier(book()), today, method="shapley")
    assert "sequential" in caught.value.remedy
    closes(bridge(earlier(book()), today))


@pytest.mark.parametrize(
    ("own", "pointer"),
    [
        ({"order": "trades,weather"}, "/parameters/order"),
        ({"order": "trades,trades"}, "/parameters/order"),
        ({"order": "model_version"}, "/parameters/order"),
        ({"order": "trades", "method": "shapley"}, "/parameters/order"),
        ({"earlier": ""}, "/parameters/earlier"),
        ({"figure": "net_deposit"}, "/parameters/figure"),
    ],
)
def test_what_makes_no_sense_is_refused(own: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InputError) as caught:
        bridge(earlier(book()), TODAY, **own)
    assert caught.value.pointer == pointer
    assert caught.value.remedy


def test_sides_that_do_not_belong_together_are_refused() -> None:
    before = earlier(book())
    with pytest.raises(InputError, match="portfolio 'other'"):
        bridge(earlier(replace(book(), id="other")), TODAY)
    with pytest.raises(InputError, match="of the model reg_t"):
        bridge(replace(before, parameters={"model": "reg_t"}), TODAY)
    with pytest.raises(InputError, match="in EUR"):
        bridge(replace(before, book=replace(book(), currency="EUR")), TODAY)


def test_a_state_that_the_model_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    house = MODELS["house"]

    def picky(of: Any, *others: Any) -> Any:
        if of.available_cash == 2e5 and of.fx == {"EUR/USD": 1.08}:
            raise InputError("No.", remedy="Mend it.")
        return house.kernel(of, *others)

    before = earlier(book())
    monkeypatch.setitem(MODELS, "house", replace(house, kernel=picky))
    with pytest.raises(InputError, match="with cash_and_collateral of today and all else as it was: No") as caught:
        bridge(before, TODAY, order="cash_and_collateral")
    assert (caught.value.pointer, caught.value.remedy) == ("/parameters/order", "Choose another order of the steps.")
    closes(bridge(before, TODAY))


def test_progress_rises_and_a_bridge_can_be_stopped() -> None:
    told: list[tuple[int, int]] = []
    bridge(earlier(book()), TODAY, checkpoint=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (7_000, 7_000)

    def stop(_done: int, _total: int) -> None:
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        bridge(earlier(book()), TODAY, checkpoint=stop)


_PRICE = st.floats(1.0, 1e3)
_POSITION = st.fixed_dictionaries(
    {
        "symbol": st.sampled_from(["AAPL", "BMW", "UST", "GOLD"]),
        "asset_class": st.sampled_from(["equity", "bond", "commodity"]),
        "currency": st.sampled_from(["USD", "EUR"]),
        "quantity": st.floats(-1e4, 1e4, allow_subnormal=False),
        "price": _PRICE,
    },
    optional={"implied_volatility": st.floats(0.01, 1.0), "sector": st.sampled_from(["tech", "auto"])},
)
_BOOK = st.builds(
    lambda positions, fx, cash, day: book(
        [{"id": f"p{name}", **position} for name, position in positions.items()],
        fx={"EUR/USD": fx},
        available_cash=cash,
        as_of=date(2024, 5, day),
    ),
    st.dictionaries(st.integers(0, 5), _POSITION, max_size=5),
    st.floats(0.5, 2.0),
    st.just(0.0) | st.floats(1.0, 1e6),
    st.integers(1, 3),
)


@settings(deadline=None, max_examples=60)
@given(_BOOK, _BOOK, st.permutations(STEPS), st.sampled_from(["sequential", "shapley"]))
def test_the_steps_of_any_two_books_sum_to_the_difference(one: Any, other: Any, order: list[str], method: str) -> None:
    own: dict[str, Any] = {"method": method} if method == "shapley" else {"order": ",".join(order)}
    if method == "shapley":
        other = replace(other, as_of=one.as_of)  # six steps can change something, which is what it takes
    found = bridge(earlier(one), other, figure="total_margin", **own)
    closes(found)
    assert found.document["change"]["initial_margin"] == (
        found.document["today"]["figures"]["initial_margin"] - found.document["earlier"]["figures"]["initial_margin"]
    )
    if method == "sequential":
        assert steps_of(found) == [step for step in order if step in steps_of(found)]


@settings(deadline=None, max_examples=30)
@given(_BOOK)
def test_any_book_has_an_empty_bridge_to_itself(one: Any) -> None:
    assert steps_of(bridge(earlier(one), one)) == []
