"""The text of a CRIF is read back into the same columns, digit by digit."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute.crif import Crif
from compute.portfolio import Labels
from services.crif_text import crif_text
from services.intake.crif import decode_crif

DAY = date(2024, 5, 31)


def read(text: str) -> Crif:
    return decode_crif(text.encode(), name="crif", as_of=date(1999, 1, 1), check=lambda _crif: ())


def crif(amount: list[float], **labels: list[str | None]) -> Crif:
    size = len(amount)
    fixed: dict[str, list[str | None]] = {
        "netting_set": ["P"] * size,
        "product_class": ["RatesFX"] * size,
        "risk_type": ["Risk_IRCurve"] * size,
    }
    columns = {name: Labels.of(column) for name, column in (fixed | labels).items()}
    return Crif(id="crif", as_of=DAY, labels=columns, amount=np.array(amount))


@given(st.lists(st.floats(-1e15, 1e15, allow_nan=False), min_size=1, max_size=20))
def test_amounts_keep_every_digit(amounts: list[float]) -> None:
    again = read(crif_text(crif(amounts)))
    assert [repr(value) for value in again.amount.tolist()] == [repr(value) for value in amounts]
    assert again.as_of == DAY


@pytest.mark.parametrize("name", ["plain", "a,b", 'say "x"', "a;b", "tab\there".replace("\t", " ")])
def test_names_keep_every_character(name: str) -> None:
    given = crif([1.0, 2.0], trade=[name, None], qualifier=["USD", name])
    again = read(crif_text(given))
    for column in given.labels:
        assert again.column(column).texts() == given.column(column).texts()


def test_a_row_without_a_date_gets_that_of_the_whole() -> None:
    given = crif([1.0, 2.0], valuation_date=["2024-05-30", None], end_date=[None, "2030-01-01"])
    again = read(crif_text(given))
    assert again.column("valuation_date").texts() == ["2024-05-30", "2024-05-31"]
    assert again.column("end_date").texts() == [None, "2030-01-01"]
    assert again.as_of == DAY
