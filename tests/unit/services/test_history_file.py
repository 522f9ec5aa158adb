"""Wide price files: what is good comes back by symbol, what is not is named by row and column."""

import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Fault
from services.errors import InvalidInputError, ServiceError, UnparsableError
from services.history_file import decode_history


def faults_of(text: str) -> list[Fault]:
    with pytest.raises(InvalidInputError) as caught:
        decode_history(text.encode())
    return list(caught.value.faults)


def test_a_column_a_symbol_with_its_missing_days_left_out() -> None:
    first, second = decode_history(b"Date,A,B\n2025-01-02,1.5,\n2025-01-03,,20\n2025-01-06,2.5,21\n")
    assert (first.symbol, first.closes.tolist()) == ("A", [1.5, 2.5])
    assert first.dates.astype(str).tolist() == ["2025-01-02", "2025-01-06"]
    assert (second.symbol, second.closes.tolist()) == ("B", [20.0, 21.0])


@pytest.mark.parametrize(
    "text", ["\ufeffDate,A\n2025-01-02,1\n", "date,A\r\n2025-01-02,1\r\n", "Date,A\n2025-01-02, 1"]
)
def test_what_spreadsheets_write(text: str) -> None:
    assert decode_history(text.encode())[0].closes.tolist() == [1.0]


@pytest.mark.parametrize("cell", ["x", "nan", "inf", "-inf", "1e999", "1e16", "1_000", "1.2.3", "=1+1", "#N/A"])
def test_cells_that_hold_no_price(cell: str) -> None:
    (fault,) = faults_of(f"Date,A,B\n2025-01-02,1,2\n2025-01-03,3,{cell}\n")
    assert (fault.row, fault.column) == (3, "B")
    assert fault.pointer == ""


def test_a_negative_close_is_a_price() -> None:
    assert decode_history(b"Date,WTI\n2020-04-20,-37.63\n")[0].closes.tolist() == [-37.63]


def test_every_bad_row_is_reported() -> None:
    text = "Date,A,B\n2025-01-02,1,2\n2025-01-02,1,2\n03/01/2025,1,2\n2025-01-06,1\n2025-01-07,x,y\n2025-01-01,1,2\n"
    assert [(fault.row, fault.column) for fault in faults_of(text)] == [
        (3, "Date"),
        (4, "Date"),
        (5, None),
        (6, "A"),
        (6, "B"),
        (7, "Date"),
    ]


@pytest.mark.parametrize(
    ("header", "column"),
    [("Date,A,A", "3"), ("Date,A,", "3"), ("Date,A,B\u202e", "3"), ("Date,A," + "x" * 129, "3"), ("Day,A", None)],
)
def test_headers_that_will_not_do(header: str, column: str | None) -> None:
    (fault,) = faults_of(f"{header}\n2025-01-02,1,2\n")
    assert (fault.row, fault.column) == (1, column)


@pytest.mark.parametrize("text", ["", "\n", "Date\n", "Date,A\n", "Date,A\n\n"])
def test_files_without_a_price(text: str) -> None:
    assert faults_of(text)


def test_a_symbol_without_a_price_is_named() -> None:
    (fault,) = faults_of("Date,A,B\n2025-01-02,1,\n")
    assert fault.column == "B"


@pytest.mark.parametrize("data", [b"\xff\xfeDate", b'Date,A\n2025-01-02,"1', b"Date," + b"x" * 200_000])
def test_what_is_no_csv(data: bytes) -> None:
    with pytest.raises((UnparsableError, InvalidInputError)):
        decode_history(data)


@given(st.binary(max_size=300))
def test_noise_raises_service_errors_and_nothing_else(data: bytes) -> None:
    with pytest.raises(ServiceError):
        decode_history(b"Date," + data)


PRICE = st.floats(-1e15, 1e15).map(lambda value: value + 0.0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.none() | PRICE, min_size=3, max_size=3), min_size=1, max_size=20))
def test_a_table_comes_back_as_it_was_written(rows: list[list[float | None]]) -> None:
    rows = [[1.0, 2.0, 3.0], *rows]
    days = [date(2025, 1, 1) + timedelta(days=index) for index in range(len(rows))]
    lines = [
        ",".join([str(day), *("" if cell is None else repr(cell) for cell in row)])
        for day, row in zip(days, rows, strict=True)
    ]
    found = decode_history("\n".join(["Date,A,B,C", *lines]).encode())
    table = np.array([[math.nan if cell is None else cell for cell in row] for row in rows])
    for index, history in enumerate(found):
        there = ~np.isnan(table[:, index])
        assert history.closes.tolist() == table[there, index].tolist()
        assert history.dates.tolist() == [day for day, kept in zip(days, there, strict=True) if kept]


def test_a_day_in_the_future_has_no_close() -> None:
    (fault,) = faults_of("Date,A\n2025-01-02,1\n9999-12-31,2\n")
    assert (fault.row, fault.column) == (3, "Date")
