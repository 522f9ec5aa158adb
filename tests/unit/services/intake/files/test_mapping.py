"""Columns are mapped by their titles; what could be meant in two ways is refused with what to do."""

from typing import Any

import pytest

from services.intake.fields import POSITION_FIELDS
from services.intake.files.titles import KNOWN, OPEN, OWN, VALUES, key, spellings
from tests.unit.services.intake.files.files import GOOD, HEADER, csv, faults_of


def mapping(header: str, row: str, **options: Any) -> dict[str, str]:
    return csv(f"{header}\n{row}\n", **options).report.document()["mapping"]


@pytest.mark.parametrize(
    ("title", "field", "cell"),
    [
        ("Ticker", "symbol", "AAPL"),
        ("ISIN", "symbol", "US0378331005"),
        ("Instrument ID", "symbol", "AAPL"),
        ("instrument", "symbol", "AAPL"),
        ("Qty", "quantity", "5"),
        ("Position", "quantity", "5"),
        ("SIZE", "quantity", "5"),
        ("mark", "price", "1.5"),
        ("px", "price", "1.5"),
        ("market_value", "market_value", "1.5"),
        ("Ccy", "currency", "USD"),
        ("Put/Call", "option_type", "put"),
        ("Expiration", "expiry", "2026-06-19"),
        ("STRIKE PRICE", "strike", "5"),
        ("underlying_symbol", "underlying", "SPX"),
        ("AssetClass", "asset_class", "equity"),
        ("Asset Class", "asset_class", "equity"),
        ("type", "asset_class", "Equity"),
        ("Type", "instrument", "option"),
        ("product", "option_type", "C"),
        ("Category", "side", "Long"),
        ("Instrument", "instrument", "future"),
        ("Position", "side", "short"),
    ],
)
def test_a_title_is_known_by_its_letters_and_where_it_says_several_things_by_its_cells(
    title: str, field: str, cell: str
) -> None:
    rest = {"symbol": "AAPL", "quantity": "5", "price": "1.5", "asset_class": "equity"}
    rest = {
        name: text for name, text in rest.items() if name != field and not (field == "market_value" and name == "price")
    }
    found = mapping(",".join([title, *rest]), ",".join([cell, *rest.values()]))
    assert found == {field: title, **{name: name for name in rest}}


def test_every_field_is_known_by_its_own_name_and_no_title_by_two() -> None:
    assert set(POSITION_FIELDS) <= set(OWN.values())
    assert not KNOWN.keys() & OWN.keys()
    assert not OPEN.keys() & KNOWN.keys()
    assert key("market_value") in VALUES
    listed = [key(word) for field in OWN.values() for word in spellings(field)]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    ("header", "row", "words", "remedy"),
    [
        ("ticker,isin,qty,asset class", "A,US1,1,equity", '"ticker" and "isin" could each be symbol', "symbol=ticker"),
        ("symbol,qty,size,asset class", "A,1,2,equity", '"qty" and "size" could each be quantity', "quantity=qty"),
        ("symbol,qty,type,sector", "A,1,bond,x", "could be asset_class or instrument", "asset_class=type"),
        ("symbol,qty,asset class,Market Value", "A,1,equity,5", "value of the whole position", "price=Market Value"),
        ("symbol,qty,asset class,price,market_value", "A,1,equity,5,5", "could each be price", "price=price"),
        ("symbol,qty,asset class,qty", "A,1,equity,2", "could each be quantity", "#1"),
        ("symbol,price", "A,1", "No column is asset_class", "fill asset_class=equity"),
        ("name,desk", "A,1", "Row 1 names no column that is known", "map symbol=#1"),
        ("name,price", "A,1", "No column is symbol", "map symbol=COLUMN"),
        ("PortfolioID,RiskType,Qualifier", "A,1,2", "This is a CRIF", "model=simm"),
    ],
)
def test_what_could_be_meant_in_two_ways_is_refused_by_name(header: str, row: str, words: str, remedy: str) -> None:
    faults = faults_of(mapping, header, row)
    assert words in faults[0].detail
    assert remedy in faults[0].remedy
    assert faults[0].row == 1


def test_a_fields_own_name_comes_before_its_synonyms() -> None:
    report = csv("symbol,ISIN,quantity,asset class,price\nA,US1,1,equity,5\n").report.document()
    assert report["mapping"]["symbol"] == "symbol"
    assert report["unused"] == [{"column": "ISIN", "note": 'symbol is taken from "symbol"'}]


def test_what_is_told_comes_before_every_guess_and_the_report_tells_them_apart() -> None:
    text = "Symbol,ISIN,Price,Qty,Asset Class,Type\nA,US1,5,1,equity,x\n"
    report = csv(text, columns={"symbol": "isin", "price": "#4", "quantity": "Qty", "sector": "-"}).report.document()
    assert report["mapping"] == {"symbol": "ISIN", "asset_class": "Asset Class", "quantity": "Qty", "price": "Qty"}
    assert report["guessed"] == ["asset_class"]
    assert [one["column"] for one in report["unused"]] == ["Symbol", "Price", "Type"]
    again = csv(text, columns=report["mapping"])
    assert again.report.document()["mapping"] == report["mapping"]


@pytest.mark.parametrize(
    ("columns", "words", "remedy"),
    [
        ({"quantty": "quantity"}, "no field of a position", "Did you mean quantity?"),
        ({"symbol": "Tickr"}, 'no column "Tickr"', "Use one of"),
        ({"symbol": "#9"}, 'no column "#9"', ""),
        ({"symbol": "symbo"}, 'no column "symbo"', "Did you mean symbol?"),
    ],
)
def test_a_mapping_to_what_is_not_there_is_refused(columns: dict[str, str], words: str, remedy: str) -> None:
    (fault, *_) = faults_of(csv, HEADER + GOOD, columns=columns)
    assert words in fault.detail
    assert remedy in fault.remedy


def test_unused_columns_are_listed_with_what_they_might_be() -> None:
    text = "symbol,quantity,price,asset class,Desk,Secctor,Price %,,\nA,1,5,equity,x,tech,0.5,,more\n"
    assert csv(text).report.document()["unused"] == [
        {"column": "Desk", "note": ""},
        {"column": "Secctor", "note": "is near sector: map sector=Secctor takes it"},
        {"column": "Price %", "note": 'price is taken from "price"'},
        {"column": "#9", "note": ""},
    ]


def test_a_column_of_market_values_is_left_unused_beside_a_price() -> None:
    report = csv("symbol,qty,price,Market Value,asset class\nA,2,5,10,equity\n").report.document()
    assert report["mapping"]["price"] == "price"
    assert "whole position" in report["unused"][0]["note"]
    told = csv("symbol,qty,Market Value,asset class\nA,2,10,equity\n", columns={"price": "-"})
    assert told.report.document()["mapping"].get("price") is None
