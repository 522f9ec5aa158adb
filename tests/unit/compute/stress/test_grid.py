"""Ladders and grids: against repricing point by point, bounded and strict."""

import numpy as np
import pytest

from compute.errors import InputError
from compute.pricing.book import prepare, reprice
from compute.result import no_checkpoint
from compute.stress.grid import totals
from compute.stress.points import read_grid
from services.errors import InvalidInputError
from tests.unit.compute.stress.books import BOND, CALL, FUND, SHARE, book, margin, rows, stress

SAME = 1e-12  # relative to the largest figure: another order of the same sums
AXES = {"spot": [-1.0, -0.3, 0.0, 0.25, 3.0], "volatility": [-1.0, -0.5, 0.0, 2.0]}
PUT = {**CALL, "id": "put", "symbol": "SPY P", "option_type": "put", "quantity": 7.0}
NORMAL = {**CALL, "id": "low", "symbol": "LOW C", "underlying": "LOW", "underlying_price": -5.0, "strike": -4.0,
          "implied_volatility": 3.0, "price": 1.0}  # fmt: skip
EARLY = {**PUT, "id": "early", "symbol": "SPY PA", "exercise": "american"}
DELTA = {"id": "delta", "symbol": "D", "asset_class": "derivative", "quantity": 2.0, "price": 9.0, "delta": 0.4,
         "gamma": 0.01, "vega": 3.0, "underlying_price": 50.0}  # fmt: skip
TODAY = {**CALL, "id": "today", "symbol": "SPY C0", "expiry": "2026-01-30"}


def test_totals_are_those_of_repricing_point_by_point():
    held = book(FUND, SHARE, CALL, PUT, NORMAL, EARLY, DELTA, TODAY, BOND)
    ready, grid = prepare(held), read_grid(AXES)
    assert grid is not None
    spot, volatility = grid.points()
    shift = np.tile(spot, (len(ready.underlyings), 1))
    shift[ready.underlying[list(held.ids).index("note")]] = 0.0
    wanted = reprice(ready, shift, volatility).sum(axis=0)
    found = totals(held, ready, grid, no_checkpoint)
    assert np.abs(found - wanted).max() <= SAME * np.abs(wanted).max()


def test_points_with_margins_agree_with_those_without():
    held = book(FUND, CALL, EARLY, DELTA, BOND)
    axes = {"spot": [-0.3, 0.0, 0.2], "volatility": [0.0, 1.0]}
    with_margins = stress(held, scenarios="gfc_2008", grid=axes).tables["grid"]
    without = stress(held, scenarios="gfc_2008", grid={**axes, "margin": False}).tables["grid"]
    np.testing.assert_allclose(with_margins["profit_and_loss"], without["profit_and_loss"], rtol=1e-10, atol=1e-6)
    assert "initial_margin" not in without


def test_a_margin_of_the_grid_is_that_of_the_moved_book():
    found = rows(stress(book(FUND, SHARE), scenarios="gfc_2008", grid={"spot": [-0.25]}), "grid")[0]
    moved = book({**FUND, "price": 450.0}, {**SHARE, "price": 150.0})
    assert found["initial_margin"] == pytest.approx(margin(moved)["initial_margin"], rel=1e-12)
    assert found["profit_and_loss"] == pytest.approx(-0.25 * 60_000 + 0.25 * 10_000)


def test_only_the_classes_asked_for_move():
    fx = {"id": "fx", "symbol": "EUR/USD", "asset_class": "fx", "quantity": 1_000.0, "price": 1.1}
    held = book(FUND, fx, BOND)
    usual = stress(held, scenarios="gfc_2008", grid={"spot": [0.1]})
    assert usual.document["grid_summary"]["not_moved"] == ["fx", "note"]
    assert rows(usual, "grid")[0]["profit_and_loss"] == pytest.approx(6_000)
    only_fx = stress(held, scenarios="gfc_2008", grid={"spot": [0.1], "asset_classes": ["fx"]})
    assert rows(only_fx, "grid")[0]["profit_and_loss"] == pytest.approx(110)


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ({"spot": []}, "one or more numbers"),
        ({"volatility": [0.1]}, "spot is missing"),
        ({"spot": [-1.2]}, "from -1 to 100"),
        ({"spot": [0.1, 0.1]}, "more than once"),
        ({"spot": ["0.1"]}, "must be a number"),
        ({"spot": [True]}, "must be a number"),
        ({"spot": 0.1}, "one or more numbers"),
        ({"spot": [0.1], "volatility": []}, "one or more numbers"),
        ({"spot": [0.1], "rates": [0.1]}, "rates is unknown"),
        ({"spot": [0.1], "asset_classes": ["shares"]}, "holds 'shares'"),
        ({"spot": [0.1], "asset_classes": []}, "nothing would move"),
        ({"spot": [0.1], "margin": "no"}, "true or false"),
        ({"spot": [i / 1e3 for i in range(101)], "volatility": [i / 1e3 for i in range(100)]}, "more than 10,000"),
        ({"spot": [i / 1e4 for i in range(1_001)]}, "more than 1,000"),
    ],
)
def test_a_grid_is_read_strictly(grid, words):
    with pytest.raises(InputError, match=words) as caught:
        read_grid(grid)
    assert caught.value.pointer.startswith("/parameters/grid")
    with pytest.raises(InvalidInputError):
        stress(book(FUND), grid=grid)


def test_not_a_number_is_no_move():
    with pytest.raises(InputError, match="must be a number"):
        read_grid({"spot": [float("nan")]})


def test_more_cells_than_may_be_asked_for_are_refused(monkeypatch):
    monkeypatch.setattr("compute.stress.points.MOST_CELLS", 3)
    with pytest.raises(InputError, match="4 revaluations, more than 3"):
        stress(book(FUND, SHARE), scenarios="gfc_2008", grid={"spot": [0.1, 0.2]})
