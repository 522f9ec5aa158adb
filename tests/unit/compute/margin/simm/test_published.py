"""SIMM against figures from outside: ISDA's unit-test portfolios and the Open Source Risk Engine."""

import pytest

from compute.margin.simm.calibration import calibration
from compute.margin.simm.model import simm, worst
from tests.unit.compute.margin.simm.crif import read, sensitivities

ABSOLUTE_USD = 1.0
RELATIVE = 1e-9
SUITE = sensitivities(read("simm_2.5_crif.csv"))
PARTS = {
    "delta": "delta",
    "vega": "vega",
    "curvature": "curvature",
    "base_correlation": "base_corr",
    "add_on": "add_on",
}


def _close(value: float, expected: float) -> bool:
    return abs(value - expected) <= max(ABSOLUTE_USD, RELATIVE * abs(expected))


@pytest.mark.parametrize("mpor_days", [10, 1])
@pytest.mark.parametrize(
    ("version", "file"), [("2.5", "simm_2.5_expected.csv"), ("2.8+2506", "simm_2.8_2506_expected.csv")]
)
def test_every_published_portfolio(version: str, file: str, mpor_days: int):
    expected = {row["portfolio_id"]: row for row in read(file) if int(row["mpor_days"]) == mpor_days}
    found = simm(SUITE, calibration(version, mpor_days))
    totals = {SUITE.netting_sets[found.netting_set[group]]: float(found.total[group]) for group in worst(found)}
    assert totals.keys() == expected.keys()
    assert len(totals) == 241
    wrong = {name: total for name, total in totals.items() if not _close(total, float(expected[name]["total"]))}
    assert wrong == {}


@pytest.mark.parametrize("mpor_days", [10, 1])
def test_the_parts_of_every_published_portfolio(mpor_days: int):
    expected = {row["portfolio_id"]: row for row in read("simm_2.5_expected.csv") if int(row["mpor_days"]) == mpor_days}
    found = simm(SUITE, calibration("2.5", mpor_days))
    for group in worst(found):
        name = SUITE.netting_sets[found.netting_set[group]]
        ours = {part: found.part(part)[group] for part in PARTS if part != "add_on"} | {"add_on": found.add_on[group]}
        for part, column in PARTS.items():
            assert _close(ours[part], float(expected[name][column])), (name, part)


@pytest.mark.parametrize(
    ("mpor_days", "file"), [(10, "ore_example_SIMM2.6_10D.csv"), (1, "ore_example_SIMM2.6_1D.csv")]
)
@pytest.mark.parametrize(("side", "name"), [("call", "Call"), ("post", "Post")])
def test_worst_regulation_of_each_side(mpor_days: int, file: str, side: str, name: str):
    given = sensitivities(read("ore_example_crif.csv"))
    found = simm(given, calibration("2.6", mpor_days), side=side)
    (group,) = worst(found)
    columns = ("ProductClass", "RiskClass", "MarginType", "Bucket", "SimmSide")
    (row,) = (
        row
        for row in read(file)
        if tuple(row[column] for column in columns) == ("All", "All", "All", "All", name) and row["Portfolio"] != "All"
    )
    assert found.regulation[group] == row["Regulation"]
    assert found.total[group] == pytest.approx(float(row["InitialMargin"]), rel=RELATIVE)
