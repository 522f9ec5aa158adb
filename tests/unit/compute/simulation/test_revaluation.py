import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from compute.errors import CancelledError
from compute.portfolio import Floats
from compute.simulation import reference
from compute.simulation.factorise import Root, square_root
from compute.simulation.revaluation import TILE, Book, book, first_block, next_block, profit_and_loss
from compute.simulation.tail import tails

FIRST_BLOCK = 2**16  # of a book of few factors
OF_GROSS = 1e-6  # error of a path's profit, relative to the gross move sum_k |w_k (exp(x_k) - 1)|
ROOT = Path(__file__).parents[4]
SCRIPT = """
import hashlib, json
from compute.jit import thread_count
from compute.result import no_checkpoint
from compute.simulation.var import value_at_risk
from tests.unit.compute.simulation.books import real_book
from tests.unit.compute.simulation.test_revaluation import made_book
from compute.simulation.revaluation import profit_and_loss
profits = profit_and_loss(made_book(300)[2], start=0, stop=20_011, seed=5)
result = value_at_risk(*real_book(), {"paths": 20_000}, no_checkpoint)
columns = result.tables["components"]
text = json.dumps(result.document) + json.dumps({k: list(v) for k, v in columns.items()}, default=float)
digests = [hashlib.sha256(data).hexdigest() for data in (profits.tobytes(), text.encode())]
print(json.dumps([thread_count(), *digests]))
"""


def root_of(matrix: list[list[float]]) -> Root:
    return Root(matrix=np.array(matrix), order=np.arange(len(matrix)), clipped=False)


def made_book(size: int, salt: int = 0) -> tuple[Floats, Floats, Book]:
    generator = np.random.default_rng(salt)
    a = 0.01 * generator.standard_normal((size, size + 3)) / np.sqrt(size)
    root = square_root(a @ a.T)
    amounts = 1e6 * generator.standard_normal(size)
    return root.matrix, amounts, book(root, amounts)


@pytest.mark.parametrize("size", [1, 3, 4, 5, 20, 61])
@pytest.mark.parametrize("seed", [0, 2**40 + 3])
def test_paths_equal_numpy_on_the_same_normals(size: int, seed: int) -> None:
    root, amounts, priced = made_book(size)
    fast = profit_and_loss(priced, start=0, stop=5_000, seed=seed)
    exact = reference.profit_and_loss(root, amounts, start=0, stop=5_000, seed=seed)
    gross = np.abs(np.expm1(reference.factor_normals(0, 5_000, size, seed) @ root.T)) @ np.abs(amounts)
    assert np.max(np.abs(fast - exact) / gross) < OF_GROSS


def test_singular_book_equals_numpy_on_the_same_normals() -> None:
    a = 0.01 * np.random.default_rng(2).standard_normal((9, 3))
    root = square_root(a @ a.T)
    assert root.matrix.shape == (9, 3)
    amounts = 1e6 * np.random.default_rng(3).standard_normal(9)
    fast = profit_and_loss(book(root, amounts), start=0, stop=5_000, seed=1)
    exact = reference.profit_and_loss(root.matrix, amounts[root.order], start=0, stop=5_000, seed=1)
    np.testing.assert_allclose(fast, exact, atol=OF_GROSS * np.abs(amounts).sum() * 0.05)
    sigma = np.sqrt(amounts @ a @ a.T @ amounts)
    assert np.std(fast) == pytest.approx(sigma, rel=5 / np.sqrt(2 * 5_000))


def test_hedged_book_loses_nothing_to_cancellation() -> None:
    root = root_of([[0.02, 0.0], [0.02, 1e-6]])
    amounts = np.array([1e9, -1e9])
    fast = profit_and_loss(book(root, amounts), start=0, stop=5_000, seed=1)
    exact = reference.profit_and_loss(root.matrix, amounts, start=0, stop=5_000, seed=1)
    assert np.max(np.abs(fast - exact)) < OF_GROSS * 1e9 * 0.02 * 10


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 0), (0, 1), (TILE - 1, TILE + 1), (7, 9_000), (FIRST_BLOCK + 1, 3 * FIRST_BLOCK - 5)]
)
def test_a_shard_is_the_bits_of_the_whole(start: int, stop: int) -> None:
    priced = made_book(9)[2]
    whole = profit_and_loss(priced, start=0, stop=4 * FIRST_BLOCK, seed=5)
    np.testing.assert_array_equal(profit_and_loss(priced, start=start, stop=stop, seed=5), whole[start:stop])


def test_shards_beyond_32_bit_counters() -> None:
    root, amounts, priced = made_book(6)
    start = 2**33 - 10
    fast = profit_and_loss(priced, start=start, stop=start + 600, seed=5)
    exact = reference.profit_and_loss(root, amounts, start=start, stop=start + 600, seed=5)
    np.testing.assert_allclose(fast, exact, atol=OF_GROSS * np.abs(amounts).sum() * 0.05)


@pytest.mark.parametrize("exposure", [1e6, -1e6])
def test_single_asset_has_the_lognormal_quantile(exposure: float) -> None:
    volatility = 0.05
    profits = profit_and_loss(book(root_of([[volatility]]), np.array([exposure])), start=0, stop=400_000, seed=2)
    for tail in tails(-profits, [0.95, 0.99]):
        z = stats.norm.ppf(1 - tail.confidence if exposure > 0 else tail.confidence)
        assert abs(tail.var + exposure * np.expm1(volatility * z)) < 4 * tail.se_var
        sign = 1 if exposure < 0 else -1
        mass = stats.norm.cdf(sign * volatility - sign * z) / (1 - tail.confidence)
        assert abs(tail.es + exposure * (np.exp(volatility**2 / 2) * mass - 1)) < 4 * tail.se_es


def test_small_volatility_is_the_normal_closed_form() -> None:
    root, amounts, _ = made_book(20)
    covariance = np.asarray(1e-4 * root @ root.T)
    sigma = np.sqrt(amounts @ covariance @ amounts)
    profits = profit_and_loss(book(square_root(covariance), amounts), start=0, stop=200_000, seed=3)
    for tail in tails(-profits, [0.95, 0.99]):
        z = stats.norm.ppf(tail.confidence)
        assert abs(tail.var - z * sigma) < 4 * tail.se_var
        assert abs(tail.es - stats.norm.pdf(z) / (1 - tail.confidence) * sigma) < 4 * tail.se_es


def test_standard_errors_are_the_spread_over_seeds() -> None:
    priced = made_book(8)[2]
    found = [tails(-profit_and_loss(priced, start=0, stop=20_000, seed=seed), [0.99])[0] for seed in range(64)]
    tolerance = 4 / np.sqrt(2 * len(found))
    assert np.std([tail.var for tail in found]) == pytest.approx(
        np.mean([tail.se_var for tail in found]), rel=tolerance
    )
    assert np.std([tail.es for tail in found]) == pytest.approx(np.mean([tail.se_es for tail in found]), rel=tolerance)


def test_extreme_volatility_stays_finite() -> None:
    profits = profit_and_loss(book(root_of([[50.0]]), np.array([1e15])), start=0, stop=5_000, seed=1)
    assert np.isfinite(profits).all()


def test_reports_rise_to_the_total_and_may_stop() -> None:
    reports: list[int] = []
    profit_and_loss(made_book(4)[2], start=0, stop=100_000, seed=1, report=reports.append)
    assert reports == sorted(reports)
    assert reports[0] <= FIRST_BLOCK
    assert reports[-1] == 100_000

    def stop(_done: int) -> None:
        raise CancelledError("Stop.")

    with pytest.raises(CancelledError):
        profit_and_loss(made_book(4)[2], start=0, stop=100_000, seed=1, report=stop)


def test_first_block_is_short_for_many_factors() -> None:
    assert first_block(4) == first_block(32) == FIRST_BLOCK
    assert first_block(100) == 6_656
    assert first_block(300) == 512
    assert first_block(2_000) == TILE


def test_blocks_move_towards_the_aimed_time() -> None:
    assert next_block(4096, 1e-9) == 4 * 4096
    assert next_block(4096, 10.0) == TILE
    assert next_block(4096, 0.05) == 4096
    assert next_block(100 * TILE, 0.1) == 50 * TILE


def test_same_bits_at_any_thread_count() -> None:
    seen: dict[int, list[str]] = {}
    for threads in ("1", "2"):
        counts = dict.fromkeys(("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), threads)
        done = subprocess.run(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, **counts, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        used, *digests = json.loads(done.stdout)
        seen[used] = digests
    assert set(seen) == {1, 2}
    assert seen[1] == seen[2]
