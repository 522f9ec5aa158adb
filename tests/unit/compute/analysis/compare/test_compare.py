"""Models side by side: figures, errors beside answers, coverage on the same dates, and what is called a saving."""

import numpy as np
import pytest

from compute.analysis.figures import figures
from compute.errors import CancelledError, InputError
from compute.margin.models import MODELS
from compute.market import Market
from compute.measures import measure
from compute.portfolio import Portfolio
from compute.result import no_checkpoint
from services.intake.parameters import read_parameters
from tests.unit.compute.analysis.books import portfolio
from tests.unit.compute.analysis.compare.books import compared, house_times
from tests.unit.compute.margin.backtest.books import defaults, history, long_short, stock, walked
from tests.unit.compute.margin.simm.crif import decoded

CRIF = "\n".join(
    (
        "TradeID,PortfolioID,IMModel,ProductClass,RiskType,Qualifier,Bucket,Label1,Label2,Amount,AmountCurrency,AmountUSD",
        "t1,P,SIMM,RatesFX,Risk_IRCurve,USD,1,5y,OIS,10000,USD,10000",
        "t2,P,SIMM,Equity,Risk_Equity,ACME,1,,,-20000,USD,-20000",
    )
)


@pytest.fixture(scope="module")
def book() -> tuple[Portfolio, Market]:
    return long_short(700)


def test_figures_are_those_of_each_model_alone(book: tuple[Portfolio, Market]) -> None:
    entries = compared(*book, "house,reg_t,fhs").document["entries"]
    assert [entry["label"] for entry in entries] == ["house", "reg_t", "fhs"]
    for entry in entries:
        alone = MODELS[entry["model"]].kernel(*book, defaults(entry["model"]), no_checkpoint)
        assert entry["figures"] == figures(alone)
        assert entry["version"] == alone.document["version"]
        assert entry["parameter_set"] == alone.document.get("parameter_set")
        assert entry["difference"] == (
            None if entry["label"] == "house" else entry["initial_margin"] - entries[0]["initial_margin"]
        )


def test_half_of_the_rates_is_half_of_the_margin_and_saves_nothing(book: tuple[Portfolio, Market]) -> None:
    """The point of it all: the same model at half its rates covers half as much."""
    document = compared(*book, ["house", house_times(0.5)]).document
    base, half = document["entries"]
    assert half["relative_difference"] == pytest.approx(-0.5, rel=1e-12)
    assert half["at_equal_coverage"]["multiplier"] == pytest.approx(2.0 * base["at_equal_coverage"]["multiplier"])
    assert half["at_equal_coverage"]["saving_against_base"] == pytest.approx(0.0, abs=1e-12)
    assert document["notes"] == ["At 0.99 coverage of the same 250 dates house x 0.5 needs as much as house."]


def test_coverage_is_counted_on_the_path(book: tuple[Portfolio, Market]) -> None:
    found = compared(*book, ["house", house_times(0.05), house_times(0.02)], confidence=0.95)
    path = {name: np.array(column) for name, column in found.tables["path"].items()}
    assert found.document["entries"][2]["coverage"]["exceedances"] > 0
    for entry in found.document["entries"]:
        own = path["label"] == entry["label"]
        beyond = path["loss"][own] > path["margin"][own]
        assert entry["coverage"]["exceedances"] == beyond.sum() == entry["coverage"]["tests"]["exceedances"]
        assert entry["coverage"]["coverage"] == pytest.approx(1.0 - beyond.mean())
        assert entry["coverage"]["margin"]["mean"] == pytest.approx(path["margin"][own].mean())
        level = entry["at_equal_coverage"]
        assert (path["loss"][own] <= level["multiplier"] * path["margin"][own]).sum() == level["covered"] == 238
        assert level["margin"] == pytest.approx(level["multiplier"] * entry["initial_margin"])


def test_overlapping_losses_are_tested_apart(book: tuple[Portfolio, Market]) -> None:
    document = compared(*book, ["house", house_times(0.05)], step=1, horizon_days=5, days=204).document
    assert document["backtest"]["dates"] == 200
    assert document["entries"][0]["coverage"]["observations"] == 200
    assert document["entries"][0]["coverage"]["tests"]["observations"] == 40
    assert any("overlap" in said for said in document["assumptions"])


def test_a_model_that_refuses_the_book_stands_beside_those_that_do_not() -> None:
    bond = {**stock("T", 10.0), "asset_class": "bond", "duration": 5.0}
    rows = [stock("A", 100.0), bond]
    found = compared(
        portfolio(rows), Market(history=history(walked(300, 2), "A", "T")), "house,portfolio_margin,schedule"
    )
    house, refused, _ = found.document["entries"]
    assert refused["error"]["code"] == "input-invalid"
    assert refused["error"]["pointer"] == "/portfolio/positions/1/asset_class"
    assert (refused["initial_margin"], refused["difference"], refused["figures"]) == (None, None, {})
    assert refused["at_equal_coverage"]["saving_against_base"] is None
    assert house["coverage"]["observations"] > 0
    assert "portfolio_margin does not margin this book" in found.document["notes"][0]


def test_without_a_history_there_is_no_coverage_and_no_saving() -> None:
    book, _market = long_short()
    document = compared(book, Market(), "house,reg_t").document
    assert document["no_coverage"] == "No price history of A, B."
    assert document["backtest"] is None
    for entry in document["entries"]:
        assert entry["coverage"] == {"problem": "No price history of A, B.", "tests": None}
        assert set(entry["at_equal_coverage"].values()) - {0.99} <= {None, "No coverage: No price history of A, B."}
    (note,) = document["notes"]
    assert note == "No saving of reg_t against house is stated. No coverage: No price history of A, B."


def test_too_few_dates_for_the_target_save_nothing(book: tuple[Portfolio, Market]) -> None:
    document = compared(*book, "house,reg_t", days=100).document
    for entry in document["entries"]:
        assert entry["coverage"]["observations"] == 50
        assert entry["at_equal_coverage"]["margin"] is None
    assert "50 dates say nothing about a coverage of 0.99" in document["notes"][0]


def test_a_base_that_refuses_leaves_nothing_to_save_against(book: tuple[Portfolio, Market]) -> None:
    plain, _market = book
    known = history(walked(300, 1), "A")
    document = compared(plain.take(np.array([0])), Market(history=known), "fhs,house,reg_t").document
    base, house, _ = document["entries"]
    assert "too few" in base["error"]["detail"]
    assert house["coverage"]["observations"] > 0
    assert house["difference"] is None
    assert house["at_equal_coverage"]["margin"] is not None
    assert house["at_equal_coverage"]["saving_against_base"] is None
    assert all("fhs does not margin this book" in note for note in document["notes"])


def test_a_history_that_margin_would_have_asked_for_is_an_error_of_that_entry() -> None:
    book, _market = long_short()
    by_history = {"model": "house", "parameters": {"volatility": "history"}}
    entries = compared(book, Market(), ["house", by_history]).document["entries"]
    assert entries[1]["label"] == "house volatility=history"
    assert entries[1]["error"]["code"] == "history-unusable"


def test_all_refusing_is_an_error() -> None:
    book, _market = long_short()
    versions = [{"model": "fhs"}, {"model": "fhs", "parameters": {"confidence": 0.995}}]
    with pytest.raises(InputError, match=r"None of the models can margin this book\. fhs: No price history of A, B"):
        compared(book, Market(), versions)


def test_versions_of_simm_compare_without_coverage() -> None:
    found = compared(decoded(CRIF), Market(), "simm,simm@2.6").document
    newest, older = found["entries"]
    assert (newest["version"], older["version"]) == ("2.8+2506", "2.6")
    assert older["difference"] == older["initial_margin"] - newest["initial_margin"] != 0.0
    assert found["no_coverage"] == "Rows of sensitivities have no prices to walk back through."
    assert all(entry["at_equal_coverage"]["margin"] is None for entry in found["entries"])


def test_several_netting_sets_are_refused() -> None:
    with pytest.raises(InputError, match="several netting sets"):
        compared(decoded(CRIF.replace("t2,P", "t2,Q")), Market(), "simm,simm@2.6")


def test_it_can_be_stopped(book: tuple[Portfolio, Market]) -> None:
    def stop(done: int, _total: int) -> None:
        if done:
            raise CancelledError("stop")

    filled = read_parameters("compare", {"models": "house,reg_t"})
    with pytest.raises(CancelledError):
        measure("compare").kernel(*book, filled, stop)


def test_a_repeated_call_gives_every_digit_again(book: tuple[Portfolio, Market]) -> None:
    first, second = (compared(*book, "house,reg_t") for _ in range(2))
    assert first.document == second.document


def test_the_maintenance_figure_may_be_compared(book: tuple[Portfolio, Market]) -> None:
    document = compared(*book, "house,fhs", figure="maintenance_margin").document
    house, fhs = document["entries"]
    assert house["maintenance_margin"] == house["figures"]["maintenance_margin"]
    assert fhs["maintenance_margin"] is None
    assert fhs["coverage"]["problem"] == "fhs has no maintenance margin."
    assert fhs["at_equal_coverage"]["saving_against_base"] is None
