import numpy as np

from compute.simulation.histogram import histogram


def test_counts_equal_numpy() -> None:
    values = np.random.default_rng(0).standard_normal(10_000)
    found = histogram(values, bins=16)
    counts, edges = np.histogram(values, bins=16)
    np.testing.assert_allclose(found["edges"], edges)
    assert sum(found["counts"]) == 10_000
    assert np.abs(np.array(found["counts"]) - counts).max() <= 1  # a value on an edge may round either way


def test_equal_values_make_one_bin() -> None:
    assert histogram(np.full(5, 2.0)) == {"edges": [2.0, 2.0], "counts": [5]}
