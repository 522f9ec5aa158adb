"""Parquet of every type that a position could be written in; what is none is named by row or by column."""

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from services.errors import TooLargeError
from services.intake.files import parquet_table
from tests.unit.services.intake.files.files import faults_of, parquet_of, places, read_parquet, unreadable

PLAIN: dict[str, Any] = {
    "id": ["p1", "p2"],
    "symbol": ["AAPL", "MSFT"],
    "quantity": [100.0, -5.0],
    "price": [150.0, 300.0],
    "asset_class": ["equity", "equity"],
}
DAY = dt.date(2026, 6, 19)
NOON = dt.datetime(2026, 6, 19, 12)  # noqa: DTZ001 - a column without a zone is what is tested
MIDNIGHT = dt.datetime(2026, 6, 19)  # noqa: DTZ001


@pytest.mark.parametrize(
    "column",
    [
        pa.array([100, -5], pa.int8()),
        pa.array([100, -5], pa.int64()),
        pa.array([100.0, -5.0], pa.float32()),
        pa.array([Decimal("100.00"), Decimal("-5.00")], pa.decimal128(20, 2)),
        pa.array(["100", " -5 "]),
        pa.array(["100", "-5"]).dictionary_encode(),
        pa.chunked_array([[100.0], [-5.0]]),
    ],
)
def test_a_number_is_one_whatever_it_is_written_as(column: Any) -> None:
    portfolio = read_parquet(parquet_of({**PLAIN, "quantity": column})).books[0].portfolio
    assert portfolio.numbers["quantity"].tolist() == [100.0, -5.0]
    assert portfolio.ids == ("p1", "p2")


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (pa.array([" AAPL", "700"], pa.large_string()), ["AAPL", "700"]),
        (pa.array(["AAPL", "AAPL"]).dictionary_encode(), ["AAPL", "AAPL"]),
        (pa.array([5, 700]), ["5", "700"]),
        (pa.array([5.0, 700.0]), ["5", "700"]),
        (pa.array([Decimal("5.0"), Decimal("7.0")]), ["5", "7"]),
        (pa.array([DAY, DAY]), ["2026-06-19", "2026-06-19"]),
    ],
)
def test_a_text_is_one_whatever_it_is_written_as(column: Any, texts: list[str]) -> None:
    portfolio = read_parquet(parquet_of({**PLAIN, "symbol": column})).books[0].portfolio
    assert portfolio.labels["symbol"].texts() == texts


@pytest.mark.parametrize(
    "column",
    [
        pa.array([DAY, None]),
        pa.array([DAY, None], pa.date64()),
        pa.array([MIDNIGHT, None], pa.timestamp("ns")),
        pa.array(["2026-06-19", None]),
        pa.array(["2026-06-19", " "]),
    ],
)
def test_a_date_is_a_date_or_a_midnight_and_null_is_none(column: Any) -> None:
    portfolio = read_parquet(parquet_of({**PLAIN, "expiry": column})).books[0].portfolio
    assert portfolio.labels["expiry"].texts() == ["2026-06-19", None]


@pytest.mark.parametrize(
    ("name", "column", "words"),
    [
        ("quantity", pa.array([1.0, np.nan], from_pandas=False), "not a finite number"),
        ("quantity", pa.array([1.0, np.inf]), "not a finite number"),
        ("quantity", pa.array([None, True]).take([0, 1]), "true or false, no number"),
        ("quantity", pa.array(["1", "x"]), "no number"),
        ("price", pa.array([None, DAY]), "a date, no number"),
        ("symbol", pa.array([1.0, 1.5]), "number with decimals, no text"),
        ("sector", pa.array([None, True]), "true or false, no text"),
        ("expiry", pa.array([MIDNIGHT, NOON], pa.timestamp("us")), "within a day"),
        ("expiry", pa.array([None, MIDNIGHT], pa.timestamp("us", "Europe/Paris")), "time zone Europe/Paris"),
    ],
)
def test_a_cell_that_is_none_of_these_is_named_by_row(name: str, column: Any, words: str) -> None:
    faults = [fault for fault in faults_of(read_parquet, parquet_of({**PLAIN, name: column})) if fault.row == 3]
    assert words in faults[0].detail
    assert faults[0].column == name


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1.0], [2.0]]),
        pa.array([{"a": 1}, {"a": 2}]),
        pa.array([b"1", b"2"]),
        pa.array([dt.time(1), dt.time(2)]),
    ],
)
def test_a_nested_column_is_refused_by_name_where_a_field_wants_it_and_else_left_alone(column: Any) -> None:
    (fault,) = faults_of(read_parquet, parquet_of({**PLAIN, "quantity": column}))
    assert (fault.column, '"quantity" holds' in fault.detail) == ("quantity", True)
    found = read_parquet(parquet_of({"legs": column, **PLAIN}))
    assert found.books[0].portfolio.numbers["price"].tolist() == [150.0, 300.0]
    assert found.report.document()["unused"] == [{"column": "legs", "note": ""}]


def test_nulls_are_blank_cells() -> None:
    column = pa.array(["A", None], pa.dictionary(pa.int8(), pa.string()))
    assert places(faults_of(read_parquet, parquet_of({**PLAIN, "symbol": column}))) == [(3, "symbol", "")]
    blank = {**PLAIN, "price": pa.array([None, 2.0]), "sector": pa.nulls(2)}
    portfolio = read_parquet(parquet_of(blank)).books[0].portfolio
    assert np.isnan(portfolio.numbers["price"]).tolist() == [True, False]
    assert "sector" not in portfolio.labels


@pytest.mark.parametrize("cut", [slice(0, 0), slice(0, 40), slice(0, -3), slice(4, None)])
def test_what_is_no_parquet_is_named(cut: slice) -> None:
    assert "Parquet" in unreadable(read_parquet, parquet_of(PLAIN)[cut]).detail


def test_bytes_that_were_changed_are_named_and_nothing_breaks() -> None:
    body = bytearray(parquet_of(PLAIN, compression="zstd"))
    body[8:200] = bytes(192)
    assert unreadable(read_parquet, bytes(body)).remedy


def test_text_that_is_no_utf_8_is_named_by_its_column() -> None:
    raw = pa.Array.from_buffers(pa.string(), 2, pa.array([b"\xff", b"b"]).buffers())
    assert "symbol" in unreadable(read_parquet, parquet_of({**PLAIN, "symbol": raw})).detail


def test_too_many_rows_and_what_unpacks_to_too_much_are_refused_before_they_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = parquet_of({"symbol": pa.array(["A"] * 2_000_001).dictionary_encode()})
    assert len(many) < 20_000
    with pytest.raises(TooLargeError, match="2,000,001 rows"):
        read_parquet(many)
    monkeypatch.setattr(parquet_table, "_MAX_UNPACKED", 100)
    with pytest.raises(TooLargeError, match="unpacks"):
        read_parquet(parquet_of(PLAIN))


def test_row_groups_are_read_as_one_file() -> None:
    rows = 1_000
    columns = {
        "symbol": [f"S{index % 3}" for index in range(rows)],
        "quantity": np.arange(rows),
        "asset_class": ["equity"] * rows,
    }
    buffer = io.BytesIO()
    parquet.write_table(pa.table(columns), buffer, row_group_size=64)
    portfolio = read_parquet(buffer.getvalue()).books[0].portfolio
    assert portfolio.labels["symbol"].texts() == columns["symbol"]
    assert portfolio.labels["symbol"].values == ("S0", "S1", "S2")
    assert portfolio.numbers["quantity"].tolist() == list(range(rows))


def test_nested_columns_that_no_field_wants_do_not_shift_the_others() -> None:
    nested = pa.array([{"a": 1, "b": [7.0]}, {"a": 2, "b": []}])
    listed = pa.array([[5.0], [6.0, 7.0]])
    columns = {"x": nested, "quantity": [3.0, 4.0], "y": listed, "price": [1.0, 2.0], "symbol": ["A", "B"]}
    found = read_parquet(parquet_of({**columns, "asset_class": ["equity"] * 2}))
    portfolio = found.books[0].portfolio
    assert portfolio.numbers["quantity"].tolist() == [3.0, 4.0]
    assert portfolio.numbers["price"].tolist() == [1.0, 2.0]
    assert portfolio.labels["symbol"].texts() == ["A", "B"]


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        (pa.date32(), 2**30),
        (pa.timestamp("us"), 2**62),
        (pa.timestamp("ms"), -(2**62)),
        (pa.timestamp("ns"), 1),
        (pa.timestamp("us", "No/Where"), 1),
    ],
)
def test_days_beyond_the_calendar_are_bad_cells(kind: Any, cell: int) -> None:
    raw = pa.array([cell], pa.int64())
    cells = (raw.cast(pa.int32()) if pa.types.is_date(kind) else raw).cast(kind)
    columns = {"symbol": ["A"], "quantity": [1.0], "price": [1.0], "asset_class": ["equity"], "expiry": cells}
    assert "The cell is" in faults_of(read_parquet, parquet_of(columns))[0].detail


def test_whole_decimals_of_any_length_are_texts() -> None:
    ids = pa.array([Decimal(10**37), Decimal(7)], pa.decimal128(38, 0))
    columns = {"symbol": ["A", "B"], "quantity": [1.0, 2.0], "price": [1.0, 1.0], "asset_class": ["equity"] * 2}
    assert read_parquet(parquet_of({**columns, "id": ids})).books[0].portfolio.ids == (str(10**37), "7")


def test_a_code_that_the_dictionary_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    body = parquet_of({**PLAIN, "symbol": ["AAPL", "AAPL"]})
    for code in (-2, 5):
        column = pa.DictionaryArray.from_arrays(pa.array([0, code], pa.int8()), pa.array(["AAPL"]), safe=False)
        monkeypatch.setattr(parquet_table.ArrowColumn, "_array", column)
        assert "dictionary lacks" in unreadable(read_parquet, body).detail
