"""SIMM explained: the layers against the model, derivatives against the model, add-ons, regulations, levels."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks._simm_crif import generate
from compute.analysis.explain.removal import taken
from compute.crif import Crif
from compute.margin.simm.calibration import calibration, versions
from compute.margin.simm.classes import RISK_CLASSES
from compute.margin.simm.gradient import margins, traced
from compute.margin.simm.layers import LAYERS
from compute.margin.simm.regulations import grouped
from tests.unit.compute.analysis.explain.explaining import (
    contributions,
    explain,
    figure,
    groups,
    holds_together,
    steps_of,
)
from tests.unit.compute.margin.simm.crif import decoded, read, sensitivities

SAME = 1e-13  # relative: the layers sum the same products in another order
STEP = 1e-6
AGREES = 2e-5  # of the largest contribution: a difference quotient's own error
HEAD = "PortfolioID,ProductClass,RiskType,Qualifier,Bucket,Label1,Label2,Amount,AmountCurrency,AmountUSD\n"


def random_crif(seed: int, *, size: int = 120, scale: float = 1.0, **more: Any) -> Crif:
    return decoded(generate(size, seed=seed, scale=scale, **more))


def rows_of(*lines: str) -> Crif:
    """Return rows written as product class, risk type, qualifier, bucket, label1, label2, amount."""
    return decoded(HEAD + "".join(f"P,{line},USD,{line.rpartition(',')[2]}\n" for line in lines))


def scaled(crif: Crif, row: int, factor: float) -> Crif:
    amount = crif.amount.copy()
    amount[row] *= factor
    return replace(crif, amount=amount)


@pytest.mark.parametrize("version", versions())
@pytest.mark.parametrize(("scale", "currency"), [(1.0, "USD"), (300.0, "BRL")])
def test_the_layers_have_the_margins_of_the_model(version: str, scale: float, currency: str) -> None:
    crif = random_crif(7, size=800, scale=scale, netting_sets=2, regulated=True)
    table = calibration(version, 10)
    rows, sets, _ = grouped(crif, "call")
    segments, seen = 4 * len(sets), set()
    for name, risk_class in RISK_CLASSES.items():
        wanted = risk_class(rows, table, segments, currency)
        found = {
            layer.margin: margins(layer, traced(layer).factors, segments)
            for layer in LAYERS[name](rows, table, currency)
        }
        assert found.keys() == wanted.keys()
        for margin, values in wanted.items():
            np.testing.assert_allclose(found[margin], values, rtol=SAME, atol=SAME * float(np.abs(values).max()))
            seen.add((name, margin))
    assert len(seen) == 19  # three margins of six classes, and base correlation


@pytest.mark.parametrize("side", ["call", "post"])
@pytest.mark.parametrize("seed", range(4))
def test_parts_sum_to_the_model_s_own_figure(seed: int, side: str) -> None:
    crif = random_crif(seed, scale=10.0 ** (2 * seed - 3), netting_sets=1 + seed, regulated=bool(seed % 2))
    given = {"side": side, "calculation_currency": "EUR", "fx": {"EUR/USD": 1.1}, "top": 2, "top_groups": 1}
    total = figure(crif, "simm", "initial_margin", side=side, calculation_currency="EUR", fx={"EUR/USD": 1.1})
    holds_together(explain(crif, "simm", **given), total)


def test_published_files_are_explained() -> None:
    crif = sensitivities(read("simm_2.5_crif.csv"))
    holds_together(
        explain(crif, "simm", version="2.5", top=0, top_groups=0), figure(crif, "simm", "initial_margin", version="2.5")
    )


@pytest.mark.parametrize(("days", "scale"), [(1, 100.0), (10, 1e-4)])
@pytest.mark.parametrize("seed", range(2))
def test_contributions_are_amount_times_derivative_where_nothing_is_concentrated(
    seed: int, days: int, scale: float
) -> None:
    crif = random_crif(seed, size=90, scale=scale)
    result = explain(crif, "simm", mpor_days=days, top=0, top_groups=0)
    assert result.document["notes"] == []
    parts, smooth = contributions(result), 0
    largest = float(np.abs(parts).max())
    for row, part in enumerate(parts.tolist()):
        up, at, down = (
            figure(scaled(crif, row, 1.0 + step), "simm", "initial_margin", mpor_days=days) for step in (STEP, 0, -STEP)
        )
        if abs((up - at) - (at - down)) <= AGREES * STEP * largest:
            smooth += 1
            assert (up - down) / (2.0 * STEP) == pytest.approx(part, abs=AGREES * largest)
    assert smooth > 80


def test_a_concentration_factor_is_held_and_said() -> None:
    crif = rows_of("Equity,Risk_Equity,A,1,,,4e8")
    result = explain(crif, "simm")
    (part,) = contributions(result)
    assert part == result.document["total"]
    assert "held" in result.document["notes"][0]
    up, down = (figure(scaled(crif, 0, 1.0 + step), "simm", "initial_margin") for step in (STEP, -STEP))
    # √ of a concentration factor above one: the margin itself grows one and a half times as fast.
    assert (up - down) / (2.0 * STEP) == pytest.approx(1.5 * part, rel=1e-6)


def test_rows_that_net_within_one_factor_carry_their_own_sign() -> None:
    crif = rows_of("Equity,Risk_Equity,A,1,,,3e4", "Equity,Risk_Equity,A,1,,,-1e4")
    result = explain(crif, "simm")
    total = result.document["total"]
    assert contributions(result) == pytest.approx([1.5 * total, -0.5 * total])
    steps = steps_of(result)
    assert steps == pytest.approx({"rows_alone": 2.0 * total, "netting_within_risk_factors": -total})


def test_rows_that_cancel_have_parts_of_zero() -> None:
    result = explain(rows_of("Equity,Risk_Equity,A,1,,,3e4", "Equity,Risk_Equity,A,1,,,-3e4"), "simm")
    holds_together(result, 0.0)
    assert contributions(result).tolist() == [0.0, 0.0]


def test_the_levels_are_margins_of_parts_alone() -> None:
    crif = random_crif(3, size=60, scale=1e-4)
    result = explain(crif, "simm", top=0, group_by="bucket", top_groups=500)
    steps = steps_of(result)
    alone = [figure(_only(crif, row), "simm", "initial_margin") for row in range(len(crif))]
    # Vega and curvature of one row are summed either way, so a row alone is the sum of its layers alone.
    assert steps["rows_alone"] == pytest.approx(sum(alone), rel=1e-9)
    assert sum(steps.values()) == pytest.approx(result.document["total"], rel=1e-12)


def _only(crif: Crif, row: int) -> Crif:
    rows = np.arange(len(crif)) == row
    found = taken(crif, rows)
    assert isinstance(found, Crif)
    return found


def test_add_ons_carry_their_own_parts() -> None:
    crif = rows_of(
        "Equity,Risk_Equity,A,1,,,3e4",
        ",Param_ProductClassMultiplier,Equity,,,,1.5",
        ",Param_AddOnFixedAmount,,,,,700",
        ",Param_AddOnNotionalFactor,Flex,,,,2",
        ",Notional,Flex,,,,-1e4",
        ",Notional,Other,,,,1e9",
    )
    result = explain(crif, "simm")
    equity = figure(_only(crif, 0), "simm", "initial_margin")
    holds_together(result, figure(crif, "simm", "initial_margin"))
    assert contributions(result) == pytest.approx([1.5 * equity, 0.0, 700.0, 0.0, 200.0, 0.0])
    steps = steps_of(result)
    assert steps == pytest.approx(
        {
            "rows_alone": equity,
            "product_class_multipliers": 0.5 * equity,
            "fixed_add_ons": 700.0,
            "notional_add_ons": 200.0,
        }
    )
    table = groups(result, "risk_class")
    assert table["add_on"]["contribution"] == pytest.approx(900.0)
    assert table["equity"]["contribution"] == pytest.approx(1.5 * equity)


def test_only_the_worst_regulation_has_parts() -> None:
    text = (
        "PortfolioID,ProductClass,RiskType,Qualifier,Bucket,Amount,AmountCurrency,AmountUSD,collect_regulations\n"
        + "".join(
            f"P,Equity,Risk_Equity,{name},1,{amount},USD,{amount},{regulation}\n"
            for name, amount, regulation in (("A", 1e4, "SEC"), ("B", 3e4, "ESA"), ("C", 1e4, "Excluded"))
        )
    )
    parts = contributions(explain(decoded(text), "simm"))
    assert parts[[0, 2]].tolist() == [0.0, 0.0]
    assert parts[1] > 0.0


def test_groups_and_their_parts_recomputed() -> None:
    crif = random_crif(11, size=80, scale=1e-3)
    result = explain(crif, "simm", top=3)
    total = result.document["total"]
    for kind in ("risk_class", "bucket", "product_class"):
        assert groups(result, kind)
    buckets = groups(result, "bucket")
    assert {name.partition(" ")[0] for name in buckets} == set(groups(result, "risk_class"))
    assert "fx" in buckets
    assert "interest_rate EUR" in buckets
    assert any(name.startswith("equity ") and name[-1].isdigit() for name in buckets)
    types = crif.labels["risk_type"].texts()
    member = np.array([text in ("Risk_FX", "Risk_FXVol") for text in types])
    found = groups(result, "risk_class")["fx"]
    assert found["marginal"] == total - figure(taken(crif, ~member), "simm", "initial_margin")
    assert found["stand_alone"] == figure(taken(crif, member), "simm", "initial_margin")


def test_rows_are_told_apart_by_what_they_are() -> None:
    table = explain(random_crif(1, size=5), "simm").tables["positions"]
    assert table["id"] == ["1", "2", "3", "4", "5"]
    assert all(text.startswith("Risk_") for text in table["risk_type"])
    assert len(table["trade"]) == 5
