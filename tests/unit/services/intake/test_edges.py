"""Each row of DESIGN's "Numbers at the edge" that intake answers, and of the issue's "Bad input"."""

import json
import math
from typing import Any

import numpy as np
import pytest

from services.errors import InvalidInputError, TooLargeError, UnparsableError
from services.intake import parse as parsing
from services.intake.decode import decode_job, decode_margin, decode_portfolio
from services.intake.faults import MAX_FAULTS
from services.intake.fields import NUMBERS, PORTFOLIO_FIELDS, POSITION_FIELDS, TEXTS
from tests.unit.services.intake.books import body, book, position


def faults_of(data: bytes) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as caught:
        decode_portfolio(data)
    assert not caught.value.omitted
    json.dumps([fault.detail for fault in caught.value.faults], allow_nan=False)
    return {fault.pointer: fault.detail for fault in caught.value.faults}


@pytest.mark.parametrize("name", list(NUMBERS))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, False, "1", "NaN", [], {}, 10**400])
def test_what_is_no_finite_number_is_named_with_its_pointer(name: str, value: Any) -> None:
    data = body(book(position(0), position(1, **{name: value}), position(2)))
    assert f"/positions/1/{name}" in faults_of(data)


@pytest.mark.parametrize("literal", [b"1e309", b"-1e309", b"1E+400", b"NaN", b"Infinity", b"-Infinity"])
def test_numbers_that_no_float_holds(literal: bytes) -> None:
    data = body(book(position(quantity=777))).replace(b"777", literal)
    assert faults_of(data) == {"/positions/0/quantity": "quantity must be a number, and is not a finite number."}


@pytest.mark.parametrize("name", ["available_cash", "leverage_ratio"])
@pytest.mark.parametrize("value", [math.nan, math.inf, True, "1e7"])
def test_portfolio_numbers_are_held_to_the_same(name: str, value: Any) -> None:
    assert f"/{name}" in faults_of(body(book(**{name: value})))


@pytest.mark.parametrize("name", list(TEXTS))
@pytest.mark.parametrize("value", [1, True, [], {"a": 1}])
def test_what_is_no_text_is_named_with_its_pointer(name: str, value: Any) -> None:
    assert f"/positions/0/{name}" in faults_of(body(book(position(**{name: value}))))


def test_null_stands_for_nothing_where_a_field_is_optional_and_for_a_fault_where_it_is_not() -> None:
    optional = [name for name in POSITION_FIELDS if name not in {"id", "symbol", "quantity", "price", "asset_class"}]
    plain = decode_portfolio(body(book(position(), as_of="2025-01-31")))
    nulls = decode_portfolio(body(book(position() | dict.fromkeys(optional), as_of="2025-01-31")))
    assert plain.tables()["numbers"].keys() == nulls.tables()["numbers"].keys()
    assert plain.document() == nulls.document()
    for name in ("id", "symbol", "quantity", "asset_class"):
        assert f"/positions/0/{name}" in faults_of(body(book(position() | {name: None})))


def test_duplicate_ids_are_named() -> None:
    found = faults_of(body(book(position(1), position(2), position(1))))
    assert found == {"/positions/2/id": 'The id "p1" is that of position 0 too.'}


@pytest.mark.parametrize("word", ["equity", "EQUITY", "Equity", "eQuItY"])
def test_asset_classes_are_read_in_any_case(word: str) -> None:
    portfolio = decode_portfolio(body(book(position(asset_class=word), position(2))))
    assert portfolio.labels["asset_class"].values == ("equity",)
    assert portfolio.labels["asset_class"].codes.tolist() == [0, 0]


def test_an_unknown_asset_class_gets_the_nearest_name() -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode_portfolio(body(book(position(asset_class="equty"))))
    (fault,) = caught.value.faults
    assert fault.pointer == "/positions/0/asset_class"
    assert fault.remedy == "Did you mean equity?"


def test_an_unknown_collateral_type_gets_the_nearest_name() -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode_portfolio(body(book(collateral={"goverment_bonds": 5.0, "gold": 1.0})))
    assert [fault.pointer for fault in caught.value.faults] == [
        "/collateral/goverment_bonds",
        "/collateral/gold",
    ]
    assert caught.value.faults[0].remedy == "Did you mean government_bonds?"
    assert "treasury_bills" in caught.value.faults[1].remedy


def test_price_and_market_value_together() -> None:
    found = faults_of(body(book(position(market_value=150.0))))
    assert list(found) == ["/positions/0/market_value"]
    assert decode_portfolio(body(book(position(price=None, market_value=2)))).numbers["price"].tolist() == [2.0]


def test_a_missing_rate_names_the_pair() -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode_portfolio(body(book(position(1, currency="EUR"), position(2), position(3, currency="GBP"))))
    assert [(fault.pointer, fault.detail) for fault in caught.value.faults] == [
        ("/fx", "There is no rate for EUR/USD."),
        ("/fx", "There is no rate for GBP/USD."),
    ]


def test_a_rate_that_will_not_do_is_not_reported_as_missing_too() -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode_portfolio(body(book(position(currency="EUR"), fx={"EUR/USD": -1.0})))
    assert [(fault.pointer, fault.detail) for fault in caught.value.faults] == [
        ("/fx/EUR~1USD", "EUR/USD must be from 1e-09 to 1e+09."),
    ]


@pytest.mark.parametrize("fx", [{"EUR/USD": 1.08}, {"USD/EUR": 0.92}, {"EUR/USD": 1.08, "USD/EUR": 0.926}])
def test_a_rate_either_way_round_is_enough(fx: dict[str, float]) -> None:
    assert decode_portfolio(body(book(position(currency="EUR"), fx=fx))).fx == fx


@pytest.mark.parametrize(
    ("fx", "pointer"),
    [
        ({"EURUSD": 1.0}, "/fx/EURUSD"),
        ({"EUR/USD": 0}, "/fx/EUR~1USD"),
        ({"EUR/USD": -1.0}, "/fx/EUR~1USD"),
        ({"EUR/USD": math.nan}, "/fx/EUR~1USD"),
        ({"EUR/USD": "1"}, "/fx/EUR~1USD"),
        ({"USD/USD": 1.0}, "/fx/USD~1USD"),
        ({"eur/usd": 1.0}, "/fx/eur~1usd"),
        ({"EUR/USD": 1.0, "USD/EUR": 2.0}, "/fx/EUR~1USD"),
        ([], "/fx"),
    ],
)
def test_rates_that_will_not_do(fx: Any, pointer: str) -> None:
    assert list(faults_of(body(book(fx=fx)))) == [pointer]


@pytest.mark.parametrize(
    ("rates", "pointer"),
    [({"usd": 0.04}, "/rates/usd"), ({"USD": "4%"}, "/rates/USD"), ({"USD": 11}, "/rates/USD"), (0.04, "/rates")],
)
def test_interest_rates_that_will_not_do(rates: Any, pointer: str) -> None:
    assert list(faults_of(body(book(rates=rates)))) == [pointer]
    assert decode_portfolio(body(book(rates={"USD": 0.04, "JPY": -0.001}))).rates == {"USD": 0.04, "JPY": -0.001}


@pytest.mark.parametrize(
    ("collateral", "pointer"),
    [
        ({"equity": -1}, "/collateral/equity"),
        ({"equity": True}, "/collateral/equity"),
        ({"cash usd": 1, "Cash-USD": 2}, "/collateral/Cash-USD"),
        ([], "/collateral"),
    ],
)
def test_collateral_that_will_not_do(collateral: Any, pointer: str) -> None:
    assert list(faults_of(body(book(collateral=collateral)))) == [pointer]
    assert decode_portfolio(body(book(collateral={"Cash USD": 5}))).collateral == {"cash_usd": 5.0}


@pytest.mark.parametrize("positions", [None, {}, "none", 0])
def test_positions_must_be_a_list(positions: Any) -> None:
    assert list(faults_of(body({**book(), "positions": positions}))) == ["/positions"]
    without = book()
    del without["positions"]
    assert list(faults_of(body(without))) == ["/positions"]


@pytest.mark.parametrize(
    "fields",
    [
        {"asset_class": "commodity"},
        {"asset_class": "derivative"},
        {"asset_class": "commodity", "instrument": "future"},
        {"asset_class": "equity", "instrument": "future"},
        {"asset_class": "bond", "instrument": "swap"},
        {"asset_class": "derivative", "instrument": "generic"},
    ],
)
def test_negative_prices_where_the_class_allows_them(fields: dict[str, str]) -> None:
    portfolio = decode_portfolio(body(book(position(price=-37.63, **fields))))
    assert portfolio.numbers["price"].tolist() == [-37.63]


@pytest.mark.parametrize(
    "fields",
    [
        {"asset_class": "equity"},
        {"asset_class": "bond"},
        {"asset_class": "fx"},
        {"asset_class": "crypto"},
        {"asset_class": "commodity", "instrument": "etf"},
        {"asset_class": "derivative", "instrument": "option"},
    ],
)
@pytest.mark.parametrize("name", ["price", "market_value", "settlement_price"])
def test_negative_prices_elsewhere(fields: dict[str, str], name: str) -> None:
    price = None if name == "market_value" else 1.0
    data = body(book(position(**{"price": price, **fields, name: -1.0})))
    assert list(faults_of(data)) == [f"/positions/0/{name}"]


def test_a_notional_above_the_limit() -> None:
    assert len(decode_portfolio(body(book(position(quantity=-1e13, price=100.0))))) == 1
    for fields in ({"quantity": 1e13, "price": 101.0}, {"quantity": -1e12, "multiplier": 1e3}):
        assert list(faults_of(body(book(position(**fields))))) == ["/positions/0/quantity"]


def test_more_positions_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.intake.portfolio.MAX_POSITIONS", 3)
    monkeypatch.setattr("services.intake.fast.MAX_POSITIONS", 3)
    assert len(decode_portfolio(body(book(*map(position, range(3)))))) == 3
    found = faults_of(body(book(*map(position, range(4)))))
    assert found == {"/positions": "There are 4 positions, more than 3."}


def test_a_quarter_of_a_million_positions_is_the_limit() -> None:
    one = json.dumps(position()).encode()
    many = b'{"id": "b", "positions": [' + b",".join([one] * 250_001) + b"]}"
    with pytest.raises(InvalidInputError, match="250,001 positions"):
        decode_portfolio(many)


@pytest.mark.parametrize("character", ["\x00", "\n", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\u200f", "\ud800"])
@pytest.mark.parametrize("name", ["id", "symbol", "sector", "issuer"])
def test_characters_that_are_part_of_no_name(name: str, character: str) -> None:
    data = body(book(position(**{name: f"A{character}B"})))
    assert faults_of(data) == {f"/positions/0/{name}": f"{name} holds the forbidden character U+{ord(character):04X}."}


def test_control_characters_written_raw_are_refused_too() -> None:
    data = body(book(position(symbol="A#B"))).replace(b"#", b"\x07")
    assert list(faults_of(data)) == ["/positions/0/symbol"]


@pytest.mark.parametrize("text", ["Ærø", "東京", "A B", "naïve", "😀", "a\u200db", "x\xa0y"])
def test_other_letters_are_welcome(text: str) -> None:
    portfolio = decode_portfolio(body(book(position(id=text, sector=text), name=text)))
    assert (portfolio.ids, portfolio.labels["sector"].values, portfolio.name) == ((text,), (text,), text)
    raw = json.dumps(book(position(id=text, sector=text), name=text), ensure_ascii=False).encode()
    assert decode_portfolio(raw).ids == (text,)


@pytest.mark.parametrize("name", ["id", "symbol", "underlying"])
@pytest.mark.parametrize("text", ["", " ", "x" * 129])
def test_texts_too_long_or_empty(name: str, text: str) -> None:
    assert list(faults_of(body(book(position(**{name: text}))))) == [f"/positions/0/{name}"]
    assert len(decode_portfolio(body(book(position(**{name: "x" * 128}))))) == 1


def test_an_empty_portfolio_is_a_portfolio() -> None:
    portfolio = decode_portfolio(body(book()))
    assert len(portfolio) == 0
    assert set(portfolio.numbers) == {"quantity", "price", "multiplier"}
    assert all(column.shape == (0,) for column in portfolio.numbers.values())


@pytest.mark.parametrize(
    ("name", "near"), [("quantty", "quantity"), ("marketvalue", "market_value"), ("Sektor", "sector")]
)
def test_unknown_fields_get_the_nearest_name(name: str, near: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode_portfolio(body(book(position(**{name: 1}))))
    (fault,) = caught.value.faults
    assert (fault.pointer, fault.remedy) == (f"/positions/0/{name}", f"Did you mean {near}?")


def test_unknown_fields_of_a_portfolio_and_a_request() -> None:
    assert list(faults_of(body(book(curency="USD")))) == ["/curency"]
    with pytest.raises(InvalidInputError) as caught:
        decode_job(body({"measure": "margin", "portfolio": book(), "devise": "cpu"}))
    assert [(fault.pointer, fault.remedy) for fault in caught.value.faults] == [("/devise", "Did you mean device?")]


def test_an_unknown_name_is_escaped_in_its_pointer() -> None:
    assert list(faults_of(body(book(**{"a/b~c": 1})))) == ["/a~1b~0c"]


def test_truncated_json_names_the_byte() -> None:
    data = json.dumps(book(position(sector="Ærø"), name="Ærø"), ensure_ascii=False).encode()
    for keep in range(len(data)):
        with pytest.raises(UnparsableError) as caught:
            decode_portfolio(data[:keep])
        assert caught.value.position is not None
        assert 0 <= caught.value.position <= keep


def test_the_byte_is_that_of_the_fault_not_of_the_character() -> None:
    data = '{"name": "ÆØÅ", "id": }'.encode()
    with pytest.raises(UnparsableError) as caught:
        decode_portfolio(data)
    assert caught.value.position == data.index(b"}")


@pytest.mark.parametrize("data", [b"", b"   ", b"{", b"[1,", b"{'a': 1}", b"\xff\xfe", b'{"a": 1} x', b'"\xc3"'])
def test_what_is_no_json(data: bytes) -> None:
    with pytest.raises(UnparsableError):
        decode_portfolio(data)


@pytest.mark.parametrize("data", [b"1", b"null", b"[]", b'"text"', b"true", b"NaN"])
def test_json_that_is_no_object(data: bytes) -> None:
    for decode in (decode_portfolio, decode_job, decode_margin):
        with pytest.raises(InvalidInputError):
            decode(data)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"positions":['])
def test_deep_nesting(opening: bytes) -> None:
    with pytest.raises((UnparsableError, InvalidInputError)):
        decode_portfolio(opening * 100_000)


def test_repeated_keys_are_named() -> None:
    again = body(book(position())).replace(b'"quantity": 1000', b'"quantity": 1, "quantity": 1000')
    assert faults_of(again) == {"/positions/0": 'The key "quantity" comes more than once.'}
    head = body(book(position())).replace(b'"name"', b'"id": "other", "name"')
    assert faults_of(head) == {"": 'The key "id" comes more than once.'}
    twice = body(book(position())).replace(b'"name": "Book"', b'"positions": []')
    assert faults_of(twice) == {"": 'The key "positions" comes more than once.'}
    null = body(book(position())).replace(b'"quantity": 1000', b'"quantity": null, "quantity": 1000')
    assert "/positions/0" in faults_of(null)


def test_all_faults_are_collected_in_one_answer() -> None:
    first = position(0, quantity="1", asset_class="x", colour="red")
    second = position(1, price=-1.0, expiry="2025-02-30", symbol=None)
    found = faults_of(body(book(first, second, available_cash=True, fx={"EUR": 1})))
    assert set(found) == {
        "/available_cash",
        "/fx/EUR",
        "/positions/0/quantity",
        "/positions/0/asset_class",
        "/positions/0/colour",
        "/positions/1/price",
        "/positions/1/expiry",
        "/positions/1/symbol",
    }


def test_faults_beyond_the_hundredth_are_counted() -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode_portfolio(body(book(*(position(index, quantity=None) for index in range(250)))))
    assert len(caught.value.faults) == MAX_FAULTS
    assert caught.value.omitted == 150
    assert "150 more" in caught.value.detail


def test_words_are_looked_up_for_the_faults_that_are_listed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    lookups: list[str] = []

    def nearest(word: str, _known: object) -> str:
        lookups.append(word)
        return ""

    for module in ("careful", "judge", "head"):
        monkeypatch.setattr(f"services.intake.{module}.nearest", nearest)
    wrong = [position(index, asset_class=f"class {index}") for index in range(2000)]
    unknown = [position(index, **{f"field {index}": 1}) for index in range(2000)]
    gold = {f"gold {index}": 1.0 for index in range(2000)}
    for tree in (book(*wrong), book(*unknown), book(collateral=gold)):
        lookups.clear()
        with pytest.raises(InvalidInputError) as caught:
            decode_portfolio(body(tree))
        assert len(lookups) == MAX_FAULTS
        assert caught.value.omitted == 2000 - MAX_FAULTS


def test_a_name_of_megabytes_is_neither_compared_nor_echoed_whole() -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode_portfolio(body(book(**{"quantity" * 500_000: 1, "currency": "U" * 1_000_000})))
    assert all(len(fault.pointer + fault.detail) < 200 for fault in caught.value.faults)


@pytest.mark.parametrize("value", ["20250131", "2025-1-31", "2025-02-30", "31/01/2025", "2025-01-31T00:00:00", ""])
def test_dates_are_iso_dates(value: str) -> None:
    found = faults_of(body(book(position(expiry=value, maturity=value), as_of=value)))
    assert set(found) == {"/as_of", "/positions/0/expiry", "/positions/0/maturity"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("instrument", "stonk"), ("option_type", "cal"), ("exercise", "bermudan"), ("index_class", "wide")],
)
def test_words_outside_their_vocabulary(name: str, value: str) -> None:
    assert list(faults_of(body(book(position(**{name: value}))))) == [f"/positions/0/{name}"]


@pytest.mark.parametrize("value", ["usd", "US", "DOLLAR", "U$D", "€"])
def test_currencies_are_codes(value: str) -> None:
    assert "/positions/0/currency" in faults_of(body(book(position(currency=value))))
    assert "/currency" in faults_of(body(book(currency=value)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("multiplier", 0),
        ("multiplier", -1),
        ("duration", -0.1),
        ("implied_volatility", -0.2),
        ("average_daily_volume", -1),
        ("strike", 1e16),
    ],
)
def test_numbers_outside_their_range(name: str, value: float) -> None:
    assert list(faults_of(body(book(position(**{name: value}))))) == [f"/positions/0/{name}"]


def test_a_body_over_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_BODY", 1000)
    monkeypatch.setattr("services.intake.fast.MAX_BODY", 1000)
    with pytest.raises(TooLargeError) as caught:
        decode_portfolio(body(book(*map(position, range(50)))))
    assert caught.value.limit_bytes == 1000


@pytest.mark.parametrize("part", [b"{},", b"[],"])
def test_a_body_of_a_million_containers_is_refused_before_it_is_built(part: bytes) -> None:
    with pytest.raises(InvalidInputError, match="more values"):
        decode_portfolio(b'{"id": "x", "positions": [' + part * 1_000_000 + b"0]}")


@pytest.mark.parametrize("text", ["[CFTC,SEC]", '"[CFTC,SEC]"', "\\", '\\"[,'])
def test_what_stands_in_texts_is_no_value(text: str) -> None:
    tree = {"crif": text * 700_000, "after": [1]}
    assert parsing.parse(body(tree)) == tree


@pytest.mark.parametrize("start", [b'{"a": "\\\\", "b": [', b'{"a": "\\"", "b": [', b'{"a": "[", "b": ['])
def test_texts_hide_no_values(start: bytes) -> None:
    with pytest.raises(InvalidInputError, match="more values"):
        parsing.parse(start + b"{}," * 1_000_000 + b"0]}")


def test_the_table_of_fields_is_complete() -> None:
    assert len(set(POSITION_FIELDS)) == len(POSITION_FIELDS) == 1 + len(TEXTS) + len(NUMBERS)
    assert len(POSITION_FIELDS) < 63, "the scanner keeps a bit a field"
    assert max(map(len, POSITION_FIELDS)) < 24, "the scanner compares three words a name"
    assert "collateral" in PORTFOLIO_FIELDS


def test_zero_is_never_negative() -> None:
    data = body(book(position(quantity=-0.0), position(1, quantity=5))).replace(b" 5,", b" -0,")
    assert np.signbit(decode_portfolio(data).numbers["quantity"]).tolist() == [False, False]
