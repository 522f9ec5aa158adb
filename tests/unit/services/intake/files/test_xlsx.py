"""Workbooks as spreadsheets write them, and as nobody should: each oddity by the cell's name."""

import datetime as dt
import io
import zipfile
from typing import Any

import pytest

from services.errors import TooLargeError
from services.intake.files import xlsx_package
from services.intake.files.xlsx_sheet import letters, number_of
from services.intake.gunzip import MAX_FILE
from tests.unit.services.intake.files.files import faults_of, places, unreadable, xlsx
from tests.unit.services.intake.files.workbooks import by_hand, workbook

HEADER = ["Ticker", "Qty", "Price", "Asset Class", "Expiry"]
ROW = ["AAPL", 100, 150.5, "equity", dt.date(2026, 6, 19)]


def test_a_workbook_reads_with_its_dates_and_whole_numbers() -> None:
    found = xlsx(workbook([HEADER, ROW, [700, -5.25, 3, "Equity", "2026-12-18"], [None] * 5, ["B", 1, None, "equity"]]))
    portfolio = found.books[0].portfolio
    assert portfolio.labels["symbol"].texts() == ["AAPL", "700", "B"]
    assert portfolio.labels["expiry"].texts() == ["2026-06-19", "2026-12-18", None]
    assert portfolio.numbers["quantity"].tolist() == [100.0, -5.25, 1.0]
    assert portfolio.ids == ("row-2", "row-3", "row-5")
    assert found.report.document()["sheet"] == "Sheet"


def test_the_first_visible_sheet_is_read_unless_another_is_named() -> None:
    def change(sheet: Any) -> None:
        sheet.title = "Notes"
        sheet.sheet_state = "hidden"
        for title, quantity in (("One", 1), ("Two", 2)):
            other = sheet.parent.create_sheet(title)
            other.append(HEADER)
            other.append(["A", quantity, 1, "equity"])

    body = workbook([["nothing"]], change)
    first, second = xlsx(body), xlsx(body, sheet="Two")
    assert [one.books[0].portfolio.numbers["quantity"].tolist() for one in (first, second)] == [[1.0], [2.0]]
    assert first.report.document()["other_sheets"] == ["Two"]
    for name in ("Notes", "two"):
        assert faults_of(xlsx, body, sheet=name)[0].pointer == "/sheet"
    assert "empty" in unreadable(xlsx, workbook([])).detail


def test_a_formula_counts_by_the_value_that_was_saved_with_it() -> None:
    rows = '<row r="1">{}</row><row r="2">{}</row>'
    titles = "".join(
        f'<c r="{letters(at)}1" t="inlineStr"><is><t>{title}</t></is></c>' for at, title in enumerate(HEADER, 1)
    )
    cells = '<c r="A2" t="str"><f>"AA"&amp;"PL"</f><v>AAPL</v></c><c r="B2"><f>50*2</f><v>100</v></c>'
    cells += '<c r="D2" t="inlineStr"><is><r><t>equ</t></r><r><t>ity</t></r><rPh><t>x</t></rPh></is></c>'
    found = xlsx(by_hand(f"<sheetData>{rows.format(titles, cells)}</sheetData>"))
    assert found.books[0].portfolio.numbers["quantity"].tolist() == [100.0]
    assert found.books[0].portfolio.labels["symbol"].texts() == ["AAPL"]
    assert found.report.document()["formulas"] == 2


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        (2, "=50*2", "The cell B2 is a formula without a stored value."),
        (2, "#N/A", "The cell B2 is the error #N/A."),
        (2, True, "The cell B2 is true or false."),
        (2, dt.date(2026, 1, 1), "The cell B2 is a date, no number."),
        (2, "1,5", 'B2: "1,5" is written with separators'),
        (1, 1.5, "The cell A2 is a number with decimals, no text."),
        (5, dt.datetime(2026, 6, 19, 12), "The cell E2 is a moment within a day"),  # noqa: DTZ001
        (5, 46_000, "is no date"),
    ],
)
def test_a_cell_that_cannot_be_used_is_refused_by_its_name(column: int, cell: Any, words: str) -> None:
    row = [*ROW]
    row[column - 1] = cell
    (fault,) = faults_of(xlsx, workbook([HEADER, row]))
    assert (fault.row, fault.column) == (2, HEADER[column - 1])
    assert words in fault.detail
    assert fault.remedy
    assert len(xlsx(workbook([HEADER, row, ROW]), accept_partial=True).books[0].portfolio) == 1


def test_merged_cells_and_cells_without_a_title_are_refused() -> None:
    def merge(sheet: Any) -> None:
        sheet.merge_cells("A2:A3")

    (fault,) = faults_of(xlsx, workbook([HEADER, ROW, ROW], merge))
    assert (fault.row, fault.detail) == (2, "The cells A2:A3 are merged.")
    stray = faults_of(xlsx, workbook([HEADER, [*ROW, "stray"]]))
    assert (stray[0].row, stray[0].detail) == (2, "The cell F2 has no title above it.")


def test_days_are_counted_as_the_workbook_counts_them() -> None:
    def change(sheet: Any) -> None:
        sheet.parent.epoch = dt.datetime(1904, 1, 1)  # noqa: DTZ001

    body = workbook([HEADER, ROW], change)
    assert xlsx(body).books[0].portfolio.labels["expiry"].texts() == ["2026-06-19"]


@pytest.mark.parametrize(
    ("serial", "day"), [(1, "1900-01-01"), (59, "1900-02-28"), (61, "1900-03-01"), (46_192, "2026-06-19")]
)
def test_the_days_of_1900_are_those_that_spreadsheets_show(serial: int, day: str) -> None:
    def change(sheet: Any) -> None:
        sheet["E2"].number_format = "dd/mm/yyyy"

    body = workbook([HEADER, [*ROW[:4], serial]], change)
    assert xlsx(body).books[0].portfolio.labels["expiry"].texts() == [day]
    if serial == 59:
        (fault,) = faults_of(xlsx, workbook([HEADER, [*ROW[:4], 60]], change))
        assert "no day of the calendar" in fault.detail


def test_a_prefix_and_cells_without_names_read_as_well() -> None:
    rows = [["symbol", "quantity", "asset_class"], ["A", "5", "equity"]]
    cells = "".join(
        "<x:row>" + "".join(f'<x:c t="inlineStr"><x:is><x:t>{cell}</x:t></x:is></x:c>' for cell in row) + "</x:row>"
        for row in rows
    )
    portfolio = xlsx(by_hand(f"<x:sheetData>{cells}</x:sheetData>", prefix="x")).books[0].portfolio
    assert portfolio.numbers["quantity"].tolist() == [5.0]


_ENTITIES = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><sst>&b;</sst>'


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"PK\x03\x04", "no workbook"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "password"),
        (by_hand("<sheetData>", more={"xl/vbaProject.bin": b"x"}), "macros"),
        (by_hand("<sheetData>"), "cannot be read"),
        (by_hand('<sheetData><row r="1"><c r="A1" t="s"><v>7</v></c></row></sheetData>'), "which the workbook lacks"),
        (by_hand('<sheetData><row><c r="A9999999"><v>1</v></c></row></sheetData>'), "which is none"),
        (by_hand("<sheetData/>"), "empty"),
    ],
)
def test_what_is_no_workbook_is_named(body: bytes, words: str) -> None:
    refused = unreadable(xlsx, body)
    assert words in refused.detail


def test_xml_that_declares_entities_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(by_hand("<sheetData/>"))) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, _ENTITIES if name.endswith("sharedStrings.xml") else old.read(name))
    assert "document type" in unreadable(xlsx, buffer.getvalue()).detail


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_FILE == 256 << 20
    monkeypatch.setattr(xlsx_package, "MAX_FILE", 1 << 20)
    body = by_hand("<sheetData/>", more={f"xl/{index}.xml": bytes(200_000) for index in range(6)})
    assert len(body) < 10_000
    with pytest.raises(TooLargeError, match="1 MiB"):
        xlsx(body)


def test_a_part_that_is_larger_than_the_zip_says_is_not_read_further() -> None:
    body = by_hand("<sheetData>" + "<row></row>" * 10_000 + "</sheetData>")
    size = len("<worksheet")
    info = zipfile.ZipFile(io.BytesIO(body)).getinfo("xl/worksheets/sheet1.xml")
    lie = body.replace(info.file_size.to_bytes(4, "little"), size.to_bytes(4, "little"))
    assert lie != body
    assert "cannot be read" in unreadable(xlsx, lie).detail


def test_a_row_of_the_far_corner_costs_no_memory() -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    faults = faults_of(xlsx, by_hand(f'<sheetData><row r="1"><c r="A1"><v>1</v></c></row>{far}</sheetData>'))
    assert "no column that is known" in faults[0].detail


@pytest.mark.parametrize(("column", "name"), [(1, "A"), (26, "Z"), (27, "AA"), (16_384, "XFD")])
def test_columns_have_letters(column: int, name: str) -> None:
    assert (letters(column), number_of(name)) == (name, column)


def test_rows_count_as_the_sheet_shows_them_below_a_blank_first_row() -> None:
    def change(sheet: Any) -> None:
        sheet.insert_rows(1, 2)

    found = faults_of(xlsx, workbook([HEADER, ROW, ["A", "x", 1, "equity"]], change))
    assert places(found) == [(5, "Qty", "x")]


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        ("<a>" * 100_000, "nested too deeply"),
        (f'<a x="{"y" * (9 << 20)}"/>', "a tag that does not end"),
        (f"<!--{'y' * (9 << 20)}-->", "a tag that does not end"),
    ],
)
def test_xml_of_which_the_parser_would_hold_too_much_is_refused(sheet: str, words: str) -> None:
    body = by_hand(sheet)
    assert len(body) < 20_000
    assert words in unreadable(xlsx, body).detail


def test_a_directory_of_too_many_parts_is_refused_unread() -> None:
    body = by_hand("<sheetData/>")
    end = body.index(b"PK\x05\x06")
    entry = body[body.index(b"PK\x01\x02") : end]
    assert "more than 10,000 parts" in unreadable(xlsx, body[:end] + entry * 10_000 + body[end:]).detail
