"""The strategy cases from outside the project, to a dollar."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.compute.margin.reg_t.accounts import AS_OF, calculate

CASES = json.loads((Path(__file__).parents[4] / "data" / "reg_t" / "strategy_cases.json").read_text(encoding="utf-8"))
DOLLAR = 1.0


def position(leg: dict[str, Any], underlying: dict[str, Any]) -> dict[str, Any]:
    shared = {"symbol": "XYZ", "quantity": leg["quantity"], "price": leg["price"]}
    if leg["kind"] == "shares":
        return {**shared, "asset_class": "equity", "instrument": "stock"}
    index_class = underlying.get("etf_type")
    return {
        **shared,
        "asset_class": "derivative",
        "instrument": "option",
        "underlying": "XYZ",
        "underlying_price": underlying["price"],
        "leverage": underlying.get("leverage_factor"),
        "index_class": index_class.lower() if index_class else None,
        "option_type": leg["type"].lower(),
        "strike": leg["strike"],
        "multiplier": 100.0,
        "expiry": (AS_OF + timedelta(days=leg["days_to_expiry"])).isoformat(),
    }


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_case_to_a_dollar(case):
    document = calculate([position(leg, case["underlying"]) for leg in case["legs"]])
    assert document["initial_margin"] == pytest.approx(case["margin_requirement"], abs=DOLLAR)


def test_there_are_all_cases():
    assert len({case["case"] for case in CASES}) == 21
