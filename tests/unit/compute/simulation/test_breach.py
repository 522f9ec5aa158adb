import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from compute.errors import CancelledError, HistoryError, InputError
from compute.market import Market
from compute.measures import MEASURES
from compute.portfolio import Portfolio
from compute.result import Result, check_finite, no_checkpoint
from compute.simulation.book_passage import book_passage
from compute.simulation.breach import breach
from compute.simulation.breach_request import PARAMETERS, BreachRequest, work
from compute.simulation.factorise import square_root
from compute.simulation.passage import TILE, first_passage
from compute.simulation.revaluation import book
from tests.unit.compute.simulation.books import made_history, portfolio, real_book, real_history
from tests.unit.compute.simulation.test_revaluation import made_book

PATHS = 100_000
STEPS_BIAS = 0.02  # of the probability: the bridge of a book's value against the exact one, at ten steps
ROOT = Path(__file__).parents[4]
SCRIPT = """
import json
from compute.jit import thread_count
from compute.simulation.book_passage import book_passage
from compute.simulation.passage import first_passage
from tests.unit.compute.simulation.test_revaluation import made_book
one = first_passage(4.0, steps=7, paths=100_003, seed=5)
last = first_passage(4.0, steps=7, paths=100_003, seed=5, each_step=False)
many = book_passage(made_book(9)[2], 3e4, steps=5, paths=20_011, seed=5)
print(json.dumps([thread_count(), [p.probability.tolist() + p.standard_error.tolist() for p in (one, last, many)]]))
"""


def compute(held: Portfolio, market: Market, **parameters: Any) -> Result:
    return check_finite(breach(held, market, {"paths": PATHS, **parameters}, no_checkpoint))


def single(quantity: float = 1_000.0, cash: float = 10_000.0) -> tuple[Portfolio, Market, float]:
    """Return a book of one name at 100, its market, and the name's daily volatility by EWMA."""
    moves = np.random.default_rng(4).normal(0, 0.02, (500, 1))
    held = replace(portfolio(["A"], [quantity], [100.0]), available_cash=cash)
    weights = 0.94 ** np.arange(499, -1, -1)
    return held, Market(history=made_history(moves, ("A",))), float(np.sqrt(weights @ moves[:, 0] ** 2 / weights.sum()))


@pytest.mark.parametrize("steps", [1, 3, 12])
@pytest.mark.parametrize("distance", [0.5, 2.0, 6.0])
def test_one_factor_is_the_closed_form_after_every_step(steps: int, distance: float) -> None:
    found = first_passage(distance, steps=steps, paths=400_000, seed=1)
    closed = 2 * norm.cdf(-distance / np.sqrt(np.arange(1, steps + 1)))
    assert (np.abs(found.probability - closed) < 4 * found.standard_error + 1e-7).all()
    assert (np.diff(found.probability) >= 0).all()


def test_the_last_step_alone_is_the_same() -> None:
    every = first_passage(3.0, steps=6, paths=10_001, seed=1)
    last = first_passage(3.0, steps=6, paths=10_001, seed=1, each_step=False)
    assert last.probability.tolist() == pytest.approx(every.probability[-1:].tolist(), rel=1e-6)
    assert last.standard_error.tolist() == pytest.approx(every.standard_error[-1:].tolist(), rel=1e-6)


def test_the_standard_error_is_the_spread_over_seeds() -> None:
    found = [first_passage(4.0, steps=8, paths=5_000, seed=seed) for seed in range(64)]
    spread = np.std([each.probability[-1] for each in found])
    assert spread == pytest.approx(np.mean([each.standard_error[-1] for each in found]), rel=4 / np.sqrt(2 * 64))


def test_paths_that_do_not_fill_a_tile_count_alone() -> None:
    for paths in (1, TILE - 1, TILE + 1):
        assert first_passage(1e-6, steps=3, paths=paths, seed=1).probability == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_twins_of_one_factor_are_near_its_closed_form(sign: float) -> None:
    volatility, days, exposure, room = 0.02, 10, sign * 1e6, 8e4
    twins = volatility**2 * np.ones((2, 2))
    found = book_passage(book(square_root(twins), np.full(2, exposure / 2)), room, steps=days, paths=400_000, seed=2)
    distance = abs(np.log1p(-room / exposure))
    closed = 2 * norm.cdf(-distance / (volatility * np.sqrt(days)))
    assert abs(found.probability[-1] - closed) < 4 * found.standard_error[-1] + STEPS_BIAS * closed


def test_many_factors_are_near_steps_thirty_times_as_fine_without_a_bridge() -> None:
    root, amounts, priced = made_book(5)
    steps, fine, count = 6, 30, 20_000
    deviation = float(np.sqrt(amounts @ root @ root.T @ amounts))
    room = 2.0 * deviation * np.sqrt(steps)
    generator = np.random.default_rng(3)
    x, low = np.zeros((count, 5)), np.zeros(count)
    for _ in range(steps * fine):
        x += generator.standard_normal((count, 5)) @ root.T / np.sqrt(fine)
        low = np.minimum(low, np.expm1(x) @ amounts)
    shift = 0.5826 * deviation / np.sqrt(fine)  # Broadie, Glasserman and Kou (1997): a discrete watch misses this much
    probability = float(np.mean(low <= -room + shift))
    found = book_passage(priced, room, steps=steps, paths=PATHS, seed=3)
    error = np.hypot(found.standard_error[-1], np.sqrt(probability * (1 - probability) / count))
    assert abs(found.probability[-1] - probability) < 4 * error + STEPS_BIAS * probability


@pytest.mark.parametrize("quantity", [1_000.0, -1_000.0])
def test_single_name_by_hand(quantity: float) -> None:
    held, market, volatility = single(quantity)
    result = compute(held, market, threshold=0.0, horizon_days=4, steps=5)
    distance = abs(np.log1p(-10_000 / (100 * quantity)))
    closed = 2 * norm.cdf(-distance / (volatility * 2))
    document = result.document
    assert abs(document["probability"] - closed) < 4 * document["standard_error"]
    assert (document["equity"], document["threshold"], document["headroom"]) == (10_000.0, 0.0, 10_000.0)
    assert document["threshold_source"] == "given"
    assert result.tables["by_step"]["days"].tolist() == pytest.approx([0.8, 1.6, 2.4, 3.2, 4.0])
    assert result.tables["by_step"]["probability"][-1] == document["probability"]


def test_worked_example_of_the_docs() -> None:
    distance = -np.log1p(-0.1) / (0.02 * 2)
    assert distance == pytest.approx(2.634, abs=5e-4)
    assert 2 * norm.cdf(-distance) == pytest.approx(0.0084, abs=5e-5)
    assert "2 Φ(−2.634) = 0.84 %" in (ROOT / "docs" / "models" / "breach.md").read_text(encoding="utf-8")


def test_a_long_position_cannot_lose_more_than_itself() -> None:
    held, market, _ = single(quantity=10.0)
    assert compute(held, market, threshold=0.0).document["probability"] == 0.0


def test_what_hardly_a_path_reaches_is_said_and_never_negative() -> None:
    held, market, _ = single()
    likely, never = (compute(held, market, threshold=value).document for value in (0.0, -89_000.0))
    assert never["probability"] == pytest.approx(0.0, abs=1e-20)
    assert any("not reliable" in text for text in never["assumptions"])
    assert not any("not reliable" in text for text in likely["assumptions"])


def test_the_default_threshold_is_the_house_maintenance_margin() -> None:
    held, market = real_book()
    held = replace(held, available_cash=1e6)
    margin = MEASURES["margin"].models["house"]
    defaults = {name: parameter.default for name, parameter in margin.parameters.items()}
    expected = margin.kernel(held, market, defaults, no_checkpoint).document["maintenance_margin"]
    document = compute(held, market).document
    assert document["threshold"] == expected
    assert document["threshold_source"] == "maintenance_margin"
    assert 0 <= document["probability"] < 1


def test_a_threshold_already_breached_is_answered_by_name() -> None:
    held, market, _ = single()
    with pytest.raises(
        InputError, match=r"already breached: equity is 10000\.00 USD, the threshold 10000\.00"
    ) as caught:
        compute(held, market, threshold=10_000.0)
    assert caught.value.pointer == "/parameters/threshold"


def test_nothing_at_risk_never_breaches() -> None:
    held = replace(portfolio(["AAPL", "AAPL"], [1.0, -1.0], [5.0, 5.0]), available_cash=100.0)
    document = compute(held, Market(history=real_history()), threshold=1.0).document
    assert (document["probability"], document["history"]) == (0.0, None)


def test_missing_history_names_the_symbols() -> None:
    held = replace(portfolio(["NOPE"], [1.0], [1.0]), available_cash=100.0)
    with pytest.raises(HistoryError, match="NOPE"):
        compute(held, Market(history=real_history()), threshold=1.0)


def test_reports_rise_and_may_stop() -> None:
    seen: list[int] = []
    first_passage(3.0, steps=4, paths=100_000, seed=1, report=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 100_000

    def stop(_done: int) -> None:
        raise CancelledError("Stop.")

    with pytest.raises(CancelledError):
        book_passage(made_book(3)[2], 1e4, steps=4, paths=10_000, seed=1, report=stop)


def test_measure_is_registered_with_usable_defaults() -> None:
    defaults = {name: parameter.default for name, parameter in PARAMETERS.items()}
    assert BreachRequest.of(defaults) == BreachRequest.of({})
    assert work(20, defaults) == 1_000.0
    assert MEASURES["breach"].needs_history(defaults)


def test_same_bits_at_any_thread_count() -> None:
    seen = {}
    for threads in ("1", "2"):
        done = subprocess.run(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "NUMBA_NUM_THREADS": threads, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        used, figures = json.loads(done.stdout)
        seen[used] = figures
    assert set(seen) == {1, 2}
    assert seen[1] == seen[2]
