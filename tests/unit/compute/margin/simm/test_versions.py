"""Every version at every horizon against Open Source Risk Engine as an application."""

from pathlib import Path

import pytest

from benchmarks._simm_crif import generate
from compute.margin.simm.calibration import calibration, versions
from compute.margin.simm.model import simm, worst
from tests.unit.compute.margin.simm.application import RATES
from tests.unit.compute.margin.simm.application import totals as expected
from tests.unit.compute.margin.simm.crif import DATA, decoded, read, sensitivities

RELATIVE = 1e-11
NOTHING_USD = 1e-6  # what rounding leaves of a margin that is zero
SUITE = "simm_2.5_crif.csv"
# ISDA's 2.3 figures at ten days of portfolios of equity and commodity volatility, in whole USD, with what they hold.
PUBLISHED_2_3 = {
    "C409": (["S_EQV_8"] * 5, 126_654_673),
    "C411": (["S_EQV_12"] * 5, 29_775_274),
    "C412": (["S_EQV_1", "S_EQV_2"], 112_878_285),
    "C413": (["S_EQV_4", "S_EQV_5"], 20_615_143),
    "C414": (["S_EQV_1", "S_EQV_3"], 68_133_112),
    "C415": (["S_EQV_1", *["S_EQV_7"] * 5], 120_320_419),
    "C416": (["S_EQV_3", "S_EQV_4"], 31_444_823),
    "C417": (["S_EQV_2", "S_EQV_6"], 144_387_008),
    "C418": (["S_EQV_2", "S_EQV_6", "S_EQV_12"], 148_682_805),
    "C420": (["S_CMV_1"], 509_201_351),
    "C421": (["S_CMV_2"], 193_264_171),
    "C423": (["S_CMV_4"], 431_949_375),
    "C427": (["S_CMV_8"], 291_580_355),
    "C429": (["S_CMV_10"], 94_488_926),
}


def computed(text: str, version: str, mpor_days: int, currency: str = "USD") -> dict[tuple[str, str], float]:
    crif, table = decoded(text), calibration(version, mpor_days)
    return {
        (side, crif.netting_sets[found.netting_set[group]]): float(found.total[group])
        for side in ("call", "post")
        for found in [simm(crif, table, side=side, currency=currency)]
        for group in worst(found).tolist()
    }


def close(text: str, folder: Path, version: str, mpor_days: int, currency: str = "USD") -> None:
    theirs = dict(expected(folder, text, version=version, mpor_days=mpor_days, currency=currency))
    assert theirs
    assert computed(text, version, mpor_days, currency) == pytest.approx(theirs, rel=RELATIVE, abs=NOTHING_USD)


@pytest.mark.parametrize("version", versions())
@pytest.mark.parametrize("mpor_days", [10, 1])
def test_the_published_portfolios(version: str, mpor_days: int, tmp_path: Path):
    close((DATA / SUITE).read_text(encoding="utf-8"), tmp_path, version, mpor_days)


@pytest.mark.parametrize("version", versions())
@pytest.mark.parametrize("mpor_days", [10, 1])
@pytest.mark.parametrize("scale", [1.0, 1e3], ids=["small", "concentrated"])
def test_files_of_every_risk_type(version: str, mpor_days: int, scale: float, tmp_path: Path):
    close(generate(1_500, seed=41, netting_sets=60, scale=scale), tmp_path, version, mpor_days)


@pytest.mark.parametrize("version", versions())
@pytest.mark.parametrize("currency", list(RATES))
def test_other_calculation_currencies(version: str, currency: str, tmp_path: Path):
    close(generate(1_000, seed=43, netting_sets=20, scale=50.0), tmp_path, version, 10, currency)


@pytest.mark.parametrize(("name", "held", "margin"), [(name, *case) for name, case in PUBLISHED_2_3.items()])
def test_published_figures_of_version_2_3(name: str, held: list[str], margin: float):
    rows = {row["TradeID"]: row for row in read(SUITE)}
    found = simm(sensitivities([rows[trade] | {"PortfolioID": name} for trade in held]), calibration("2.3", 10))
    assert float(found.total[0]) == pytest.approx(margin, abs=1.0)
