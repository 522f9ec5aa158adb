"""The fast and the careful reader agree on every body, good or bad, and nothing but a ServiceError ever comes out."""

import json
import math
import random
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from compute.portfolio import Portfolio
from services.errors import InvalidInputError, ServiceError
from services.intake import fast, scanner
from services.intake.decode import decode_job, decode_margin, decode_portfolio
from services.intake.draft import Draft
from services.intake.faults import Faults
from services.intake.fields import NUMBERS, POSITION_FIELDS, TEXTS
from services.intake.parse import parse
from services.intake.portfolio import read_portfolio
from tests.unit.services.intake.books import body, book, position

_ANY_TEXT = st.text(max_size=12) | st.sampled_from(["équité", "EUR", "USD", "2025-01-31", 'a"b', "a\\b", "a/b", "\t"])
_GOOD = {
    "asset_class": st.sampled_from(["equity", "Bond", "FX", "commodity", "derivative", "crypto"]),
    "currency": st.sampled_from(["USD", "EUR"]),
    "instrument": st.sampled_from(["stock", "OPTION", "future"]),
    "option_type": st.sampled_from(["call", "Put"]),
    "exercise": st.sampled_from(["european", "american"]),
    "index_class": st.sampled_from(["broad", "narrow"]),
    "expiry": st.dates().map(lambda day: day.isoformat()),
    "maturity": st.dates().map(lambda day: day.isoformat()),
}
_NUMBER = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(min_value=0, max_value=1000)
    | st.integers(-(10**20), 10**20)
    | st.decimals(-1000, 1000, places=4).map(float)
)
_ANYTHING: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | _NUMBER | _ANY_TEXT | st.just(math.nan) | st.just([]) | st.just({"a": 1})
)


def _fields(name: str) -> st.SearchStrategy[Any]:
    return _NUMBER if name in NUMBERS else _GOOD.get(name, _ANY_TEXT)


@st.composite
def _positions(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw positions that share most of their fields, some of them wrong."""
    optional = [name for name in POSITION_FIELDS if name not in {"id", "symbol", "quantity", "asset_class"}]
    shared = draw(st.lists(st.sampled_from(optional), max_size=6, unique=True))
    names = draw(st.permutations(["id", "symbol", "quantity", "asset_class", *shared]))
    wrong = draw(st.sampled_from([0, 0, 0, 3]))
    found = []
    for _ in range(draw(st.integers(0, 6))):
        item = {name: draw(_fields(name)) for name in names}
        for name in draw(st.lists(st.sampled_from([*names, "colour"]), max_size=wrong)):
            item[name] = draw(_ANYTHING)
        found.append(item)
    return found


@st.composite
def _bodies(draw: st.DrawFn) -> bytes:
    tree = book(*draw(_positions()), as_of="2025-01-31", fx={"EUR/USD": 1.08})
    return json.dumps(
        tree,
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 1, "\t"])),
        separators=draw(st.sampled_from([None, (",", ":"), (" , ", " :\r\n")])),
    ).encode("utf-8", "surrogatepass")


def _outcome(tree: Any) -> tuple[Any, ...]:
    faults = Faults()
    try:
        portfolio, assumed = read_portfolio(tree, "", faults)
    except InvalidInputError as error:
        return ("refused", error.faults)
    return (sorted(map(repr, faults.items)), faults.omitted, assumed, _parts(portfolio))


def _parts(portfolio: Portfolio) -> tuple[Any, ...]:
    tables = portfolio.tables()
    numbers = {name: [repr(value) for value in column.tolist()] for name, column in tables["numbers"].items()}
    codes = {name: column.tolist() for name, column in tables["codes"].items()}
    return (portfolio.document(), portfolio.ids, list(numbers.items()), list(codes.items()))


def _read(read: Any, data: bytes) -> tuple[Any, ...]:
    try:
        tree = read(data)
    except ServiceError as error:
        return (type(error), error.detail)
    return _outcome(tree)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_bodies())
@example(body(book(position(sector="a/b"), position(1, sector="a\\b"), as_of="2025-01-31")))
def test_both_readers_agree(data: bytes) -> None:
    assert _read(fast.read_tree, data) == _read(parse, data)


@settings(max_examples=100, deadline=None)
@given(st.lists(_NUMBER, min_size=1, max_size=40))
def test_numbers_are_read_to_the_last_bit(values: list[float]) -> None:
    data = json.dumps({"positions": [position(index, strike=value) for index, value in enumerate(values)]}).encode()
    scanned = fast.scan_positions(data, data.index(b"[") + 1)
    assert scanned is not None
    assert scanned[0].numbers["strike"].tolist() == [float(value) for value in values]


@pytest.mark.parametrize(
    "token",
    [
        b"01",
        b"1.",
        b".5",
        b"-",
        b"+1",
        b"1e",
        b"1e+",
        b"--1",
        b"1.2.3",
        b"0x10",
        b"1_0",
        b"1,",
        b"1 2",
        b"0.e1",
        b"- 1",
    ],
)
def test_what_json_calls_no_number_is_none_here(token: bytes) -> None:
    data = body(book(position(strike=777))).replace(b"777", token)
    with pytest.raises(ServiceError):
        decode_portfolio(data)
    assert _read(fast.read_tree, data) == _read(parse, data)


def _taken(data: bytes) -> bool:
    """Return whether the fast reader took the positions of a body."""
    tree = fast.read_tree(data)
    return isinstance(tree.get("portfolio", tree)["positions"], Draft)


def test_the_fast_reader_takes_what_clients_usually_send() -> None:
    tree = book(*(position(index, sector="tech", currency="USD", delta=0.1 + 0.2) for index in range(50)))
    assert _taken(body(tree))
    assert _taken(body({"portfolio": tree, "optimize": True}))
    assert _taken(body({"measure": "margin", "portfolio": tree, "parameters": {"model": "house"}}))
    assert _taken(json.dumps(book(position(sector="Ærø")), indent=2, ensure_ascii=False).encode())
    assert _taken(body(book(position(sector="Ærø", issuer='a "b" \\ c'))))
    assert _taken(body(book(position(duration=None) | {"duration": None})))
    assert _taken(body(book()))


def test_the_fast_reader_leaves_doubts_to_the_careful_one() -> None:
    assert not _taken(body(book(position(colour="red"))))
    assert not _taken(body(book(position(quantity="1"))))
    assert not _taken(body(book(position(symbol=None))))
    assert not _taken(body(book(position(), parameters={"positions": [1]})))
    assert not _taken(body(book(position() | {"quantity": None})))


def test_positions_elsewhere_are_not_mistaken_for_the_portfolios() -> None:
    good = body(book(position()))
    for data in (
        b'{"other": ' + good + b"}",
        b'{"parameters": ' + good + b', "portfolio": ' + good + b"}",
        b'{"portfolio": {"fx": {"positions": [' + body(position()) + b"]}}}",
        b'{"name": "\\"positions\\": [", "id": "x", "positions": []}',
        b'"positions": [',
        b'"positions": []',
        b'{"positions": [}',
        b'{"positions": [{}]}',
        b'{"positions": [[]]}',
    ):
        assert _read(fast.read_tree, data) == _read(parse, data)


def test_texts_whose_hashes_collide_are_left_to_the_careful_reader() -> None:
    data = np.frombuffer(b'"a""b"' + bytes(scanner.PADDING), dtype=np.uint8)
    starts, ends = np.array([1, 4], dtype=np.int32), np.array([2, 5], dtype=np.int32)
    free = np.full(4, -1, dtype=np.int32)
    assert scanner.codes(data, starts, ends, free)[2] == 2
    # After "a" took the one free slot every probe of "b" finds "a".
    full = np.zeros(1, dtype=np.int32)
    full[0] = -1
    assert scanner.codes(data, starts, ends, full)[2] == scanner.DOUBT
    with mock.patch.object(scanner, "codes", return_value=(None, None, scanner.DOUBT)):
        tree = fast.read_tree(body(book(position())))
    assert isinstance(tree["positions"], list)


def test_one_text_escaped_in_two_ways_is_one_text() -> None:
    data = body(book(position(0, sector="x#"), position(1, sector="xb"), position(2))).replace(b"x#", b"x\\u0062")
    assert _taken(data)
    sector = decode_portfolio(data).labels["sector"]
    assert (sector.values, sector.codes.tolist()) == (("xb",), [0, 0, -1])


def test_many_distinct_texts_keep_their_order() -> None:
    symbols = [f"S{index * 7919 % 5000}" for index in range(6000)]
    data = body(book(*(position(index, symbol=symbol) for index, symbol in enumerate(symbols))))
    assert _taken(data)
    portfolio = decode_portfolio(data)
    assert portfolio.labels["symbol"].texts() == symbols
    assert portfolio.labels["symbol"].values == tuple(dict.fromkeys(symbols))


_SEEDS = [
    body(book(position(sector="tech"), position(1, currency="EUR", expiry="2025-06-20"), fx={"EUR/USD": 1.08})),
    body({"portfolio": book(position(), collateral={"equity": 5.0}, rates={"USD": 0.04}), "optimize": True}),
    body({"measure": "var", "portfolio": book(position()), "parameters": {"confidence": [0.95, 0.99], "seed": 7}}),
    body({"measure": "margin", "portfolio_id": "x", "device": "cpu", "lane": "bulk", "max_attempts": 1}),
]
_PIECES = [
    b"null", b"true", b"NaN", b"1e999", b"-", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\x00", b"\xff",
    b"\\ud800", b'"positions":[', b'"portfolio":{', b"9" * 400, b"\xc3\x28", b'{"positions":[]}', b" ", b"/*",
]  # fmt: skip


def _mutated(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice([0, 0, 1, 1, 3, 20]))
        piece = chance.choice([b"", bytes([chance.randrange(256)]), chance.choice(_PIECES), data[start : start + 30]])
        data = data[:start] + piece + data[end:]
    return data


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(_SEEDS), st.randoms(use_true_random=False))
def test_damaged_bodies_raise_service_errors_and_nothing_else(seed: bytes, chance: random.Random) -> None:
    data = _mutated(seed, chance)
    for decode in (decode_portfolio, decode_job, decode_margin):
        try:
            decode(data)
        except ServiceError as error:
            json.dumps(error.detail, allow_nan=False).encode()
            for fault in getattr(error, "faults", ()):
                json.dumps([fault.pointer, fault.detail, fault.remedy]).encode()
    assert _read(fast.read_tree, data) == _read(parse, data)


@given(st.binary(max_size=200))
def test_noise_raises_service_errors_and_nothing_else(data: bytes) -> None:
    with pytest.raises(ServiceError):
        decode_portfolio(data)


@st.composite
def _good_books(draw: st.DrawFn) -> dict[str, Any]:
    """Draw portfolios that are accepted."""
    text = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9)
    money = st.floats(0.01, 1e6)
    fields: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys(("symbol", "sector", "country", "underlying", "issuer", "rating"), text),
        **dict.fromkeys(("quantity", "delta", "gamma", "theta", "vega"), st.floats(-1e6, 1e6)),
        **dict.fromkeys(("price", "settlement_price", "strike", "underlying_price", "average_daily_volume"), money),
        **dict.fromkeys(("multiplier", "duration", "implied_volatility", "convexity"), st.floats(0.01, 50)),
        **dict.fromkeys(("beta", "leverage", "bid_ask_bp"), st.floats(0, 50)),
        **dict.fromkeys(("coupon", "dividend_yield"), st.floats(-0.5, 0.5)),
        **_GOOD,
    }
    always = ("symbol", "quantity", "price", "asset_class")
    names = [*always, *draw(st.lists(st.sampled_from([name for name in fields if name not in always]), unique=True))]
    count = draw(st.integers(0, 8))
    positions = [{"id": f"p{index}", **{name: draw(fields[name]) for name in names}} for index in range(count)]
    return book(*positions, as_of="2025-01-31", fx={"EUR/USD": 1.25})


@settings(max_examples=80, deadline=None)
@given(_good_books())
def test_a_portfolio_comes_back_as_it_was_sent(tree: dict[str, Any]) -> None:
    portfolio = decode_portfolio(body(tree))
    positions = tree["positions"]
    assert portfolio.ids == tuple(item["id"] for item in positions)
    names = set(positions[0]) if positions else set()
    for name in names.intersection(NUMBERS):
        assert portfolio.numbers[name].tolist() == [item[name] for item in positions]
    for name in names.intersection(TEXTS):
        sent = [item[name].lower() if TEXTS[name].words else item[name] for item in positions]
        assert portfolio.labels[name].texts() == sent
    again = Portfolio.from_parts(portfolio.document(), portfolio.tables())
    assert _parts(again) == _parts(portfolio)


@settings(max_examples=50, deadline=None)
@given(_good_books(), st.randoms(use_true_random=False))
def test_the_order_of_fields_makes_no_difference(tree: dict[str, Any], chance: random.Random) -> None:
    shuffled = [dict(chance.sample(list(item.items()), len(item))) for item in tree["positions"]]
    assert _parts(decode_portfolio(body({**tree, "positions": shuffled}))) == _parts(decode_portfolio(body(tree)))
