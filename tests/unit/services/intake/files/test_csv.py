"""CSV in all the ways that programs and people write it: read where there is one way to read it, else named."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import ServiceError
from services.intake.files import FileOptions, Format, csv_table
from services.intake.files.csv_scan import ScannedColumn
from services.intake.files.numerals import Decimal
from tests.unit.services.intake.files.files import GOOD, HEADER, csv, faults_of, places, unreadable

TEXT = HEADER + GOOD


def quantity(text: str | bytes, **options: Any) -> list[float]:
    return csv(text, **options).books[0].portfolio.numbers["quantity"].tolist()


@pytest.mark.parametrize(
    "body",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        "\ufeff".encode("utf-16-be") + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        TEXT.replace(",", ";").encode(),
        TEXT.replace(",", "\t").encode(),
        TEXT.replace(",", "|").encode(),
        TEXT.replace(",", " , ").encode(),
        TEXT.replace("AAPL", '"AAPL"').encode(),
        TEXT.rstrip("\n").encode(),
        b"sep=;\r\n" + TEXT.replace(",", ";").encode(),
        (TEXT + ",,,,\n\n \n").encode(),
    ],
)
def test_all_usual_ways_to_write_it_read_alike(body: bytes) -> None:
    portfolio = csv(body).books[0].portfolio
    assert (portfolio.ids, portfolio.labels["symbol"].texts()) == (("p1",), ["AAPL"])
    assert portfolio.numbers["quantity"].tolist() == [100.0]


def test_an_encoding_that_is_not_utf_8_is_named_and_read_when_told() -> None:
    body = (HEADER + GOOD.replace("AAPL", "Müller")).encode("latin-1")
    refused = unreadable(csv, body)
    assert "row 2" in refused.detail
    assert "encoding=latin-1" in refused.remedy
    found = csv(body, encoding="latin-1")
    assert found.books[0].portfolio.labels["symbol"].texts() == ["Müller"]
    assert found.report.document()["encoding"] == "latin-1"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (TEXT.encode("utf-16-le"), "zero byte"),
        ((HEADER + GOOD + "p2,A\0B,1,1,equity\n").encode(), "Row 3 holds a zero byte"),
        (b"just a line of words\nand another\n", "no header of several columns"),
        (b"symbol;quantity,price\nA;1,2\n", "semicolon"),
        ((HEADER + 'p1,"AAPL,1,1,equity\n').encode(), "Row 2 cannot be read"),
        ((HEADER + 'p1,"A"B,1,1,equity\n').encode(), "Row 2 cannot be read"),
        ((HEADER + f'p1,"{"A" * 200_000}",1,1,equity\n').encode(), "Row 2 cannot be read"),
        ((",".join(f"c{index}" for index in range(2_000)) + "\n").encode(), "more than 1,000"),
    ],
)
def test_what_is_no_table_is_named_with_what_would_help(body: bytes, words: str) -> None:
    refused = unreadable(csv, body)
    assert words in refused.detail
    assert refused.remedy or "1,000" in words


def test_rows_are_counted_as_a_spreadsheet_shows_them() -> None:
    text = HEADER + 'p1,"A\nPL",100,150,equity\n\np2,B,x,1,equity\n,,,,\np3,C,1,y,equity\n'
    assert places(faults_of(csv, text)) == [(2, "symbol", "A\\u000aPL"), (4, "quantity", "x"), (6, "price", "y")]


def test_a_row_of_another_width_is_a_rejected_row() -> None:
    text = HEADER + GOOD + "p2,B,1\n" + "p3,C,1,2,equity,more\n"
    assert [(one.row, one.detail) for one in faults_of(csv, text)] == [
        (3, "The row has 3 cells, the header 5."),
        (4, "The row has 6 cells, the header 5."),
    ]
    assert len(csv(text, accept_partial=True).books[0].portfolio) == 1


@pytest.mark.parametrize(
    ("cell", "style", "value"),
    [
        ("1234.5", "plain", 1234.5),
        ("+7", "plain", 7.0),
        (".5", "plain", 0.5),
        ("5.", "plain", 5.0),
        ("007", "plain", 7.0),
        ("-0", "plain", 0.0),
        ("1e3", "plain", 1000.0),
        ("1,234.5", "point", 1234.5),
        ("1'234'567", "point", 1_234_567.0),
        ("1\u00a0234.5", "point", 1234.5),
        ("-1234.5", "point", -1234.5),
        ("1.234,5", "comma", 1234.5),
        ("1234,5", "comma", 1234.5),
        ("1.234", "comma", 1234.0),
        ("-1 234,25", "comma", -1234.25),
    ],
)
def test_numbers_are_read_as_the_file_is_said_to_write_them(cell: str, style: str, value: float) -> None:
    text = f"id;symbol;quantity;price;asset_class\np1;AAPL;{cell};150;equity\n"
    assert quantity(text, decimal=Decimal(style)) == [value]


@pytest.mark.parametrize(
    ("cell", "style", "words"),
    [
        ("1,5", "plain", "could be read in two ways"),
        ("1,234", "plain", "could be read in two ways"),
        ("1.234,56", "plain", "could be read in two ways"),
        ("12,34.5", "point", "could be read in two ways"),
        ("1.5", "comma", "could be read in two ways"),
        ("1e5.5", "comma", "no number"),
        ("25%", "plain", "percentage"),
        ("1_000", "plain", "no number"),
        ("nan", "plain", "no number"),
        ("inf", "plain", "no number"),
        ("true", "plain", "no number"),
        ("#N/A", "plain", "no number"),
        ("(5)", "plain", "no number"),
        ("$5", "plain", "no number"),
        ("٣", "plain", "no number"),
        ("1e999", "plain", "too large"),
        ("0x10", "plain", "no number"),
    ],
)
@pytest.mark.parametrize("rows", [1, 4_000])
def test_what_is_no_number_or_could_be_two_is_refused(cell: str, style: str, words: str, rows: int) -> None:
    more = "".join(f"q{index};B;1;1;equity\n" for index in range(rows - 1))
    (fault,) = faults_of(
        csv, f"id;symbol;quantity;price;asset_class\np;A;{cell};1;equity\n{more}", decimal=Decimal(style)
    )
    assert (fault.row, fault.column, fault.value) == (2, "quantity", cell)
    assert words in fault.detail
    assert fault.remedy


_CELL = st.text(alphabet="aBü1.5-+ eE;'\"\n\r\t%", max_size=6)
_ROW = st.lists(_CELL, min_size=3, max_size=3)


def _columns(text: str) -> object:
    try:
        table = csv_table.read_csv(text.encode(), FileOptions(format=Format.CSV, delimiter="comma"))
    except ServiceError as error:
        return type(error), error.detail
    found = []
    for column in table.columns:
        numbers, bad = column.numbers(Decimal.PLAIN)
        labels = column.labels()[0]
        found.append((column.texts()[0], labels.texts(), labels.values, numbers.tolist().__repr__(), bad))
    return table.titles, table.rows.tolist(), dict(table.ragged), found


@settings(max_examples=150, deadline=None)
@given(st.lists(_ROW, max_size=6), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_the_scanner_and_the_csv_module_read_alike(rows: list[list[str]], newline: str, last: bool) -> None:
    text = newline.join([",".join(row) for row in [["x", "y", "z"], *rows]]) + newline * last
    careful = _columns(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_table, "_SCANNED_FROM", 0)
        assert _columns(text) == careful


def test_a_large_regular_file_is_scanned() -> None:
    text = HEADER + "".join(f"p{index},S{index % 7},{index},1.5,equity\n" for index in range(3_000))
    table = csv_table.read_csv(text.encode(), FileOptions(format=Format.CSV))
    assert all(isinstance(column, ScannedColumn) for column in table.columns)
    portfolio = csv(text).books[0].portfolio
    np.testing.assert_array_equal(portfolio.numbers["quantity"], np.arange(3_000.0))
    assert portfolio.labels["symbol"].values == tuple(f"S{index}" for index in range(7))
    assert quantity(text, decimal=Decimal.COMMA, columns={"price": "-"})[-1] == 2_999.0


def test_points_that_could_part_thousands_are_refused_where_commas_may_be_decimal() -> None:
    text = "symbol;quantity;price;asset_class\nA;5;3;equity\nB;1.000;250.125;equity\n"
    (fault,) = faults_of(csv, text)
    assert (fault.row, fault.column) == (3, "quantity")
    assert "decimal=comma" in fault.remedy
    assert quantity(text, decimal=Decimal.COMMA) == [5.0, 1_000.0]
    assert quantity(text, decimal=Decimal.PLAIN) == [5.0, 1.0]
    assert quantity(text.replace(";3;", ";3.5;")) == [5.0, 1.0]
    assert quantity(text.replace(";", ",")) == [5.0, 1.0]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("\n" * 2_000_010, "2,000,000 rows"),
        (("a" + "," * 999 + "\n") * 16_010, "16,000,000 cells"),
        (('"a"' + "," * 999 + "\n") * 16_010, "16,000,000 cells"),
    ],
)
def test_a_file_that_would_fill_the_memory_is_refused(rows: str, words: str) -> None:
    header = ",".join(f"c{index}" for index in range(1_000))
    assert words in unreadable(csv, f"{header}\n{rows}").detail
