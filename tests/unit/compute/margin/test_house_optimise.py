"""The offsets made visible: each benefit, and what stays gross and why."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.unit.compute.margin.books import book, calculate, row
from tests.unit.compute.margin.test_house_offsets import BOOKS, RATES, close

ROOT = Path(__file__).parents[4]
MIXED = [
    row("AAPL", "equity", 100, 100),
    row("AAPL", "equity", -40, 100),
    row("TSLA", "equity", -20, 100, implied_volatility=0.2),
    row("UST", "bond", 100, 100, duration=5.0),
    row("BTC", "crypto", 1, 1_000, implied_volatility=0.2),
]


def test_each_benefit_of_a_mixed_book():
    document = calculate(book(MIXED), name="optimise")
    netting, within, cross = document["cross_margin_benefits"]
    assert (netting["asset_class"], netting["position_count"]) == ("equity", 2)
    assert (netting["gross_margin"], netting["cross_margin_offset"]) == (3_500, 2_000)
    assert (within["asset_class"], within["position_count"]) == ("equity", 3)
    assert (within["gross_margin"], within["cross_margin_offset"]) == (2_000, 250)
    assert within["offset_percentage"] == pytest.approx(12.5)
    assert (cross["asset_class"], cross["position_count"]) == ("equity-bond", 3)
    assert cross["gross_margin"] == pytest.approx(2_000)
    assert cross["cross_margin_offset"] == pytest.approx(0.10 * 1_000)
    assert document["original_margin"] == pytest.approx(5_500)
    assert document["margin_savings"] == pytest.approx(2_350)
    assert document["optimized_margin"] == pytest.approx(3_150)
    assert document["capital_efficiency_improvement"] == pytest.approx(100 * 2_350 / 5_500)


def test_what_remains_gross_says_why():
    document = calculate(book(MIXED), name="optimise")
    assert document["remaining"] == [
        {
            "asset_class": "crypto",
            "group": "all",
            "direction": "long",
            "margin": 500.0,
            "reason": "The class has no offset.",
        }
    ]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([row("A", "equity", 1, 1)], "Nothing short stands against it."),
        ([row("A", "equity", 3, 1), row("B", "equity", -1, 1)], "More long than short: matched in part."),
        ([row("A", "equity", 1, 1), row("B", "equity", -3, 1)], "More short than long: matched in part."),
        ([row("A", "bond", 1, 1)], "It has no duration to match by."),
        ([row("DXY", "fx", 1, 1)], "It has no currency pair to match by."),
        ([row("O", "derivative", 1, 1, delta=0.0)], "It has no direction: its delta is zero."),
    ],
)
def test_reasons(rows, reason):
    document = calculate(book(rows), name="optimise")
    assert [item["reason"] for item in document["remaining"]] == [reason]


def test_long_only_book_of_the_readme_saves_nothing():
    rows = [row("AAPL", "equity", 1_000, 150), row("TSLA", "equity", 500, 200)]
    document = calculate(book(rows), name="optimise")
    assert document["original_margin"] == document["optimized_margin"] == pytest.approx(68_125)
    assert document["margin_savings"] == 0.0
    assert document["capital_efficiency_improvement"] == 0.0
    assert document["cross_margin_benefits"] == []


def test_empty_book_has_no_percentage():
    document = calculate(book([]), name="optimise")
    assert document["original_margin"] == document["margin_savings"] == 0.0
    assert document["capital_efficiency_improvement"] is None
    assert document["remaining"] == []


def test_document_is_json():
    assert json.loads(json.dumps(calculate(book(MIXED), name="optimise"), allow_nan=False))["model"] == "house"
    assert json.loads(json.dumps(calculate(book(MIXED))[0], allow_nan=False))["model"] == "house"


@given(rows=BOOKS)
@settings(deadline=None)
def test_benefits_add_up_and_agree_with_the_margin(rows):
    portfolio = book(rows, **RATES)
    document = calculate(portfolio, name="optimise")
    margin, _ = calculate(portfolio)
    gross = margin["gross_initial_margin"]
    assert document["original_margin"] == gross
    assert document["optimized_margin"] == margin["initial_margin"]
    benefits = document["cross_margin_benefits"]
    assert close(sum(item["cross_margin_offset"] for item in benefits), document["margin_savings"], gross)
    for item in benefits:
        assert 0.0 < item["cross_margin_offset"] <= item["gross_margin"] * (1 + 1e-12)
        assert 0 < item["position_count"] <= len(rows)
    assert sum(item["margin"] for item in document["remaining"]) <= gross * (1 + 1e-12)


def test_naming_the_measures_loads_no_compiler():
    code = "import sys, compute.measures; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0  # noqa: S603
