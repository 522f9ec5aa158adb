"""The worked example of docs/models/reg_t.md."""

import pytest

from tests.unit.compute.margin.reg_t.accounts import calculate, call, put, stock

EXAMPLE = [stock(100), call(-2, 105, 2.0), call(1, 110, 1.0), put(-1, 95, 1.5)]


def test_the_worked_example():
    document = calculate(EXAMPLE)
    assert document["initial_margin"] == pytest.approx(6950)
    assert document["net_deposit"] == pytest.approx(6400)
    assert document["maintenance_margin"] == pytest.approx(4450)
    found = {item["strategy"]: item["net_deposit"] for item in document["strategies"]}
    assert found == pytest.approx({"covered_call": 4800, "short_strangle": 1500, "long_call": 100})
