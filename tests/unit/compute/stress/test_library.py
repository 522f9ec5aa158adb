"""The scenario library: what it holds, and that it takes nothing that no scenario can hold."""

import numpy as np
import pytest

from compute.errors import InputError, ParameterSetError
from compute.stress.library import ALL, Scenario, chosen, library, read_shocks
from compute.stress.series import read_yaml, vocabulary

EVENTS = (
    "crash_1987", "ltcm_1998", "gfc_2008", "flash_crash_2010", "us_downgrade_2011", "taper_2013", "chf_2015",
    "china_2015", "volmageddon_2018", "q4_2018", "covid_2020", "wti_negative_2020", "nickel_2022", "rates_2022",
    "gilts_2022", "crypto_2022", "banks_2023", "yen_carry_2024", "tariffs_2025",
)  # fmt: skip
OTHERS = (
    "rates_up_200", "rates_down_200", "rates_steepener", "rates_flattener", "market_crash", "volatility_spike",
    "liquidity_crisis",
)  # fmt: skip


def test_all_is_every_event_and_every_prescribed_move():
    assert tuple(each.name for each in chosen([ALL], {})) == EVENTS + OTHERS


@pytest.mark.parametrize(
    ("name", "series", "move"),
    [
        ("crash_1987@1987-10-19", "SPX", -0.2047),
        ("gfc_2008", "XLF", -0.556),
        ("gfc_2008@2008-10-15", "SPX", -0.0903),
        ("chf_2015@2015-01-15", "EURCHF", -0.1376),
        ("covid_2020@2020-03-12", "BTC", -0.3717),
        ("nickel_2022", "NICKEL", 0.4452),
        ("gilts_2022", "GBPUSD", -0.04),
        ("yen_carry_2024", "NKY", -0.124),
        ("tariffs_2025@2025-04-03", "XLK", -0.0683),
    ],
)
def test_figures_of_their_days(name, series, move):
    assert library()[name].percent[series] == pytest.approx(move, abs=1e-12)


def test_volatility_is_the_ratio_of_the_vix():
    assert library()["volmageddon_2018@2018-02-05"].volatility == {"equity": pytest.approx(37.32 / 17.31 - 1.0)}
    assert not library()["crash_1987"].volatility


def test_yields_become_points_of_their_currency():
    curves = library()["gilts_2022"].curves
    assert set(curves) == {"USD", "GBP"}
    assert np.array(curves["USD"]) == pytest.approx(np.array([[2, 0.0009], [10, -0.0001], [30, -0.0004]]))
    assert np.array(curves["GBP"]) == pytest.approx(np.array([[30, 0.003]]))


@pytest.mark.parametrize("currency", ["USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD"])
def test_the_steepener_follows_its_formula(currency):
    short, long = {
        "USD": (300, 150), "EUR": (250, 100), "GBP": (300, 150), "JPY": (100, 100), "CHF": (150, 100),
        "CAD": (300, 150), "AUD": (450, 200),
    }[currency]  # fmt: skip
    for years, move in library()["rates_steepener"].curves[currency]:
        fades = 2.718281828459045 ** (-years / 4.0)
        assert 1e4 * move == pytest.approx(-0.65 * short * fades + 0.9 * long * (1 - fades), abs=0.006)
    for years, move in library()["rates_flattener"].curves[currency]:
        fades = 2.718281828459045 ** (-years / 4.0)
        assert 1e4 * move == pytest.approx(0.8 * short * fades - 0.6 * long * (1 - fades), abs=0.006)


def test_every_figure_has_a_source():
    sources = vocabulary().sources
    for scenario in library().values():
        for series in (*scenario.percent, *scenario.absolute, *scenario.spreads):
            assert sources[series] != "as the figure says" or scenario.sources.get(series), (scenario.name, series)


def test_what_is_our_choice_says_so():
    assert library()["liquidity_crisis"].unverified == ("bid_ask_multiple", "volume_share")
    assert [each.name for each in library().values() if each.unverified and "@" not in each.name] == [
        "liquidity_crisis"
    ]


def test_one_event_by_one_move_and_by_all():
    names = [each.name for each in chosen(["taper_2013@all", "taper_2013@2013-06-19"], {})]
    assert names == [
        "taper_2013@2013-06-19", "taper_2013@2013-06-20", "taper_2013@2013-05-21..2013-06-24",
        "taper_2013@2013-05-21..2013-09-05",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "near"),
    [("gfc_2009", "gfc_2008"), ("covid", "covid_2020"), ("gfc_2008@2008-10-16", "gfc_2008@2008-10-15")],
)
def test_an_unknown_scenario_names_the_nearest(name, near):
    with pytest.raises(InputError, match="There is no scenario") as caught:
        chosen(["crash_1987", name], {})
    assert near in caught.value.remedy
    assert caught.value.pointer == "/parameters/scenarios/1"


@pytest.mark.parametrize(
    ("shock", "pointer", "words"),
    [
        ({"percent": {"SPX": -120}}, "/percent/SPX", "from -100"),
        ({"percent": {"SPX": float("nan")}}, "/percent/SPX", "must be a number"),
        ({"percent": {"SPX": True}}, "/percent/SPX", "must be a number"),
        ({"percent": {"SPZ": -10}}, "/percent/SPZ", "There is no series 'SPZ'"),
        ({"percent": {"UST10": -10}}, "/percent/UST10", "There is no series 'UST10'"),
        ({"percent": [1]}, "/percent", "must be an object"),
        ({"percent": {"WTI": -10}, "absolute": {"WTI": -5}}, "/absolute", "which percent holds too"),
        ({"basis_points": {"SPX": 10}}, "/basis_points/SPX", "There is no series"),
        ({"basis_points": {"UST2": 10}, "curves": {"USD": {"2": 10}}}, "/curves/USD", "in basis_points too"),
        ({"curves": {"USD": {}}}, "/curves/USD", "no tenor"),
        ({"curves": {"USD": {"soon": 10}}}, "/curves/USD/soon", "no tenor from 0 to 100"),
        ({"curves": {"USD": {"2": "10"}}}, "/curves/USD/move", "must be a number"),
        ({"volatility": {"equity": -101}}, "/volatility/equity", "from -100"),
        ({"volatility": {"equities": 10}}, "/volatility/equities", "is unknown"),
        ({"vix": [20, 40], "volatility": {"equity": 10}}, "/vix", "beside volatility"),
        ({"vix": [0, 40]}, "/vix/0", "must be from"),
        ({"liquidity": {"volume_share": 0}}, "/liquidity/volume_share", "must be from"),
        ({"sources": {"SPX": 3}}, "/sources/SPX", "must be a text"),
        ({"title": "nothing"}, "", "moves nothing"),
        ({"precent": {}}, "/precent", "is unknown"),
        (7, "", "must be an object"),
    ],
)
def test_a_shock_is_read_strictly(shock, pointer, words):
    with pytest.raises(InputError, match=words) as caught:
        read_shocks({"mine": shock})
    assert caught.value.pointer == f"/parameters/shocks/mine{pointer}"


@pytest.mark.parametrize("name", ["all", "id", "gfc_2008", "a@b", " "])
def test_a_shock_has_a_name_of_its_own(name):
    with pytest.raises(InputError, match="no name for a scenario"):
        read_shocks({name: {"percent": {"SPX": -10}}})


def test_shocks_join_all_and_are_read_as_they_stand():
    found = chosen([ALL], {"mine": {"percent": {"SPX": -10}, "curves": {"USD": {"10": 50, "2": 100}}}})[-1]
    assert found == Scenario(
        name="mine",
        title="mine",
        kind="custom",
        when="",
        percent={"SPX": -0.1},
        curves={"USD": ((2.0, 0.01), (10.0, 0.005))},
    )


def test_too_many_scenarios_name_the_limit():
    with pytest.raises(InputError, match="more than 200"):
        chosen([ALL], {f"mine{index}": {"percent": {"SPX": -1}} for index in range(200)})


def test_yaml_refuses_a_key_that_stands_twice(tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text("a: 1\na: 2\n")
    with pytest.raises(ParameterSetError, match="stands twice"):
        read_yaml(path)
    path.write_text("- a\n")
    with pytest.raises(ParameterSetError, match="no object"):
        read_yaml(path)
