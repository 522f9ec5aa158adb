"""A basket applied: what stays keeps its order, what is new comes after, what does not fit is named."""

from datetime import date

import numpy as np
import pytest

from compute.analysis.whatif.basket import Basket, applied, applied_rows
from compute.crif import Crif
from compute.errors import InputError
from compute.portfolio import Labels
from tests.unit.compute.analysis.books import portfolio

BOOK = portfolio(
    [
        {"id": "p1", "symbol": "AAPL", "asset_class": "equity", "quantity": 100.0, "price": 10.0},
        {"id": "p2", "symbol": "MSFT", "asset_class": "equity", "quantity": -40.0, "price": 20.0, "sector": "tech"},
        {"id": "p3", "symbol": "AAPL", "asset_class": "equity", "quantity": 7.0, "price": 10.0},
    ],
    collateral={"treasury_bills": 1_000.0},
)


def test_changes_close_and_add_in_one_basket():
    added = portfolio(
        [{"id": "n1", "symbol": "MSFT", "asset_class": "equity", "quantity": 5.0, "price": 21.0, "strike": 3.0}]
    )
    basket = Basket(added=added, changed={"p1": -30.0}, closed=("p3",), cash=-5.0, collateral={"equity": 2.0})
    after = applied(basket, BOOK)
    assert after.ids == ("p1", "p2", "n1")
    assert after.numbers["quantity"].tolist() == [70.0, -40.0, 5.0]
    assert after.labels["symbol"].texts() == ["AAPL", "MSFT", "MSFT"]
    assert after.labels["sector"].texts() == [None, "tech", None]
    assert np.isnan(after.numbers["strike"][:2]).all()
    assert after.available_cash == BOOK.available_cash - 5.0
    assert after.collateral == {"treasury_bills": 1_000.0, "equity": 2.0}
    assert BOOK.numbers["quantity"].tolist() == [100.0, -40.0, 7.0]


def test_a_position_traded_to_zero_leaves_the_book():
    assert applied(Basket(changed={"p2": 40.0}), BOOK).ids == ("p1", "p3")


@pytest.mark.parametrize(
    ("basket", "pointer"),
    [
        (Basket(closed=("p9",)), "/parameters/basket/trades"),
        (Basket(changed={"p9": 1.0}), "/parameters/basket/trades"),
        (Basket(added=BOOK.take(np.array([0]))), "/parameters/basket/trades"),
        (Basket(collateral={"treasury_bills": -1_000.5}), "/parameters/basket/collateral/treasury_bills"),
    ],
)
def test_what_does_not_fit_the_book_is_named(basket, pointer):
    with pytest.raises(InputError) as caught:
        applied(basket, BOOK)
    assert caught.value.pointer == pointer
    assert caught.value.remedy


def test_rows_of_a_crif_come_after_those_there_are():
    def crif(names: list[str], amounts: list[float]) -> Crif:
        columns = {"risk_type": ["Risk_FX"] * len(names), "qualifier": names, "netting_set": ["n"] * len(names)}
        return Crif(
            id="n",
            as_of=date(2026, 1, 30),
            labels={name: Labels.of(texts) for name, texts in columns.items()},
            amount=np.array(amounts),
        )

    after = applied_rows(Basket(rows=crif(["EUR", "JPY"], [3.0, 4.0])), crif(["EUR"], [1.0]))
    assert after.labels["qualifier"].texts() == ["EUR", "EUR", "JPY"]
    assert after.amount.tolist() == [1.0, 3.0, 4.0]
