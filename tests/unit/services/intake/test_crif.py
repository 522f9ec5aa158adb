from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compute.crif import Crif
from compute.margin.requests import SIMM
from compute.margin.simm.checks import row_faults
from services.errors import InvalidInputError, UnparsableError
from services.intake.crif import decode_crif, read_crif

PARAMETERS = {"model": "simm", **{name: one.default for name, one in SIMM.items()}}
DATA = Path(__file__).parents[3] / "data" / "simm"
HEADER = "TradeID,PortfolioID,ProductClass,RiskType,Qualifier,Bucket,Label1,Label2,Amount,AmountCurrency,AmountUSD\n"
GOOD = "t1,P,RatesFX,Risk_IRCurve,USD,1,2w,OIS,100,USD,100\n"


def read(text: str | bytes, **options: Any) -> Crif:
    body = text.encode() if isinstance(text, str) else text
    return decode_crif(
        body, name="book", as_of=date(2026, 11, 23), check=lambda crif: row_faults(crif, PARAMETERS), **options
    )


def faults(text: str | bytes, **options: Any) -> set[tuple[int | None, str | None]]:
    with pytest.raises(InvalidInputError) as caught:
        read(text, **options)
    return {(fault.row, fault.column) for fault in caught.value.faults}


def test_the_published_suite_is_read_whole():
    found = read((DATA / "simm_2.5_crif.csv").read_bytes())
    assert len(found) == 1726
    assert len(found.netting_sets) == 241


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize(
    "change", [str.lower, str.upper, lambda head: head.replace("ID", "_Id").replace("USD", " usd")]
)
def test_delimiters_and_header_spellings(delimiter: str, change):
    text = (change(HEADER) + GOOD).replace(",", delimiter)
    assert read("\ufeff" + text).amount.tolist() == [100.0]


def test_words_are_read_in_any_case():
    row = "t1,P,ratesfx,risk_ircurve,USD,1,2W,OIS,100,USD,100\n"
    found = read(HEADER + row)
    assert found.labels["risk_type"].values == ("Risk_IRCurve",)
    assert found.labels["label1"].values == ("2w",)
    assert read(HEADER + row.replace("OIS", "LIBOR3M")).labels["label2"].values == ("Libor3m",)


def test_quoted_cells_may_hold_the_delimiter():
    row = 't1,P,Equity,Risk_Equity,"ACME, Inc.",5,,,10,USD,10\n'
    assert read(HEADER + row).labels["qualifier"].values == ("ACME, Inc.",)


def test_rows_said_twice_are_kept_and_counted():
    found = read(HEADER + GOOD + GOOD)
    assert found.amount.sum() == 200.0
    assert found.notes["repeated_rows"] == 1


def test_columns_that_are_not_read_are_named():
    found = read(HEADER.replace("\n", ",Desk\n") + GOOD.replace("\n", ",rates\n"))
    assert found.notes["columns_not_read"] == ["Desk"]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("t,P,RatesFX,Risk_Nothing,USD,1,2w,OIS,1,USD,1", "RiskType"),
        ("t,P,Rates,Risk_IRCurve,USD,1,2w,OIS,1,USD,1", "ProductClass"),
        ("t,P,,Risk_IRCurve,USD,1,2w,OIS,1,USD,1", "ProductClass"),
        ("t,P,RatesFX,Risk_IRCurve,usd,1,2w,OIS,1,USD,1", "Qualifier"),
        ("t,P,RatesFX,Risk_IRCurve,USD,1,4y,OIS,1,USD,1", "Label1"),
        ("t,P,RatesFX,Risk_IRCurve,USD,4,2y,OIS,1,USD,1", "Bucket"),
        ("t,P,RatesFX,Risk_IRCurve,USD,1,2w,Libor9m,1,USD,1", "Label2"),
        ("t,P,Equity,Risk_Equity,X,13,,,1,USD,1", "Bucket"),
        ("t,P,Equity,Risk_Equity,X,,,,1,USD,1", "Bucket"),
        ("t,P,Equity,Risk_Equity,,1,,,1,USD,1", "Qualifier"),
        ("t,P,Commodity,Risk_Commodity,X,Residual,,,1,USD,1", "Bucket"),
        ("t,P,RatesFX,Risk_FXVol,EUREUR,,1y,,1,USD,1", "Qualifier"),
        ("t,P,Credit,Risk_CreditNonQ,X,1,1y,,1,USD,1", "Label2"),
        ("t,P,RatesFX,Risk_FX,EUR,,,,one,USD,", "Amount"),
        ("t,P,RatesFX,Risk_FX,EUR,,,,,USD,", "Amount"),
        ("t,P,RatesFX,Risk_FX,EUR,,,,,USD,nan", "AmountUSD"),
        ("t,P,RatesFX,Risk_FX,EUR,,,,,USD,1e309", "AmountUSD"),
        ("t,P,RatesFX,Risk_FX,EUR,,,,,USD,-2e18", "AmountUSD"),
        ("t,P,RatesFX,Risk_FX,EUR,,,,inf,USD,", "Amount"),
        ("t\x00,P,RatesFX,Risk_FX,EUR,,,,,USD,1", "TradeID"),
        ("t,P,RatesFX,Risk_FX,EUR,,,,,USD,1_000", "AmountUSD"),
        ('t,P,RatesFX,Risk_FX,EUR,,,,,USD,"1,5"', "AmountUSD"),
        ("t,P,RatesFX,Risk_FX,EUR,,,,1,XXX,", "AmountCurrency"),
        ("t,,RatesFX,Risk_FX,EUR,,,,1,USD,1", "PortfolioID"),
        (",P,,Param_ProductClassMultiplier,Rates,,,,1.1,USD,", "Qualifier"),
    ],
)
def test_a_cell_that_cannot_be_used_is_named(row: str, column: str):
    assert (3, column) in faults(HEADER + GOOD + row + "\n")


def test_the_bucket_of_a_curve_may_be_left_out():
    assert len(read(HEADER + GOOD.replace("USD,1,2w", "USD,,2w"))) == 1


def test_missing_columns_are_named():
    assert faults("TradeID,Qualifier\nt,USD\n") == {
        (1, "PortfolioID"),
        (1, "ProductClass"),
        (1, "RiskType"),
        (1, "AmountUSD"),
    }


@pytest.mark.parametrize("column", ["Qualifier", "Label1", "Label2"])
def test_a_column_that_rows_need_is_named_once(column: str):
    names = HEADER.strip().split(",")
    place = names.index(column)
    cut = ["".join(",".join(cells[:place] + cells[place + 1 :])) for cells in (names, *[GOOD.strip().split(",")] * 3)]
    assert faults("\n".join(cut)) == {(1, column)}


def test_a_column_that_stands_twice_is_named_as_in_the_file():
    head, row = HEADER.strip(), GOOD.strip()
    assert faults(f"{head},Netting Set ID\n{row},Q\n") == {(1, "Netting Set ID")}
    assert faults(f"{head},label_1\n{row},Q\n") == {(1, "label_1")}


def test_titles_are_judged():
    assert faults(f"{HEADER.strip()},De\x00sk\n{GOOD.strip()},x\n") == {(1, '"De\\u0000sk"')}


def test_empty_columns_and_rows_are_nothing():
    found = read(f"{HEADER.strip()},,\n{GOOD.strip()},,\n{',' * 12}\n{GOOD.strip()},,note\n{' ,' * 12}\n")
    assert found.amount.tolist() == [100.0, 100.0]
    assert found.notes["columns_not_read"] == ["column 13"]


def test_blank_lines_before_the_header():
    assert read("\n\n" + HEADER + GOOD).amount.tolist() == [100.0]
    assert faults("\n\n" + HEADER + GOOD.replace("2w", "4y")) == {(4, "Label1")}


def test_amount_usd_counts_and_another_amount_in_usd_is_counted():
    rows = [f"t,P,RatesFX,Risk_FX,EUR,,,,{amount},{currency},5\n" for amount, currency in [(100, "USD"), (7, "EUR")]]
    found = read(HEADER + rows[0] + rows[1] + "t,P,RatesFX,Risk_FX,EUR,,,,5,USD,5\n")
    assert found.amount.tolist() == [5.0, 5.0, 5.0]
    assert found.notes["amounts_that_disagree"] == 1


def test_valuation_dates():
    head = HEADER.replace("\n", ",ValuationDate\n")
    rows = [GOOD.replace("\n", f",{day}\n") for day in ("2025-06-30", "20250701", "")]
    assert read(head + "".join(rows)).as_of == date(2025, 7, 1)
    assert faults(head + rows[0] + GOOD.replace("\n", ",30/06/2025\n")) == {(3, "ValuationDate")}


def test_the_row_of_bytes_that_are_no_text_is_named():
    with pytest.raises(UnparsableError, match="in row 3"):
        read((HEADER + GOOD).encode() + "t,Société,x".encode("latin-1"))


def test_a_ragged_row_is_named():
    assert faults(HEADER + GOOD + "t,P,RatesFX\n") == {(3, None)}


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", HEADER.encode() + b't,"P,x\n'])
def test_what_is_no_table_is_refused(body: bytes):
    with pytest.raises(UnparsableError):
        read(body)


def test_amounts_are_converted_at_the_given_rates():
    row = "t,P,RatesFX,Risk_FX,EUR,,,,100,EUR,\n"
    assert read(HEADER + row, fx={"EUR/USD": 1.1}).amount == pytest.approx(np.array([110.0]), rel=1e-15)


def test_factors_and_multipliers_are_plain_numbers():
    row = "t,P,,Param_AddOnNotionalFactor,Product,,,,12.5,EUR,\n"
    assert read(HEADER + row).amount.tolist() == [12.5]


def test_a_header_alone_is_no_book():
    assert faults(HEADER) == {(1, None)}


MIXED = "TradeID,PortfolioID,IMModel,ProductClass,RiskType,Qualifier,Label1,Label2,AmountUSD\n"
OURS = "t1,P,SIMM,RatesFX,Risk_IRCurve,USD,2w,OIS,100\n"
BLANK = "t2,P,,RatesFX,Risk_IRCurve,USD,2w,OIS,11\n"
OTHER = "t3,Q,schedule,Rates,Notional,,,,not looked at\n"


def test_rows_of_another_model_are_left_to_it_and_counted():
    found = read(MIXED + OURS + OTHER + BLANK + OTHER, model="simm")
    assert found.amount.tolist() == [100.0, 11.0]
    assert found.netting_sets == ("P",)
    assert found.notes["rows"] == 4
    assert found.notes["rows_of_other_models"] == {"Schedule": 2}


def test_faults_keep_their_rows_when_others_are_left_out():
    assert faults(MIXED + OTHER + OURS.replace("2w", "4y"), model="simm") == {(3, "Label1")}


def test_an_unknown_model_in_a_row_is_named():
    assert faults(MIXED + OURS + OTHER.replace("schedule", "house"), model="simm") == {(3, "IMModel")}


def test_a_file_of_another_model_alone_is_refused():
    assert faults(MIXED + OTHER, model="simm") == {(1, "IMModel")}


def test_blank_lines_do_not_shift_the_rows_of_faults():
    assert faults(HEADER + GOOD + "\n\n" + GOOD.replace("2w", "4y")) == {(5, "Label1")}
    assert faults(HEADER + GOOD + "\n" + GOOD.replace("USD,1", '"USD",1').replace("2w", "4y") + "\n\n") == {
        (4, "Label1")
    }


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "ending", "ending twice"])
def test_line_endings(ending: str, last: str):
    text = (HEADER + GOOD + GOOD).rstrip("\n") + {"": "", "ending": "\n", "ending twice": "\n\n"}[last]
    assert read(text.replace("\n", ending)).amount.tolist() == [100.0, 100.0]


def test_the_quoted_and_the_plain_way_read_the_same():
    text = (DATA / "simm_2.5_crif.csv").read_text(encoding="utf-8")
    header, _, rows = text.partition("\n")
    plain, quoted = read(text), read('"' + header.replace(",", '","').rstrip("\r") + '"\n' + rows)
    assert quoted.amount.tolist() == plain.amount.tolist()
    for name, column in plain.labels.items():
        assert quoted.labels[name].texts() == column.texts()


def test_a_currency_in_small_letters_has_no_rate():
    assert (2, "AmountCurrency") in faults(HEADER + "t,P,RatesFX,Risk_FX,EUR,,,,100,usd,\n")


def test_too_many_names_for_one_key_are_still_compared():
    rows = [f"t{n},P{n},Equity,Risk_Equity,N{n},1,,L{n},1,USD,1\n" for n in range(3_000)]
    found = read(HEADER + "".join(rows) + rows[7])
    assert found.notes["repeated_rows"] == 1


def read_as(parameters: dict[str, object], pointer: str = "/crif"):
    full = {**PARAMETERS, **parameters}
    return read_crif((HEADER + GOOD).encode(), "margin", full, name="book", pointer=pointer)


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [({"mpor_days": 5}, "/parameters/mpor_days"), ({"calculation_currency": "EUR"}, "/parameters/fx")],
)
def test_parameters_that_no_file_can_be_computed_with(parameters: dict[str, object], pointer: str):
    with pytest.raises(InvalidInputError) as caught:
        read_as(parameters)
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


def test_a_model_that_takes_no_crif_says_so():
    with pytest.raises(InvalidInputError) as caught:
        read_as({"model": "house"})
    assert caught.value.faults[0].pointer == "/crif"


@pytest.mark.parametrize("body", [b"", b"\xff", b"one,two\n1,2\n"])
def test_within_a_body_what_is_no_table_is_an_invalid_value(body: bytes):
    with pytest.raises(InvalidInputError) as caught:
        read_crif(body, "margin", PARAMETERS, name="book", pointer="/crif")
    assert [fault.pointer for fault in caught.value.faults] == ["/crif"]
