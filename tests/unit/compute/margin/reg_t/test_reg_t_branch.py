"""The branch and cut against HiGHS: random small programs, and the pairings of larger accounts."""

import random

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from benchmarks.reg_t import account, at_random, by_strategy
from compute.margin.reg_t.branch import GIVEN_UP, INFEASIBLE, OPTIMAL, branch_and_bound
from compute.margin.reg_t.intake import read
from compute.margin.reg_t.pairing import Pairing
from compute.margin.reg_t.program import highs, refine, solve
from compute.margin.reg_t.tables import reg_t_set

CENT = 0.01


@pytest.mark.parametrize("seed", range(40))
def test_random_programs(seed):
    generator = np.random.default_rng(seed)
    m, n = int(generator.integers(1, 8)), int(generator.integers(1, 9))
    matrix = generator.integers(-4, 5, (m, n)).astype(float)
    cost, tops = generator.normal(size=n).round(2), generator.integers(1, 9, n).astype(float)
    lows, ends = np.zeros(n), generator.integers(-3, 20, m).astype(float)
    floors = np.where(generator.random(m) < 0.5, -np.inf, ends - generator.integers(0, 6, m))
    whole = generator.random(n) < 0.8
    status, found = branch_and_bound(
        cost,
        matrix,
        np.concatenate([lows, floors]),
        np.concatenate([tops, ends]),
        np.concatenate([whole, np.zeros(m, dtype=np.bool_)]),
        10,
        1e7,
    )
    truth = milp(
        cost,
        integrality=whole.astype(int),
        bounds=Bounds(lows, tops),
        constraints=LinearConstraint(matrix, floors, ends),
    )
    assert status == (OPTIMAL if truth.x is not None else INFEASIBLE)
    if status == OPTIMAL:
        assert cost @ found == pytest.approx(truth.fun, abs=1e-6)
        assert np.all(matrix @ found <= ends + 1e-6)
        assert np.all(matrix @ found >= floors - 1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_pairings_of_larger_accounts(seed):
    generator = random.Random(seed)  # noqa: S311 - not for secrets
    rows = at_random("U", 30, generator, with_stock=seed % 2 == 0) if seed % 3 else by_strategy("U", 60, generator)
    held = read(account(rows), reg_t_set()).underlyings[0]
    program = Pairing(held, reg_t_set()).program
    first = np.array(program.first)
    optimum = solve(program)
    assert first @ optimum == pytest.approx(first @ highs(program, first), abs=CENT)
    refined = refine(program, optimum)
    assert first @ refined == pytest.approx(first @ optimum, abs=CENT)
    assert np.dot(program.second, refined) <= np.dot(program.second, optimum) + CENT


def test_a_spent_budget_is_said():
    status, _ = branch_and_bound(
        np.array([-1.0, -1.0]),
        np.array([[2.0, 2.0]]),
        np.array([0.0, 0.0, -np.inf]),
        np.array([5.0, 5.0, 7.0]),
        np.array([True, True, False]),
        1,
        1.0,
    )
    assert status == GIVEN_UP
