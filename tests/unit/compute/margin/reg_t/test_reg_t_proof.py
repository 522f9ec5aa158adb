"""What our own search leaves unproven HiGHS proves, or betters; ours stays where it costs the same."""

import numpy as np
import pytest

from benchmarks.reg_t import ours, peers, spread_out
from compute.margin.reg_t.program import Columns, assemble, solve
from compute.margin.reg_t.proof import prove


@pytest.mark.parametrize("seed", [2, 3])
def test_standard_is_the_optimum_where_quick_leaves_a_gap(seed: int) -> None:
    account = spread_out(2, seed)
    quick, standard = ours(account, "quick"), ours(account)
    best = peers(account)
    assert standard["pairing"]["optimal"]
    assert standard["net_deposit"] == pytest.approx(best, rel=1e-9)
    assert standard["pairing"]["lower_bound"] == pytest.approx(best, rel=1e-9)
    assert quick["pairing"]["lower_bound"] <= best + 1e-6
    assert quick["net_deposit"] >= best - 1e-6


def _program():
    """Return: of three uses of four units, the first two cost the same and the second has the lower second cost."""
    columns = Columns()
    first, second, third = columns.add(-2.0, 5.0, 4.0), columns.add(-2.0, 1.0, 4.0), columns.add(-1.0, 0.0, 4.0)
    row = np.zeros(3)
    row[[first, second, third]] = 1.0
    return assemble(columns, [(row, -np.inf, 4.0)])


def test_a_cheaper_decomposition_is_taken_by_both_costs() -> None:
    program = _program()
    worse = solve(program, 1e6)
    poor = type(worse)(values=np.zeros(3), cost=0.0, bound=-100.0, optimal=False, spent=0.0)
    found = prove(program, poor, 100)
    assert found.optimal
    assert found.values.tolist() == [0.0, 4.0, 0.0]
    assert found.cost == found.bound == -8.0


def test_of_equal_costs_ours_stays() -> None:
    program = _program()
    own = type(solve(program, 1e6))(values=np.array([4.0, 0.0, 0.0]), cost=-8.0, bound=-100.0, optimal=False, spent=0.0)
    found = prove(program, own, 100)
    assert found.optimal
    assert found.values.tolist() == [4.0, 0.0, 0.0]
