"""The branch and cut against HiGHS: random small programs, and the pairings of larger accounts."""

import random

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from benchmarks.reg_t import account, at_random, by_strategy
from compute.margin.reg_t.branch import branch_and_bound
from compute.margin.reg_t.intake import read
from compute.margin.reg_t.pairing import Pairing
from compute.margin.reg_t.program import Program, solve
from compute.margin.reg_t.simplex import GIVEN_UP, OPTIMAL
from compute.margin.reg_t.tables import reg_t_set

CENT = 0.01
PLENTY = 1e10


def highs(program: Program, cost: np.ndarray) -> float:
    n = cost.size
    answer = milp(
        cost,
        integrality=program.whole[:n].astype(int),
        bounds=Bounds(program.lows[:n], program.highs[:n]),
        constraints=LinearConstraint(program.matrix, program.lows[n:], program.highs[n:]),
        options={"mip_rel_gap": 0.0},
    )
    assert answer.status == 0
    return float(answer.fun)


@pytest.mark.parametrize("seed", range(60))
def test_random_programs(seed):
    """Zero is allowed, as it is in every pairing."""
    generator = np.random.default_rng(seed)
    m, n = int(generator.integers(1, 8)), int(generator.integers(1, 9))
    matrix = generator.integers(-4, 5, (m, n)).astype(float)
    cost, tops = generator.normal(size=n).round(2), generator.integers(1, 9, n).astype(float)
    ends = generator.integers(0, 20, m).astype(float)
    floors = np.where(generator.random(m) < 0.5, -np.inf, -generator.integers(0, 6, m))
    whole = generator.random(n) < 0.8
    program = Program(
        first=cost,
        second=np.zeros(n),
        matrix=matrix,
        lows=np.concatenate([np.zeros(n), floors]),
        highs=np.concatenate([tops, ends]),
        whole=np.concatenate([whole, np.zeros(m, dtype=np.bool_)]),
        free=whole,
    )
    found = solve(program, PLENTY)
    assert found.optimal
    assert found.cost == pytest.approx(highs(program, cost), abs=1e-6)
    assert found.bound == pytest.approx(found.cost, abs=1e-6)
    assert np.all(matrix @ found.values <= ends + 1e-6)
    assert np.all(matrix @ found.values >= floors - 1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_pairings_of_larger_accounts(seed):
    generator = random.Random(seed)  # noqa: S311 - not for secrets
    rows = at_random("U", 30, generator, with_stock=seed % 2 == 0) if seed % 3 else by_strategy("U", 60, generator)
    held = read(account(rows), reg_t_set()).underlyings[0]
    program = Pairing(held, reg_t_set()).program
    found = solve(program, PLENTY)
    assert found.optimal
    assert found.cost == pytest.approx(highs(program, program.first), abs=CENT)


def test_a_search_that_stops_still_bounds_the_optimum():
    rows = at_random("U", 60, random.Random(3), with_stock=True)  # noqa: S311 - not for secrets
    program = Pairing(read(account(rows), reg_t_set()).underlyings[0], reg_t_set()).program
    stopped, ended = solve(program, 1.0), solve(program, PLENTY)
    assert not stopped.optimal
    assert ended.optimal
    assert stopped.bound <= ended.cost + CENT
    assert stopped.cost >= ended.cost - CENT


def test_a_spent_budget_is_said():
    status, _, bound, _ = branch_and_bound(
        np.array([-1.0, -1.0]),
        np.zeros(2),
        np.array([[2.0, 2.0]]),
        np.array([0.0, 0.0, -np.inf]),
        np.array([5.0, 5.0, 7.0]),
        np.array([True, True, False]),
        np.array([True, True]),
        1,
        1.0,
    )
    assert status == GIVEN_UP != OPTIMAL
    assert bound <= -3.0
