"""What a portfolio counts as when its cost is predicted."""

from compute.margin.span.request import sample, work
from compute.margin.weights import pairings, revaluations
from compute.market import Market
from compute.measures import SAMPLE_SYMBOLS, measure
from compute.result import no_checkpoint
from compute.warmup import _portfolio
from tests.unit.compute.pricing.books import option, portfolio


def test_options_count_by_their_weight() -> None:
    book = portfolio({"symbol": "X", "price": 1.0}, option(), option(exercise="american"), option(exercise=None))
    assert revaluations(european=4.0, american=400.0)(book) == 1 + 2 * 4 + 400


def test_commodities_of_the_file_count() -> None:
    assert work(5, sample(("A", "B"))) == 5 + 20
    assert work(5, {"span_parameters": {"combined_commodities": []}}) == 5


def test_the_sample_runs_where_the_defaults_do_not() -> None:
    spec = measure("margin").models["span"]
    assert spec.sample == sample(SAMPLE_SYMBOLS)
    parameters = {name: one.default for name, one in spec.parameters.items()} | dict(spec.sample)
    assert spec.kernel(_portfolio(), Market(), parameters, no_checkpoint).document["initial_margin"] > 0.0


def test_options_of_one_underlying_weigh_more_than_of_many() -> None:
    one = portfolio({"symbol": "X", "price": 1.0}, *(option(underlying="X") for _ in range(6)))
    many = portfolio({"symbol": "X", "price": 1.0}, *(option(underlying=f"X{index}") for index in range(6)))
    assert pairings(one) == 7 + 36
    assert pairings(many) == 7 + 6
