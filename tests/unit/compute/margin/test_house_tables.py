"""The parameter sets: what the packaged one holds, and what a faulty one is told."""

import copy
import tomllib
from typing import Any

import pytest

from compute.errors import InputError, ParameterSetError
from compute.margin.tables import PARAMS, house_set, load, parse, versions

PATH = PARAMS / "house-1.0.toml"
CONTENT = tomllib.loads(PATH.read_text(encoding="utf-8"))


def changed(path, value):
    """Return the packaged document with one key set (or removed, for None)."""
    document = copy.deepcopy(CONTENT)
    *parents, last = path.split(".")
    inner: Any = document
    for name in parents:
        inner = inner[int(name)] if isinstance(inner, list) else inner[name]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return document


def test_every_packaged_set_loads_and_names_its_sources():
    for version in versions():
        found = house_set(version)
        assert found.version == version
        assert {source.table for source in found.sources} == {
            "classes",
            "add_ons",
            "volatilities",
            "cross_class",
            "duration_zones",
            "haircuts",
            "status",
        }
        assert all(source.document and source.version and source.paragraph for source in found.sources)


def test_figures_of_the_earlier_engine():
    found = house_set("1.0")
    rates = {
        name: (item.initial_rate, item.maintenance_rate, item.volatility_multiplier, item.offset_rate)
        for name, item in found.classes.items()
    }
    assert rates == {
        "equity": (0.25, 0.15, 1.5, 0.25),
        "bond": (0.05, 0.03, 1.0, 0.20),
        "fx": (0.02, 0.015, 2.0, 0.30),
        "commodity": (0.30, 0.20, 2.5, 0.05),
        "derivative": (0.15, 0.10, 1.0, 0.10),
        "crypto": (0.50, 0.35, 3.0, 0.0),
    }
    assert found.haircuts == {
        "cash_usd": 0.0,
        "cash_eur": 0.02,
        "treasury_bills": 0.01,
        "government_bonds": 0.04,
        "corporate_bonds": 0.08,
        "equity": 0.15,
    }
    assert [(rule.classes, rule.same_direction, rule.rate) for rule in found.cross_rules] == [
        (("equity", "bond"), True, 0.10),
        (("equity", "commodity"), False, 0.05),
    ]


def test_unknown_version_lists_the_known_ones():
    with pytest.raises(InputError, match=r"'9\.9'") as caught:
        house_set("9.9")
    assert "1.0" in caught.value.remedy


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("schema", 2, "schema must be 1"),
        ("model", "simm", "model must be one of house"),
        ("version", None, "version is missing"),
        ("surprise", 1, "surprise is not a key"),
        ("classes.equity", None, "classes.equity is missing"),
        ("classes.equity", 3, "classes.equity must be a table"),
        ("classes.art", {}, "classes.art is not a key"),
        ("classes.equity.initial_rate", "0.25", "classes.equity.initial_rate must be a number"),
        ("classes.equity.initial_rate", True, "classes.equity.initial_rate must be a number"),
        ("classes.equity.initial_rate", float("nan"), "classes.equity.initial_rate must be a number"),
        ("classes.equity.initial_rate", 1.5, "classes.equity.initial_rate must be from 0 to 1"),
        ("classes.equity.maintenance_rate", 0.3, "classes.equity.maintenance_rate must not be above initial_rate"),
        ("classes.equity.match", "colour", "classes.equity.match must be one of class, duration, currency"),
        ("classes.equity.initial_ratte", 0.1, "classes.equity.initial_ratte is not a key"),
        ("add_ons.vega_weight", None, "add_ons.vega_weight is missing"),
        ("volatilities.by_symbol.TSLA", -0.1, "volatilities.by_symbol.TSLA must be from 0 to 100"),
        ("haircuts.by_type.equity", 1.1, "haircuts.by_type.equity must be from 0 to 1"),
        ("haircuts.source.paragraph", "", "haircuts.source.paragraph must be a text"),
        ("haircuts.source", None, "haircuts.source is missing"),
        ("cross_class.rules", {}, "cross_class.rules must be a list of tables"),
        ("cross_class.rules.0.classes", ["equity", "equity"], "must be two different classes"),
        ("cross_class.rules.0.classes", ["equity", "fx"], "must not name a class that matches by currency"),
        ("cross_class.rules.1.directions", "sideways", "cross_class.rules.1.directions must be one of same, opposite"),
        ("duration_zones.upper_years", [4.0, 1.0], "duration_zones.upper_years must be positive and rise"),
        ("duration_zones.upper_years", ["a"], "duration_zones.upper_years must be a list of numbers"),
        ("status.critical", 0.99, "status.emergency must not be below critical"),
    ],
)
def test_fault_is_named(path, value, said):
    with pytest.raises(ParameterSetError) as caught:
        parse("house-test", changed(path, value))
    assert "house-test" in str(caught.value)
    assert said in str(caught.value)


def test_a_file_that_is_not_toml_is_named(tmp_path):
    path = tmp_path / "house-broken.toml"
    path.write_text("schema = = 1")
    with pytest.raises(ParameterSetError, match="house-broken is not TOML"):
        load(path)


def test_a_set_without_zones_matches_all_durations(tmp_path):
    path = tmp_path / "house-flat.toml"
    text = PATH.read_text(encoding="utf-8").replace("upper_years = [1.0, 4.0]", "upper_years = []")
    path.write_text(text, encoding="utf-8")
    assert load(path).duration_zones == ()
