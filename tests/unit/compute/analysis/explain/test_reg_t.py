"""Regulation T explained: strategies shared out over legs, legs over positions, by the rule that the answer names."""

from typing import Any

import numpy as np
import pytest

from compute.market import Market
from compute.portfolio import Portfolio
from tests.unit.compute.analysis.explain.explaining import (
    contributions,
    explain,
    figure,
    groups,
    holds_together,
    steps_of,
)
from tests.unit.compute.margin.reg_t.accounts import FAR, account, call, put, stock

FIGURES = ("net_deposit", "initial_margin", "maintenance_margin")


def random_account(seed: int) -> Portfolio:
    draw = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = [stock(float(draw.integers(-3, 4)) * 100.0), stock(50.0, currency="EUR")]
    for _ in range(5):
        kind = call if draw.integers(2) else put
        strike = float(draw.choice([90.0, 100.0, 110.0]))
        rows.append(kind(float(draw.integers(-4, 5)) or 1.0, strike, float(draw.uniform(1.0, 9.0)), expiry=FAR))
    rows.append({"symbol": "T", "asset_class": "bond", "quantity": 10.0, "price": 98.0, "maturity": "2030-01-01"})
    return account(rows, fx={"EUR/USD": 1.1})


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("seed", range(4))
def test_parts_sum_to_the_model_s_own_figure(seed: int, name: str) -> None:
    portfolio = random_account(seed)
    result = explain(portfolio, "reg_t", figure=name, top=2, top_groups=2)
    holds_together(result, figure(portfolio, "reg_t", name))
    assert result.document["differentiable"] is False
    assert "combinatorial" in result.document["rule"]


def test_the_net_deposit_is_what_is_explained_unless_said_otherwise() -> None:
    assert explain(random_account(0), "reg_t").document["figure"] == "net_deposit"


def test_single_holdings_carry_their_own_requirement() -> None:
    # Stock at 50 %; a short call 20 % of 100 less nothing, its premium of 500 received.
    portfolio = account([stock(100.0, symbol="ABC"), call(-1.0, 100.0, 5.0)])
    for name, parts in (("net_deposit", [5000.0, 2000.0]), ("initial_margin", [5000.0, 2500.0])):
        result = explain(portfolio, "reg_t", figure=name)
        assert contributions(result) == pytest.approx(parts)
    steps = steps_of(explain(portfolio, "reg_t"))
    assert steps == pytest.approx({"holdings_alone": 7500.0, "premium_received": -500.0})


def test_a_spread_is_shared_by_what_its_legs_need_alone() -> None:
    # Long 100 at 5.00, short 110 at 2.00: alone 500 paid in full and max(20 % less 10 out of the money, 10 %) = 1,000
    # (1,200 with the premium); as a spread the net premium of 300, for nothing can be lost beyond it.
    portfolio = account([call(1.0, 100.0, 5.0), call(-1.0, 110.0, 2.0)])
    result = explain(portfolio, "reg_t", figure="initial_margin")
    holds_together(result, 300.0)
    assert contributions(result) == pytest.approx([300.0 * 500.0 / 1700.0, 300.0 * 1200.0 / 1700.0])
    steps = steps_of(result)
    assert steps == pytest.approx({"holdings_alone": 1700.0, "pairing": -1400.0})


def test_positions_of_one_holding_share_by_quantity_on_its_net_side() -> None:
    portfolio = account([stock(300.0), stock(100.0), stock(-200.0)])
    result = explain(portfolio, "reg_t")
    holds_together(result, 10_000.0)
    assert contributions(result) == pytest.approx([7500.0, 2500.0, 0.0])


def test_positions_that_cancel_have_parts_of_zero() -> None:
    portfolio = account([stock(100.0), stock(-100.0), call(1.0, 100.0, 5.0)])
    assert contributions(explain(portfolio, "reg_t")) == pytest.approx([0.0, 0.0, 500.0])


def test_worthless_legs_share_alike() -> None:
    portfolio = account([call(1.0, 200.0, 0.0), call(1.0, 210.0, 0.0)])
    holds_together(explain(portfolio, "reg_t"), 0.0)


def test_marginal_and_stand_alone_pair_anew() -> None:
    portfolio = random_account(2)
    result = explain(portfolio, "reg_t", top=3, group_by="instrument")
    total, names = result.document["total"], portfolio.labels["instrument"].texts()
    member = np.array([name == "option" for name in names])
    found = groups(result, "instrument")["option"]
    assert found["marginal"] == total - figure(portfolio.take(~member), "reg_t", "net_deposit", Market())
    assert found["stand_alone"] == figure(portfolio.take(member), "reg_t", "net_deposit", Market())


def test_an_empty_account() -> None:
    holds_together(explain(account([]), "reg_t"), 0.0)
