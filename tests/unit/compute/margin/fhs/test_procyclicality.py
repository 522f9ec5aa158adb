import numpy as np
import pytest

from compute.margin.fhs.procyclicality import buffered, stressed_ends
from compute.margin.fhs.tables import fhs_set
from tests.unit.compute.margin.fhs.books import compute, gaussian, made
from tests.unit.compute.simulation.books import real_book

TABLE = fhs_set("emir-153-2013")


def after_sixty_days_at_100(today: float) -> float:
    margin, mean = buffered(np.array([*[100.0] * 60, today]), TABLE)
    assert mean[0] == pytest.approx(100.0)
    return float(margin[0])


@pytest.mark.parametrize(
    ("today", "margin"),
    [
        (80.0, 100.0),  # falling: the whole buffer
        (100.0, 125.0),
        (110.0, 137.5),  # the last rise that is not significant
        (120.0, 137.5),  # the buffer gives way: the margin stands still
        (137.5, 137.5),  # used up
        (200.0, 200.0),  # never below the core
    ],
)
def test_buffer_is_used_up_while_the_core_rises(today: float, margin: float) -> None:
    assert after_sixty_days_at_100(today) == pytest.approx(margin)


def test_buffer_is_filled_up_again() -> None:
    """A jump that stays becomes the reference within sixty days: the whole buffer is back."""
    core = np.array([*[100.0] * 60, *[200.0] * 61])
    margin, _mean = buffered(core, TABLE)
    assert margin[0] == pytest.approx(200.0)
    assert np.all(np.diff(margin) >= 0.0)
    assert margin[-1] == pytest.approx(250.0)


def test_stressed_period_is_the_worst_so_far() -> None:
    losses = gaussian(500, 1)[:, 0]
    losses[100:150] *= 5.0
    losses[300:350] *= 9.0
    ends = stressed_ends(losses, 50)
    for day in range(50, 501):
        squares = [np.sum(losses[end - 50 : end] ** 2) for end in range(50, day + 1)]
        assert ends[day - 50] == 50 + int(np.argmax(squares))


def test_floor_is_the_margin_at_ten_year_volatility() -> None:
    """A calm end after ten rough years: the floor scales the same scenarios by the ten-year volatility."""
    returns = gaussian(3_000, 1, volatility=0.02)
    returns[-600:] /= 10.0
    book, market = made(returns, [1e6])
    bare, floored = compute(book, market, mpor_days=1), compute(book, market, mpor_days=1, apc="floor")
    weights = 0.97 ** np.arange(152)[::-1]
    steady, today = np.sqrt(np.mean(returns[-2520:] ** 2)), np.sqrt(weights @ returns[-152:, 0] ** 2 / weights.sum())
    volatility = np.array([np.sqrt(weights @ returns[d - 152 : d, 0] ** 2 / weights.sum()) for d in range(1750, 3000)])
    losses = np.sort(-1e6 * np.expm1(steady / volatility * returns[1750:, 0]))
    expected = (losses[-12:].sum() + 0.5 * losses[-13]) / 12.5
    assert steady > 5 * today
    assert floored.document["initial_margin"] == pytest.approx(expected, rel=1e-9)
    assert floored.document["breakdown"]["core"] == pytest.approx(bare.document["initial_margin"])
    assert floored.document["breakdown"]["apc"] == pytest.approx(expected - bare.document["initial_margin"])


def test_floor_adds_nothing_in_a_storm() -> None:
    returns = gaussian(3_000, 2)
    returns[-20:] *= 10.0
    book, market = made(returns, [1e6, -3e5])
    assert compute(book, market, apc="floor").document["breakdown"]["apc"] == 0.0


def test_stressed_observations_are_the_raw_losses_of_the_worst_period() -> None:
    returns = gaussian(2_500, 1)
    returns[400:650] *= 6.0
    book, market = made(returns, [1e6])
    result = compute(book, market, mpor_days=1, apc="stressed")
    weights = 0.97 ** np.arange(152)[::-1] / np.sum(0.97 ** np.arange(152))
    volatility = np.array([np.sqrt(weights @ returns[d - 152 : d, 0] ** 2) for d in range(1250, 2501)])
    now = -1e6 * np.expm1(volatility[-1] / volatility[:-1] * returns[1250:, 0])
    squares = [np.sum((np.expm1(returns[end - 250 : end, 0])) ** 2) for end in range(250, 2501)]
    end = 250 + int(np.argmax(squares))
    then = -1e6 * np.expm1(returns[end - 250 : end, 0])
    losses, shares = np.concatenate([now, then]), np.repeat([0.75 / 1250, 0.25 / 250], [1250, 250])
    order = np.argsort(-losses)
    reached = np.cumsum(shares[order])
    at = int(np.searchsorted(reached, 0.01 * (1 + 1e-12), side="right"))
    tail = shares[order][:at] @ losses[order][:at] + (0.01 - reached[at - 1]) * losses[order][at]
    assert result.document["initial_margin"] == pytest.approx(tail / 0.01, rel=1e-9)


@pytest.mark.parametrize("tool", ["buffer", "floor"])
def test_a_tool_never_lowers_the_margin(tool: str) -> None:
    book, market = real_book()
    assert compute(book, market, apc=tool).document["breakdown"]["apc"] >= 0.0
