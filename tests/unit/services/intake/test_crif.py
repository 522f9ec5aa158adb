from datetime import date
from pathlib import Path

import numpy as np
import pytest

from compute.crif import Crif
from compute.margin.simm.checks import row_faults
from services.errors import InvalidInputError, UnparsableError
from services.intake.crif import decode_crif

DATA = Path(__file__).parents[3] / "data" / "simm"
HEADER = "TradeID,PortfolioID,ProductClass,RiskType,Qualifier,Bucket,Label1,Label2,Amount,AmountCurrency,AmountUSD\n"
GOOD = "t1,P,RatesFX,Risk_IRCurve,USD,1,2w,OIS,100,USD,100\n"


def read(text: str | bytes, **options: object) -> Crif:
    body = text.encode() if isinstance(text, str) else text
    return decode_crif(body, name="book", as_of=date(2026, 11, 23), check=lambda crif: row_faults(crif, {}), **options)  # type: ignore[arg-type]


def faults(text: str | bytes, **options: object) -> set[tuple[int | None, str | None]]:
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
        ("t,P,RatesFX,Risk_FX,EUR,,,,,USD,1_000", "AmountUSD"),
        ('t,P,RatesFX,Risk_FX,EUR,,,,,USD,"1,5"', "AmountUSD"),
        ("t,P,RatesFX,Risk_FX,EUR,,,,1,XXX,", "AmountCurrency"),
        ("t,,RatesFX,Risk_FX,EUR,,,,1,USD,1", "PortfolioID"),
        (",P,,Param_ProductClassMultiplier,Rates,,,,1.1,USD,", "Qualifier"),
    ],
)
def test_a_cell_that_cannot_be_used_is_named(row: str, column: str):
    assert (3, column) in faults(HEADER + GOOD + row + "\n")


def test_missing_columns_are_named():
    assert faults("TradeID,Qualifier\nt,USD\n") == {
        (1, "PortfolioID"),
        (1, "ProductClass"),
        (1, "RiskType"),
        (1, "AmountUSD"),
    }


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


def test_a_header_alone_is_an_empty_book():
    assert len(read(HEADER)) == 0
