"""What the model refuses, by pointer, and what it carries into every result."""

import json
import tomllib

import pytest

from compute.errors import InputError, MissingRateError, ParameterSetError
from compute.margin.reg_t.model import margin
from compute.margin.reg_t.tables import FOLDER, parse, reg_t_set
from compute.market import Market
from compute.result import no_checkpoint
from tests.unit.compute.margin.reg_t.accounts import account, calculate, call, option, put, stock


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (call(1, None, 1.0), "strike"),
        (call(1, 0.0, 1.0), "strike"),
        (call(1, 100, 1.0, expiry=None), "expiry"),
        (call(1, 100, 1.0, expiry="2026-03-01"), "expiry"),
        (call(1, 100, 1.0, underlying_price=None), "underlying_price"),
        ({**call(1, 100, 1.0), "option_type": None}, "option_type"),
        (call(1, 100, 1.0, index_class="sector"), "index_class"),
        (call(1.5, 100, 1.0), "quantity"),
        (call(1e9, 100, 1.0), "quantity"),
        (call(float("nan"), 100, 1.0), "quantity"),
        (call(1, float("inf"), 1.0), "strike"),
        (call(1, 100, float("inf")), "price"),
        (call(1, 100, -0.5), "price"),
        (call(1, 100, 1.0, multiplier=0.0), "multiplier"),
        (call(1, 100, 1.0, underlying_price=float("inf")), "underlying_price"),
        (stock(1, leverage=0.0), "leverage"),
        (stock(1, -1.0), "price"),
        (stock(1, instrument="future"), "instrument"),
        (stock(1, instrument="swap"), "instrument"),
        (stock(1, instrument="bond", issuer="US Treasury"), "maturity"),
        (stock(1, instrument="bond", maturity="2020-01-01"), "maturity"),
    ],
)
def test_refused_by_pointer(row, name):
    with pytest.raises(InputError) as refused:
        calculate([stock(100, symbol="OTHER"), row])
    assert refused.value.pointer == f"/portfolio/positions/1/{name}"
    assert refused.value.remedy


def test_expires_only_after_its_day():
    assert calculate([call(1, 100, 1.0, expiry="2026-03-02")])["initial_margin"] == pytest.approx(100)


def test_a_missing_rate_is_named():
    with pytest.raises(MissingRateError, match="EUR/USD"):
        calculate([stock(100, currency="EUR")])
    with pytest.raises(MissingRateError, match="USD/EUR"):
        calculate([stock(-100, currency="EUR")], currency="EUR")


def test_unknown_version():
    with pytest.raises(InputError, match="1929"):
        margin(account([stock(1)]), Market(), {"version": "1929"}, no_checkpoint)


def test_open_figures_travel_with_the_result():
    found = calculate([stock(1)])["parameter_set"]
    assert "bonds.us_government" in found["unverified"]
    assert {item["table"] for item in found["sources"]} == set(found["status"])


def test_the_document_is_json():
    rows = [stock(100), call(-1, 105, 2.0), put(1, 95, 1.0, exercise="european")]
    document = calculate(rows)
    assert json.loads(json.dumps(document)) == document
    assert document["total_margin"] == document["initial_margin"]
    assert document["variation_margin"] is None


def test_utilization_is_null_without_collateral():
    assert calculate([stock(100)], available_cash=0.0)["utilization"] is None
    assert calculate([stock(100)], available_cash=10000.0)["utilization"] == pytest.approx(0.5)


def test_what_was_assumed_is_said():
    said = " ".join(calculate([call(1, 100, 1.0, underlying=None)])["assumptions"])
    assert "American" in said
    assert "underlying" in said


def test_too_large_a_pairing_is_named():
    rows = [
        option("call", sign, 1.0 + 0.5 * k, 1.0, expiry=f"2026-{4 + k % 9:02d}-17")
        for k in range(500)
        for sign in (1 if k % 2 else -1,)
    ]
    with pytest.raises(InputError, match="XYZ: 500 series"):
        calculate(rows)


def broken(change):
    document = tomllib.loads((FOLDER / "2026-06.toml").read_text(encoding="utf-8"))
    change(document)
    return document


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it["account"].pop("initial_long"),
        lambda it: it["account"].update(initial_lnog=0.5),
        lambda it: it["account"].update(initial_long=2.0),
        lambda it: it["account"].update(unverified="all"),
        lambda it: it["short_option"]["base"].pop("broad"),
        lambda it: it["bonds"]["us_government"].update(rates=[0.01]),
        lambda it: it.update(schema=2),
        lambda it: it.update(model="house"),
    ],
)
def test_a_broken_set_is_refused(change):
    with pytest.raises(ParameterSetError):
        parse("broken", broken(change))


def test_the_packaged_set_is_the_default():
    assert reg_t_set().version == "2026-06"
