"""Made-up files of every risk type against the Open Source Risk Engine's own calculation of the same text."""

import csv
import io
import math
import warnings

import pytest

from benchmarks._simm_crif import generate
from compute.margin.simm.calibration import calibration
from compute.margin.simm.model import simm, worst
from tests.unit.compute.margin.simm.crif import decoded

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the binding's own types have no module
    from benchmarks._simm_ore import Peer

RELATIVE = 1e-12
VERSIONS = ["2.6", "2.8+2506"]
ADD_ONS = [
    "A1,P0,,Param_ProductClassMultiplier,Equity,,,,,,1.25,USD,1.25",
    "A2,P0,,Param_ProductClassMultiplier,RatesFX,,,,,,1.1,USD,1.1",
    "A3,P0,,Param_AddOnFixedAmount,,,,,,,1234567.5,USD,1234567.5",
    "A4,P0,,Param_AddOnNotionalFactor,FlexiCallable,,,,,,7.5,USD,7.5",
    "A5,P0,,Notional,FlexiCallable,,,,,,2500000,USD,2500000",
    "A6,P0,,Notional,FlexiCallable,,,,,,4000000,USD,4000000",
    "A7,P0,,Notional,NotNamed,,,,,,9000000,USD,9000000",
]


def totals(text: str, version: str, mpor_days: int, side: str) -> dict[str, float]:
    crif = decoded(text)
    found = simm(crif, calibration(version, mpor_days), side=side)
    return {crif.netting_sets[found.netting_set[group]]: float(found.total[group]) for group in worst(found).tolist()}


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def written(rows: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("mpor_days", [10, 1])
@pytest.mark.parametrize("side", ["call", "post"])
@pytest.mark.parametrize("scale", [1.0, 1e3], ids=["small", "concentrated"])
def test_netting_sets_of_every_risk_type(version: str, mpor_days: int, side: str, scale: float):
    text = generate(1_200, seed=17, netting_sets=4, scale=scale)
    expected = Peer(text, version=version, mpor_days=mpor_days).totals(side)
    assert len(expected) == 4
    assert totals(text, version, mpor_days, side) == pytest.approx(dict(expected), rel=RELATIVE)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("seed", range(12))
def test_small_files_where_classes_are_alone(version: str, seed: int):
    text = generate(24, seed=seed, netting_sets=6, scale=300.0)
    expected = Peer(text, version=version).totals("call")
    assert totals(text, version, 10, "call") == pytest.approx(dict(expected), rel=RELATIVE)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("side", ["call", "post"])
def test_add_ons(version: str, side: str):
    text = "\n".join((generate(300, seed=5).rstrip("\n"), *ADD_ONS, ""))
    expected = Peer(text, version=version).totals(side)
    assert totals(text, version, 10, side) == pytest.approx(dict(expected), rel=RELATIVE)
    plain = totals(generate(300, seed=5), version, 10, side)
    assert totals(text, version, 10, side)["P0"] > plain["P0"] + 1234567.5


@pytest.mark.parametrize(("side", "column"), [("call", "collect_regulations"), ("post", "post_regulations")])
@pytest.mark.parametrize("mpor_days", [10, 1])
def test_the_worst_regulation_is_the_largest_of_each_ones_rows(side: str, column: str, mpor_days: int):
    """The peer's binding reads no regulations: it is given each regulation's rows as a file of their own."""
    text = generate(900, seed=23, netting_sets=3, regulated=True)
    expected: dict[str, float] = dict.fromkeys(("P0", "P1", "P2"), -math.inf)
    for regulation in ("CFTC", "ESA", "SEC", "USPR", ""):
        rows = [
            row | {"collect_regulations": "", "post_regulations": ""}
            for row in rows_of(text)
            if regulation in row[column].strip("[]").split(",")
        ]
        for name, total in Peer(written(rows), version="2.6", mpor_days=mpor_days).totals(side).items():
            expected[name] = max(expected[name], total)
    assert totals(text, "2.6", mpor_days, side) == pytest.approx(expected, rel=RELATIVE)


def test_one_day_knows_no_concentration():
    huge = generate(60, seed=3, scale=1e6)
    tenth = written([row | {"Amount": f"{float(row['Amount']) / 10:.6f}"} for row in rows_of(huge)])
    tenth = written([row | {"AmountUSD": row["Amount"]} for row in rows_of(tenth)])
    day, ten_days = (
        totals(huge, "2.6", days, "call")["P0"] / totals(tenth, "2.6", days, "call")["P0"] for days in (1, 10)
    )
    assert day == pytest.approx(10.0, rel=1e-9)
    assert ten_days > 12.0


@pytest.mark.parametrize("version", VERSIONS)
def test_details_that_are_easily_wrong(version: str):
    """Tranches by group, volatility indices, pairs in either order, basis and base correlation alone and together."""
    head = generate(0, seed=1)
    lines = [
        "t,A,Credit,Risk_CreditNonQ,N1,1,1y,GROUP,,,100000,USD,100000",
        "t,A,Credit,Risk_CreditNonQ,N2,1,5y,GROUP,,,-30000,USD,-30000",
        "t,A,Credit,Risk_CreditNonQ,N3,1,5y,OTHER,,,50000,USD,50000",
        "t,A,Credit,Risk_CreditNonQ,N4,Residual,5y,OTHER,,,50000,USD,50000",
        "t,B,Equity,Risk_EquityVol,VIX,12,1y,,,,90000000,USD,90000000",
        "t,B,Equity,Risk_EquityVol,SPX,11,1y,,,,90000000,USD,90000000",
        "t,B,Equity,Risk_EquityVol,ACME,Residual,1y,,,,-9000000,USD,-9000000",
        "t,C,RatesFX,Risk_FXVol,EURUSD,,1y,,,,90000000,USD,90000000",
        "t,C,RatesFX,Risk_FXVol,USDEUR,,1y,,,,-50000000,USD,-50000000",
        "t,C,RatesFX,Risk_FXVol,USDBRL,,3m,,,,50000000,USD,50000000",
        "t,D,RatesFX,Risk_XCcyBasis,EUR,,,,,,500000,USD,500000",
        "t,D,RatesFX,Risk_Inflation,EUR,,,,,,90000000,USD,90000000",
        "t,D,RatesFX,Risk_IRCurve,EUR,1,2w,OIS,,,90000000,USD,90000000",
        "t,E,Credit,Risk_BaseCorr,IDX1,,,,,,90000,USD,90000",
        "t,E,Credit,Risk_BaseCorr,IDX2,,,,,,-40000,USD,-40000",
        "t,F,RatesFX,Risk_FX,USD,,,,,,90000000,USD,90000000",
        "t,F,RatesFX,Risk_FX,BRL,,,,,,90000000,USD,90000000",
        "t,F,RatesFX,Risk_FX,EUR,,,,,,-90000000,USD,-90000000",
        "t,G,RatesFX,Risk_InflationVol,EUR,,5y,,,,90000000,USD,90000000",
        "t,G,RatesFX,Risk_IRVol,EUR,,5y,,,,-20000000,USD,-20000000",
    ]
    text = head + "\n".join(lines) + "\n"
    for mpor_days in (10, 1):
        expected = Peer(text, version=version, mpor_days=mpor_days).totals("call")
        assert totals(text, version, mpor_days, "call") == pytest.approx(dict(expected), rel=RELATIVE)
