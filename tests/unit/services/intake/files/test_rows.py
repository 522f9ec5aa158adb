"""Rows are judged as JSON's positions are; a file is refused whole, or says which rows it does without."""

import json
from typing import Any

import numpy as np
import pytest

from compute.portfolio import Portfolio
from services.errors import InvalidInputError
from services.intake.decode import decode_job, decode_portfolio
from services.intake.fields import NUMBERS, TEXTS, TextKind
from services.intake.files import FileOptions, Format, Rows, check_document, check_file, only_book
from services.portfolios import book_document
from tests.unit.services.intake.files.files import GOOD, HEAD, HEADER, csv, faults_of, places

_SAMPLES = {TextKind.DATE: "2026-06-19", TextKind.CURRENCY: "EUR", TextKind.FREE: "abc"}


def _same(one: Portfolio, other: Portfolio) -> None:
    assert one.ids == other.ids
    assert {name: labels.texts() for name, labels in one.labels.items()} == {
        name: labels.texts() for name, labels in other.labels.items()
    }
    assert list(one.numbers) == list(other.numbers)
    for name, column in one.numbers.items():
        np.testing.assert_array_equal(column, other.numbers[name])


def test_a_file_of_every_field_reads_as_the_same_json() -> None:
    position: dict[str, Any] = {"id": "p1"}
    for name, text in TEXTS.items():
        position[name] = text.words[0] if text.words else _SAMPLES[text.kind]
    for index, name in enumerate(each for each in NUMBERS if each != "market_value"):
        position[name] = 1.5 + index / 4
    empty = {"id": "p2", "symbol": "B", "asset_class": "Bond", "quantity": -3, "price": 7.25}
    head = {"id": "book", "as_of": "2026-01-30", "currency": "EUR", "available_cash": 5.0, "fx": {"EUR/USD": 1.1}}
    tree = {**head, "positions": [position, empty]}
    lines = [",".join(position), *(",".join(str(one.get(name, "")) for name in position) for one in (position, empty))]
    found = csv("\n".join(lines), head=head).books[0].portfolio
    _same(found, decode_portfolio(json.dumps(tree).encode()))
    assert found.available_cash == 5.0
    assert found.fx == {"EUR/USD": 1.1}


def test_what_a_file_says_goes_out_and_in_again_as_json() -> None:
    found = csv(HEADER + GOOD + "p2,B,x,1,equity\n", accept_partial=True).books[0].portfolio
    again = decode_portfolio(json.dumps(book_document(found)).encode())
    _same(found, again)
    assert again.document() == found.document()
    assert again.notes["rejected_count"] == 1


def test_every_bad_row_is_reported_with_its_column_value_and_remedy() -> None:
    text = (
        HEADER
        + GOOD
        + "p2,A,1,1,equties\np1,A,1,1,equity\n,A,1,1,equity\np5,,1,1,equity\np6,A,,1,equity\np7,A,1,-1,equity\n"
    )
    faults = faults_of(csv, text)
    assert places(faults) == [
        (3, "asset_class", "equties"),
        (4, "id", "p1"),
        (5, "id", ""),
        (6, "symbol", ""),
        (7, "quantity", ""),
        (8, "price", "-1"),
    ]
    assert faults[0].remedy == "Did you mean equity?"
    assert faults[1].detail == 'The id "p1" is that of row 2 too.'


def test_faults_are_listed_up_to_a_bound_and_the_rest_counted() -> None:
    text = HEADER + "".join(f"p{index},A,x,1,equity\n" for index in range(250))
    with pytest.raises(InvalidInputError) as refused:
        csv(text + GOOD.replace("p1", "good"))
    assert (len(refused.value.faults), refused.value.omitted) == (100, 150)
    found = csv(text + GOOD.replace("p1", "good"), accept_partial=True)
    said = found.books[0].portfolio.notes
    assert (said["rows"], said["taken"], said["rejected_count"], said["rejected_rows_not_listed"]) == (251, 1, 250, 150)
    assert found.books[0].portfolio.ids == ("good",)


def test_partly_taken_rows_are_judged_as_if_the_others_had_never_been_there() -> None:
    header = "id,symbol,quantity,price,asset_class,currency\n"
    text = header + "p1,A,1,1,equity,USD\np2,B,1,1,equity,Euro\np3,C,x,1,equity,EUR\n"
    found = csv(text, accept_partial=True).books[0].portfolio
    assert found.ids == ("p1",)
    assert found.labels["currency"].values == ("USD",)
    assert [one["row"] for one in found.notes["rejected_rows"]] == [3, 4]


def test_a_file_of_which_nothing_can_be_taken_is_refused_all_the_same() -> None:
    faults = faults_of(csv, HEADER + "p1,A,x,1,equity\n", accept_partial=True)
    assert faults[0].detail == "No row of the file can be taken."
    assert len(csv(HEADER).books[0].portfolio) == 0


def test_a_rate_that_is_missing_is_no_fault_of_a_row() -> None:
    text = "id,symbol,quantity,price,asset_class,currency\np1,A,1,1,equity,EUR\np2,A,x,1,equity,USD\n"
    faults = faults_of(csv, text, accept_partial=True)
    assert [fault.pointer for fault in faults if fault.row is None] == ["/fx"]


SEVERAL = "Book,Ticker,Qty,Price,Asset Class\nb,A,1,1,equity\na,B,2,1,equity\nb,C,3,x,equity\nb,D,4,1,equity\n"


def test_several_portfolios_come_in_their_order_each_with_its_own_report() -> None:
    found = csv(SEVERAL, head={"as_of": "2026-01-30"}, accept_partial=True)
    books = [ready.portfolio for ready in found.books]
    assert [(book.id, book.numbers["quantity"].tolist()) for book in books] == [("b", [1.0, 4.0]), ("a", [2.0])]
    assert [(book.notes["rows"], book.notes["rejected_count"]) for book in books] == [(3, 1), (1, 0)]
    assert books[1].labels["symbol"].values == ("B",)
    assert found.report.document()["rows"] == 4
    with pytest.raises(InvalidInputError, match="holds 2 portfolios"):
        only_book(found)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"head": {"id": "x"}}, "one id is given"),
        ({"head": {}, "address": "x"}, "one id is given"),
        ({"head": {}, "only": "c"}, 'no portfolio "c"'),
        ({"head": {"id": "b"}, "only": "a"}, "the id given is another"),
    ],
)
def test_the_portfolio_that_is_named_must_be_that_of_the_file(options: dict[str, Any], words: str) -> None:
    text = SEVERAL.replace(",x,", ",1,")
    assert any(words in fault.detail for fault in faults_of(csv, text, **options))


def test_one_of_several_is_chosen_or_all_are_made_one() -> None:
    text = SEVERAL.replace(",x,", ",1,")
    assert csv(text, head={}, only="a").books[0].portfolio.ids == ("row-3",)
    whole = csv(text, head={"id": "all"}, columns={"portfolio": "-"}).books[0].portfolio
    assert (whole.id, len(whole)) == ("all", 4)
    blank = faults_of(csv, text.replace("\na,", "\n,"), head={})
    assert (blank[0].row, blank[0].column) == (3, "Book")


def test_the_date_of_the_rows_is_that_of_the_portfolio() -> None:
    text = "symbol,quantity,price,asset_class,As Of Date\nA,1,1,equity,2026-01-30\nB,1,1,equity,2026-01-30 00:00:00\n"
    found = csv(text, head={"id": "x"})
    assert found.books[0].portfolio.as_of.isoformat() == "2026-01-30"
    assert found.books[0].assumed == ()
    assert "several" in faults_of(csv, text.replace("B,1,1,equity,2026-01-30", "B,1,1,equity,2026-01-29"))[0].detail
    assert faults_of(csv, text, head={"id": "x", "as_of": "2026-01-29"})[0].pointer == "/as_of"
    assert csv("symbol,quantity,asset_class\nA,1,equity\n", head={"id": "x"}).books[0].assumed == ("as_of",)


def test_a_side_gives_its_sign_to_an_unsigned_quantity() -> None:
    text = "symbol,side,quantity,asset_class\nA,Long,5,equity\nB,SHORT,7,equity\nC,sell,2,equity\n"
    assert csv(text).books[0].portfolio.numbers["quantity"].tolist() == [5.0, -7.0, -2.0]
    signed = text.replace(",7,", ",-7,").replace(",2,", ",-2,")
    assert csv(signed).books[0].portfolio.numbers["quantity"].tolist() == [5.0, -7.0, -2.0]
    mixed = faults_of(csv, text.replace(",7,", ",-7,"), accept_partial=True)
    assert "negative in row 3 and positive in row 4" in mixed[0].detail
    wrong = faults_of(csv, text.replace("Long,5", "Long,-5").replace("sell", "sold"))
    assert sorted(places(wrong)) == [(2, "quantity", "-5"), (4, "side", "sold")]


def test_blank_cells_are_filled_with_what_is_given_for_them() -> None:
    text = "symbol,quantity,price,currency\nA,1,,\nB,2,5,USD\n"
    found = csv(text, fill={"asset_class": "equity", "price": "3.5", "currency": "USD", "multiplier": "10"}).books[0]
    assert found.portfolio.labels["asset_class"].texts() == ["equity", "equity"]
    assert found.portfolio.numbers["price"].tolist() == [3.5, 5.0]
    assert found.portfolio.numbers["multiplier"].tolist() == [10.0, 10.0]
    assert found.portfolio.notes["fill"]["price"] == "3.5"
    assert faults_of(csv, text, fill={"asset_clas": "equity"})[0].remedy == "Did you mean asset_class?"
    assert faults_of(csv, text, fill={"asset_class": "equity", "price": "x"})[0].pointer == "/fill/price"
    assert faults_of(csv, text, fill={"asset_class": "equitie"})[0].column == "asset_class"


def test_words_of_files_are_taken_for_those_of_the_wire() -> None:
    text = "symbol,quantity,asset_class,instrument,C/P,strike,expiry\nA,1,DERIVATIVE,Option,P,5,2026-06-19T00:00:00\n"
    labels = csv(text, columns={"option_type": "C/P"}).books[0].portfolio.labels
    assert [labels[name].texts()[0] for name in ("option_type", "expiry", "instrument")] == [
        "put",
        "2026-06-19",
        "option",
    ]
    assert places(faults_of(csv, text.replace("2026-06-19T00:00:00", "19.06.2026"))) == [(2, "expiry", "19.06.2026")]


def test_without_a_column_of_ids_each_rows_number_is_one() -> None:
    found = csv("symbol,quantity,asset_class\nA,1,equity\nA,2,equity\n")
    assert found.books[0].portfolio.ids == ("row-2", "row-3")
    assert found.report.document()["ids_from"] == "row numbers"


def test_a_portfolio_has_at_most_so_many_positions() -> None:
    text = "symbol,quantity,asset_class\n" + "A,1,equity\n" * 250_001
    assert "more than 250,000" in faults_of(csv, text)[0].detail


@pytest.mark.parametrize(
    "head", [{"positions": []}, {"currncy": "USD"}, {"fx": {"EURUSD": 1.0}}, {"available_cash": "x"}]
)
def test_what_is_said_of_the_portfolio_is_judged_as_in_json(head: dict[str, Any]) -> None:
    assert faults_of(csv, HEADER + GOOD, head={**HEAD, **head})[0].pointer.startswith("/")


def test_a_check_reports_what_would_be_left_out() -> None:
    options = FileOptions(format=Format.CSV, head=HEAD)
    found = check_document(check_file((HEADER + GOOD + "p2,A,x,,equity\np3,A,2,,equity\n").encode(), options))
    assert found["acceptable"] is False
    assert found["rejected_rows"][0]["value"] == "x"
    assert found["portfolios"] == [
        {"id": "book", "positions": 2, "currency": "USD", "as_of": "2026-01-30", "assumed": [], "without_price": 1}
    ]


def test_a_request_of_a_file_reads_like_one_of_json() -> None:
    options = FileOptions(format=Format.CSV, head=HEAD)
    fields = {"measure": "margin", "parameters": {"model": "house"}, "max_attempts": 5}
    job = decode_job(Rows(body=(HEADER + "p1,A,1,,equity\n").encode(), options=options, fields=fields))
    assert (job.max_attempts, job.needs_prices, job.parameters["model"]) == (5, ("A",), "house")
    assert isinstance(job.portfolio, Portfolio)
    assert job.portfolio.id == "book"


@pytest.mark.parametrize("notes", [[], "x", {"a": float("nan")}, {"a": "\ud800"}, {"a": "x" * 300_000}])
def test_notes_are_plain_json_within_a_bound(notes: Any) -> None:
    with pytest.raises(InvalidInputError) as refused:
        decode_portfolio(json.dumps({**HEAD, "positions": [], "notes": notes}).encode())
    assert refused.value.faults[0].pointer == "/notes"
