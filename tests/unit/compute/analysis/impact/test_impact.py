"""The impact of a set on several books: totals, movers, failures, progress."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from compute.errors import CancelledError, InputError
from compute.margin.sets import packaged_document
from compute.market import Market, StoredBook
from compute.measures import MEASURES
from compute.portfolio import Portfolio
from compute.result import Result, check_finite, no_checkpoint
from tests.unit.compute.analysis.books import portfolio, random_book

HOUSE = packaged_document("house", "1.0")


def house(**rates: float) -> dict[str, Any]:
    document = copy.deepcopy(HOUSE)
    for name, rate in rates.items():
        document["classes"][name]["initial_rate"] = rate
    return document


def parameters(tables: Mapping[str, Any], **given: Any) -> dict[str, Any]:
    spec = MEASURES["impact"].chosen({"model": "house"})
    defaults = {name: item.default for name, item in spec.parameters.items()}
    return {
        **defaults,
        "parameter_set": "ours@2",
        "tables": tables,
        "against": "packaged@1.0",
        "against_tables": HOUSE,
        **given,
    }


def run(books: Mapping[str, Portfolio | None], tables: Mapping[str, Any], **given: Any) -> dict[str, Any]:
    filled = parameters(tables, **given)
    found = check_finite(kernel(filled)(None, market(books), filled, no_checkpoint))
    assert isinstance(found, Result)
    return dict(found.document)


def kernel(filled: Mapping[str, Any]) -> Any:
    return MEASURES["impact"].chosen(filled).kernel


def market(books: Mapping[str, Portfolio | None]) -> Market:
    problem = {"code": "invalid-input", "detail": "No price.", "pointer": "/positions/0/price", "remedy": ""}
    return Market(
        books=[
            StoredBook(id=name, version=3, portfolio=book, problem=None if book else problem)
            for name, book in books.items()
        ]
    )


def position(quantity: float, asset_class: str = "equity") -> Portfolio:
    return portfolio([{"id": "p", "symbol": "S", "asset_class": asset_class, "quantity": quantity, "price": 100.0}])


def test_each_side_is_the_margin_under_its_set() -> None:
    books = {f"b{seed}": random_book(30, seed) for seed in range(4)}
    tables = house(equity=0.4, bond=0.04)
    found = run(books, tables)
    margin = MEASURES["margin"].chosen({"model": "house"})
    plain = {name: item.default for name, item in margin.parameters.items()}
    for row in found["portfolios"]:
        book = books[row["portfolio_id"]]
        for side, document in (("before", HOUSE), ("after", tables)):
            alone = margin.kernel(book, Market(), {**plain, "tables": document}, no_checkpoint).document
            assert row[side] == {name: alone[name] for name in row[side]}
        assert {"initial_margin", "maintenance_margin", "total_margin", "utilization"} <= set(row["after"])
    (total,) = found["totals"]
    for side in ("before", "after"):
        summed = sum(row[side]["initial_margin"] for row in found["portfolios"])
        assert total[side]["initial_margin"] == pytest.approx(summed, rel=1e-15)


def test_movers_are_ordered_by_their_share() -> None:
    books = {f"b{size}": position(size) for size in (1.0, 2.0)} | {"bond": position(1.0, "bond")}
    books |= {"crypto": position(1.0, "crypto"), "nothing": position(1.0).take(np.zeros(1, dtype=bool))}
    found = run(books, house(equity=0.275, bond=0.04, crypto=0.75))
    assert [row["portfolio_id"] for row in found["movers"]["up"]] == ["crypto", "b1.0", "b2.0"]
    assert [row["portfolio_id"] for row in found["movers"]["down"]] == ["bond"]
    shares = {row["portfolio_id"]: row["relative_change"] for row in found["portfolios"]}
    assert shares == pytest.approx({"b1.0": 0.1, "b2.0": 0.1, "bond": -0.2, "crypto": 0.5, "nothing": 0.0})


def test_a_margin_out_of_nothing_has_no_share_and_comes_first() -> None:
    free = copy.deepcopy(HOUSE)
    free["classes"]["bond"] |= {"initial_rate": 0.0, "maintenance_rate": 0.0, "initial_rate_per_duration_year": 0.0}
    books = {"a": position(1.0), "b": position(1.0, "bond")}
    found = run(books, house(equity=0.3), against_tables=free)
    first = found["movers"]["up"][0]
    assert (first["portfolio_id"], first["relative_change"]) == ("b", None)


def test_what_cannot_be_computed_is_listed_with_the_reason() -> None:
    books = {"good": position(1.0), "unread": None, "bad": position(1.0, "unheard of")}
    found = run(books, house(equity=0.3))
    assert (found["portfolio_count"], found["computed"], found["failed"]) == (3, 1, 2)
    unread, bad = found["failures"]
    assert (unread["portfolio_id"], unread["pointer"]) == ("unread", "/positions/0/price")
    assert (bad["portfolio_id"], bad["code"], bad["version"]) == ("bad", "input-invalid", 3)
    assert bad["detail"]


def test_currencies_are_never_added_up() -> None:
    euro = portfolio(
        [{"id": "p", "symbol": "S", "asset_class": "equity", "quantity": 1.0, "price": 100.0, "currency": "EUR"}],
        currency="EUR",
    )
    found = run({"a": position(1.0), "b": euro}, house(equity=0.3))
    assert [(total["currency"], total["portfolio_count"]) for total in found["totals"]] == [("EUR", 1), ("USD", 1)]
    assert found["currency"] is None


def test_progress_counts_portfolios_and_a_cancellation_stops_at_once() -> None:
    books = {f"b{index}": position(1.0) for index in range(5)}
    filled = parameters(house(equity=0.3))
    seen: list[tuple[int, int]] = []
    kernel(filled)(None, market(books), filled, lambda done, total: seen.append((done, total)))
    assert list(dict.fromkeys(seen)) == [(index, 5) for index in range(6)]

    def stop(done: int, _total: int) -> None:
        if done == 2:
            raise CancelledError("Enough.")

    with pytest.raises(CancelledError):
        kernel(filled)(None, market(books), filled, stop)


def test_an_impact_of_nothing_is_refused_and_what_the_cluster_writes_too() -> None:
    spec = MEASURES["impact"].chosen({"model": "house"})
    defaults = {name: item.default for name, item in spec.parameters.items()}
    with pytest.raises(InputError) as caught:
        spec.judge(defaults)
    assert caught.value.pointer == "/parameters/parameter_set"
    with pytest.raises(InputError) as caught:
        spec.judge({**defaults, "parameter_set": "x", "against_tables": HOUSE})
    assert caught.value.pointer == "/parameters/against_tables"
    spec.judge({**defaults, "parameter_set": "x"})
