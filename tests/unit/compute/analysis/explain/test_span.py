"""SPAN explained: scan, spreads, delivery, credits, minimum, option value and ratio, against its own derivative."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from compute.margin.span.dual import Dual
from compute.market import Market
from compute.measures import measure
from compute.portfolio import Portfolio
from compute.result import no_checkpoint
from tests.unit.compute.analysis.explain.explaining import (
    contributions,
    explain,
    figure,
    groups,
    holds_together,
    steps_of,
)
from tests.unit.compute.margin.span.accounts import DEFAULTS, commodity, exchange, future, option
from tests.unit.compute.pricing.books import portfolio

STEP = 1e-6
CALENDAR = [{"legs": [{"side": "A"}, {"side": "B"}], "charge": 100}]
INTER = [{"legs": [{"commodity": "C", "side": "A"}, {"commodity": "S", "side": "B"}], "credit_pct": 75}]
SPOT = {"months": ["2024-03"], "per_outright": 5}


def full(**more: Any) -> dict[str, Any]:
    return exchange(
        inter=INTER,
        more=more,
        C=commodity("2024-03", "2024-05", calendar_spreads=CALENDAR, short_option_minimum=25, spot_month=SPOT),
        S=commodity(name="S"),
    )


def account(seed: int) -> Portfolio:
    draw = np.random.default_rng(seed)
    legs = []
    for number in range(14):
        name, size = str(draw.choice(["CH", "CK", "SH"])), float(draw.integers(-9, 10)) or 2.0
        if number % 2:
            legs.append(future(name, size, 400.0))
        else:
            kind = str(draw.choice(["call", "put"]))
            strike = float(draw.choice([360.0, 400.0, 450.0]))
            legs.append({**option(name, size, strike, option_type=kind), "symbol": f"{name} {kind} {strike:g}"})
    return portfolio(*legs)


def scaled(book: Portfolio, position: int, factor: float) -> Portfolio:
    quantity = book.numbers["quantity"].copy()
    quantity[position] *= factor
    return replace(book, numbers={**book.numbers, "quantity": quantity})


@pytest.mark.parametrize("name", ["initial_margin", "maintenance_margin"])
@pytest.mark.parametrize("seed", range(4))
def test_contributions_are_size_times_derivative_and_sum(seed: int, name: str) -> None:
    book, given = account(seed), {"span_parameters": full(initial_to_maintenance_ratio=1.1)}
    result = explain(book, "span", figure=name, top=0, top_groups=0, **given)
    total = figure(book, "span", name, **given)
    holds_together(result, total)
    parts, smooth = contributions(result), 0
    scale = float(np.abs(parts).max())
    for position, part in enumerate(parts.tolist()):
        up, at, down = (
            figure(scaled(book, position, 1.0 + step), "span", name, **given) for step in (STEP, 0.0, -STEP)
        )
        if abs((up - at) - (at - down)) <= 1e-5 * STEP * scale:
            smooth += 1
            assert (up - down) / (2.0 * STEP) == pytest.approx(part, abs=1e-5 * scale)
    assert smooth > 0.8 * len(book)


def test_every_step_is_the_model_s() -> None:
    book, given = account(1), {"span_parameters": full()}
    steps = steps_of(explain(book, "span", **given))
    kernel = measure("margin").models["span"].kernel
    parts = kernel(book, Market(), {**DEFAULTS, **given}, no_checkpoint).document["breakdown"]
    assert steps["positions_alone"] + steps["netting_within_commodities"] == pytest.approx(parts["scan_risk"])
    assert steps.get("calendar_spreads", 0.0) == pytest.approx(parts["calendar_charge"])
    assert steps.get("inter_commodity_credits", 0.0) == pytest.approx(-parts["inter_commodity_credit"])


def test_a_calendar_spread_is_charged_to_the_months_that_form_it() -> None:
    book = portfolio(future("CH", 3.0, 400.0), future("CK", -2.0, 400.0))
    given = exchange(C=commodity("2024-03", "2024-05", calendar_spreads=CALENDAR))
    result = explain(book, "span", span_parameters=given)
    # One outright future scans 30 · 50; the short month is the lesser side of the two spreads, and carries both.
    holds_together(result, 1500.0 + 200.0)
    assert contributions(result) == pytest.approx([4500.0, -3000.0 + 200.0])


def test_the_short_option_minimum_is_carried_by_the_short_options() -> None:
    book = portfolio(option("CH", -2.0, 9000.0), option("CH", -1.0, 9500.0))
    given = exchange(C=commodity(short_option_minimum=25))
    result = explain(book, "span", span_parameters=given)
    holds_together(result, figure(book, "span", "initial_margin", span_parameters=given))
    steps = steps_of(result)
    assert steps["short_option_minimum"] > 0.0
    # 25 a contract, and the 1,000 that buying each back would cost.
    assert contributions(result) == pytest.approx([2050.0, 1025.0])


def test_only_the_larger_side_carries_the_minimum_where_it_alone_counts() -> None:
    put = {**option("CH", -3.0, 100.0, option_type="put"), "symbol": "CH P", "price": 0.0}
    call = {**option("CH", -2.0, 9000.0), "price": 0.0}
    parameters = exchange(C=commodity(short_option_minimum=25, short_option_method="maximum"))
    result = explain(portfolio(put, call), "span", span_parameters=parameters)
    holds_together(result, 75.0)
    assert contributions(result) == pytest.approx([75.0, 0.0])


def test_groups_recomputed_and_an_empty_account() -> None:
    book, given = account(2), {"span_parameters": full()}
    result = explain(book, "span", top=1, group_by="instrument", **given)
    member = np.array([text == "future" for text in book.labels["instrument"].texts()])
    found = groups(result, "instrument")["future"]
    assert found["marginal"] == result.document["total"] - figure(book.take(~member), "span", "initial_margin", **given)
    assert found["stand_alone"] == figure(book.take(member), "span", "initial_margin", **given)
    holds_together(explain(portfolio(), "span", **given), 0.0)


def test_dual_numbers_differentiate_what_they_go_through() -> None:
    x, y = Dual.input("x", 3.0), Dual.input("y", -2.0)

    def through(a: Any, b: Any) -> Any:
        return max(2.0 - a * b / 4.0, 0.0) + abs(b) / (1.0 + a) - min(-b, a) + 5.0 - (-a)

    found, step = through(x, y), 1e-6
    assert found.value == through(3.0, -2.0)
    assert found.slopes["x"] == pytest.approx((through(3 + step, -2.0) - through(3 - step, -2.0)) / (2 * step))
    assert found.slopes["y"] == pytest.approx((through(3.0, -2 + step) - through(3.0, -2 - step)) / (2 * step))
    assert x >= 3.0
    assert y <= x
    assert sum([x, y], start=Dual(0.0)).slopes == {"x": 1.0, "y": 1.0}
    assert (1.0 - x).slopes == {"x": -1.0}
