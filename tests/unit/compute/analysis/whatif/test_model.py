"""What-if equals two full computations, for every model, resident or not."""

from typing import Any

import numpy as np
import pytest

from compute.analysis.figures import figures
from compute.analysis.whatif.basket import Basket, applied
from compute.errors import InputError
from compute.margin.models import MODELS
from compute.market import Market
from compute.measures import MEASURES
from compute.resident import Resident
from compute.result import no_checkpoint
from services.costs import synthetic_crif, synthetic_market
from tests.unit.compute.analysis.books import portfolio, random_book

SPEC = MEASURES["whatif"]


def parameters(model: str, basket: Basket, **more: Any) -> dict[str, Any]:
    spec = SPEC.models[model]
    defaults = {name: parameter.default for name, parameter in spec.parameters.items()}
    return {**defaults, **spec.sample, "basket": basket, **more}


def equities(seed: int):
    draw = np.random.default_rng(seed)
    return portfolio(
        [
            {
                "id": f"p{index}",
                "symbol": f"S{index % 40}",
                "asset_class": "equity",
                "instrument": "stock",
                "quantity": float(draw.integers(1, 500) * draw.choice([-1, 1])),
                "price": 50.0,
            }
            for index in range(30)
        ]
    )


@pytest.mark.parametrize("model", [name for name in MODELS if name != "simm"])
@pytest.mark.parametrize("seed", range(3))
def test_before_and_after_are_full_computations(model, seed):
    book = equities(seed)
    added = equities(seed + 10).take(np.arange(20, 30))
    added = portfolio([{**added.position(row), "id": f"n{row}"} for row in range(10)])
    basket = Basket(added=added, changed={"p1": 10.0}, closed=("p2",), cash=7.0)
    own = {name: p.default for name, p in MODELS[model].parameters.items()} | dict(MODELS[model].sample)
    own["model"] = model
    market = synthetic_market(book) if MODELS[model].needs_history(own) else Market()
    found = SPEC.models[model].kernel(book, market, parameters(model, basket), no_checkpoint)
    kernel = MODELS[model].kernel
    assert found.document["before"] == figures(kernel(book, market, own, no_checkpoint))
    assert found.document["after"] == figures(kernel(applied(basket, book), market, own, no_checkpoint))
    for name, value in found.document["change"].items():
        before, after = (found.document[side][name] for side in ("before", "after"))
        assert value == (None if before is None or after is None else after - before)


class Counting:
    """Computes figures and counts how often it was asked to."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> dict[str, float | None]:
        self.calls += 1
        return {"call": float(self.calls)}


def test_a_resident_book_gives_the_same_and_computes_the_before_once() -> None:
    book, resident = random_book(60, 1), Resident()
    basket = Basket(changed={"p3": 1.0})
    asked = parameters("house", basket)
    fresh = SPEC.kernel(book, Market(), asked, no_checkpoint)
    for _ in range(3):
        again = SPEC.kernel(book, Market(resident=resident), asked, no_checkpoint)
        assert again.document == fresh.document
    own = {name: value for name, value in asked.items() if name not in {"basket", "limits"}}
    counting = Counting()
    assert resident.figures("house", own, counting) == fresh.document["before"]
    assert counting.calls == 0


def test_residents_tell_parameters_apart_and_forget_the_oldest() -> None:
    resident, counting = Resident(), Counting()
    for version in range(9):
        resident.figures("m", {"version": version}, counting)
    resident.figures("m", {"version": 8}, counting)
    assert counting.calls == 9
    resident.figures("m", {"version": 0}, counting)
    assert counting.calls == 10


def test_a_basket_that_empties_the_book_is_said():
    book = portfolio([{"id": "p1", "symbol": "A", "asset_class": "equity", "quantity": 5.0, "price": 2.0}])
    found = SPEC.kernel(book, Market(), parameters("house", Basket(closed=("p1",))), no_checkpoint)
    assert found.document["after"]["initial_margin"] == 0.0
    assert found.document["notes"] == ["The basket empties the book."]


def test_limits_decide():
    limits = {"initial_margin": {"max": 0.0}, "utilization": {"max": 1.0}}
    found = SPEC.kernel(
        random_book(5, 2), Market(), parameters("house", Basket(cash=1.0), limits=limits), no_checkpoint
    )
    assert [one["passed"] for one in found.document["limits"]] == [False, True]
    assert found.document["passed"] is False


def test_rows_are_added_to_a_crif_and_doubling_it_doubles_simm():
    crif = synthetic_crif(40)
    basket = Basket(rows=crif)
    found = SPEC.models["simm"].kernel(crif, Market(), parameters("simm", basket), no_checkpoint)
    before, after = (found.document[side]["initial_margin"] for side in ("before", "after"))
    assert after == pytest.approx(2 * before, rel=1e-9)


def test_a_book_of_the_other_kind_is_refused():
    crif = synthetic_crif(10)
    with pytest.raises(InputError, match="takes no CRIF rows"):
        SPEC.kernel(random_book(5, 2), Market(), parameters("house", Basket(rows=crif)), no_checkpoint)
    with pytest.raises(InputError, match="has no positions"):
        SPEC.models["simm"].kernel(crif, Market(), parameters("simm", Basket(cash=1.0)), no_checkpoint)


def test_without_a_basket_nothing_is_asked():
    with pytest.raises(InputError, match="needs a basket"):
        SPEC.judge({"basket": {}, "limits": {}})
