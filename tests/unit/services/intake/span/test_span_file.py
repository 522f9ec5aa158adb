"""SPAN files of exchanges: what is read from them margins as the same figures sent as JSON, and bad ones are named."""

import gzip
import io
import tracemalloc
import zipfile
from typing import Any

import pytest

from services.errors import InvalidInputError, TooLargeError, UnparsableError
from services.intake.parameters import read_parameters
from services.intake.span.file import read_span_file
from services.intake.span.records import unpacked
from tests.unit.compute.margin.span.accounts import calculate
from tests.unit.services.intake.span import files
from tests.unit.services.intake.span.files import commodity, document, future, futures, leg, spread


def held(symbol: str, quantity: float, **more: Any) -> dict[str, Any]:
    return {
        "symbol": symbol, "asset_class": "commodity", "instrument": "future",
        "quantity": quantity, "price": 450.0, **more,
    }  # fmt: skip


CALLS = held("OZC-202504-C-450", -10, instrument="option", option_type="call", underlying="ZC-202505", price=10.0)
ACCOUNT = (held("ZC-202503", 10), held("ZC-202505", -6), held("ZC-202512", -1), held("ZS-202503", -2))


def test_the_worked_example_comes_out_of_the_file() -> None:
    given = read_parameters("margin", {"model": "span", "span_parameters": read_span_file(files.grains())})
    breakdown = calculate(given["span_parameters"], *ACCOUNT).document["breakdown"]
    corn, beans = (breakdown["combined_commodities"][name] for name in ("CORN", "SOY"))
    figures = ("scan_risk", "active_scenario", "calendar_charge", "delivery_charge", "inter_commodity_credit", "risk")
    assert [corn[name] for name in figures] == pytest.approx([3000, 13, 1150, 145, 1950, 2345])
    assert [beans[name] for name in ("scan_risk", "inter_commodity_credit", "risk")] == [5000, 2437.5, 2562.5]


def test_options_carry_their_future_s_month_their_delta_and_the_minimum() -> None:
    corn = calculate(read_span_file(files.grains()), CALLS).document["breakdown"]["combined_commodities"]["CORN"]
    assert corn["deltas_by_month"] == {"202505": -5.0}
    assert (corn["scan_risk"], corn["short_option_minimum"], corn["net_option_value"]) == (40.0, 150.0, -100.0)


def test_only_what_the_book_holds_is_kept() -> None:
    found = read_span_file(files.grains(), wanted={"ZS-202503", "ELSEWHERE"})
    assert list(found["combined_commodities"]) == ["SOY"]
    assert list(found["risk_arrays"]) == ["ZS-202503"]
    assert found["inter_commodity_spreads"] == []
    corn = read_span_file(files.grains(), wanted={"ZC-202505", "ZC-202512"})["combined_commodities"]["CORN"]
    assert corn["tiers"] == {"tier 1": ["202505"], "tier 2": ["202512"]}
    assert corn["spot_month"] == []


def test_legs_may_name_days_of_expiry() -> None:
    pair = spread(1, 7.0, leg("pLeg", "N", "20260630", "A"), leg("pLeg", "N", "20260728", "B"))
    gone = spread(2, 9.0, leg("pLeg", "N", "20260630", "A"), leg("pLeg", "N", "20261229", "B"))
    days = ("20260630", "20260728")
    portfolios = futures(1, "N", *(future(number, day, 10.0) for number, day in enumerate(days)))
    found = read_span_file(document(portfolios, commodity("N", pair, gone, links=(1,))))
    result = calculate(found, held("N-20260630", 4), held("N-20260728", -3))
    assert result.document["breakdown"]["calendar_charge"] == 21.0


def test_what_is_not_built_is_noted_and_said_in_the_result() -> None:
    weighted = spread(1, 7.0, leg("tLeg", "N", "1", "A"), leg("tLeg", "N", "1", "B"), method="W")
    found = read_span_file(document(futures(1, "N", future(1, "202503", 10.0)), commodity("N", weighted, links=(1,))))
    assert found["combined_commodities"]["N"]["calendar_spreads"] == []
    (note,) = found["notes"]
    assert "method W" in note
    assert note in calculate(found, held("N-202503", 1)).document["assumptions"]


def test_archives_of_one_file_are_unpacked() -> None:
    data, archive = files.grains(), io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("cme.spn", data)
    assert read_span_file(archive.getvalue()) == read_span_file(gzip.compress(data)) == read_span_file(data)
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("other.spn", data)
    with pytest.raises(UnparsableError, match="2 files"):
        read_span_file(archive.getvalue())
    with pytest.raises(UnparsableError, match="archive"):
        read_span_file(archive.getvalue()[:200])


@pytest.mark.parametrize("packed", ["zip", "gzip"])
def test_a_bomb_stops_at_the_limit(packed: str) -> None:
    bomb = bytes(64 << 20)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("cme.spn", bomb)
    data = archive.getvalue() if packed == "zip" else gzip.compress(bomb)
    del bomb
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            unpacked(data, limit=1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


LAUGHS = '<!DOCTYPE spanFile [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
OUTSIDE = '<!DOCTYPE spanFile [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
ELSEWHERE = '<!DOCTYPE spanFile SYSTEM "http://127.0.0.1:1/span.dtd">'


@pytest.mark.parametrize("head", [LAUGHS, OUTSIDE, ELSEWHERE, "<!DOCTYPE spanFile>"])
def test_document_types_and_entities_are_refused(head: str) -> None:
    with pytest.raises(UnparsableError, match="no document type"):
        read_span_file(document("", "", head=head))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (files.grains()[:2000], "no whole XML document"),
        (b"<spanFile>" + b"<a>" * 100, "nested too deep"),
        (b"<spanFile>&laughs;</spanFile>", "undefined entity"),
        (b'<?xml version="1.0" encoding="no-such"?><spanFile/>', "encoding"),
        (b"", "no element found"),
        (b"<html></html>", "clearingOrg"),
    ],
)
def test_what_is_no_span_file_is_named(data: bytes, what: str) -> None:
    with pytest.raises((UnparsableError, InvalidInputError)) as caught:
        read_span_file(data)
    details = [caught.value.detail, *(fault.detail for fault in getattr(caught.value, "faults", ()))]
    assert any(what in detail for detail in details)


GOOD = future(1, "202503", 10.0)


@pytest.mark.parametrize(
    ("contract", "more", "what"),
    [
        (GOOD.replace("<d>1.0</d>", ""), "", "a ra has no d"),
        (GOOD.replace("<a>", "<a>x", 1), "", "a is no number"),
        (GOOD.replace("<d>1.0</d>", "<d>1e999</d>"), "", "d is no number"),
        (GOOD.replace("<a>0.0</a>", "", 1), "", "has 15 values, not 16"),
        (GOOD + GOOD, "", "N-202503 comes more than once"),
        (GOOD, spread(1, 1.0, leg("tLeg", "M", "1", "A"), leg("tLeg", "N", "1", "B")), "a leg in another commodity"),
    ],
)
def test_faults_are_named_with_their_line(contract: str, more: str, what: str) -> None:
    data = document(f"\n{futures(1, 'N', contract)}", commodity("N", more, links=(1,)))
    with pytest.raises(InvalidInputError) as caught:
        read_span_file(data)
    (fault,) = caught.value.faults
    assert what in fault.detail
    assert fault.row == 2
    assert fault.pointer == "/parameters/span_parameters"


def test_currencies_must_agree() -> None:
    data = document(futures(1, "N", GOOD, currency="EUR"), commodity("N", links=(1,)))
    with pytest.raises(InvalidInputError) as caught:
        read_span_file(data)
    assert "EUR, USD" in caught.value.faults[0].detail
