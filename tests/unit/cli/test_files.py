"""Files of positions on the command line: the templates, the options, what is said and how it ends."""

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.documents import read_documents
from cli.files import SUFFIXES, FileArguments
from cli.submit import _wanted
from tests.unit.cli.conftest import EXAMPLES, Outcome, Run

MULTI = EXAMPLES / "multi_asset.json"
CASH = ("--set", "available_cash=4000000")
TEXT = "Ticker,Qty,Price,Asset Class,Desk\nAAPL,100,150,equity,x\nMSFT,many,300,equity,y\n"


def lines(outcome: Outcome) -> list[dict[str, Any]]:
    return [json.loads(line) for line in outcome.out.splitlines()]


def written(folder: Path, text: str = TEXT, name: str = "book.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize("measure", ["margin", "optimise"])
def test_each_template_computes_what_its_json_does(run: Run, measure: str, ending: str) -> None:
    done = run("calc", measure, EXAMPLES / f"positions.{ending}", *CASH, "--json")
    assert done.code == 0, done.err
    (line,), (other,) = lines(done), lines(run("calc", measure, MULTI, "--json"))
    said = line["result"].pop("input")
    assert line["result"] == other["result"]
    assert (line["portfolio_id"], line["as_of"]) == (other["portfolio_id"], other["as_of"])
    assert (said["format"], said["rows"], said["taken"], said["unused"]) == (ending, 11, 11, [])


def test_the_mapping_is_told_on_stderr(run: Run, tmp_path: Path) -> None:
    done = run("calc", "margin", written(tmp_path, TEXT.replace("many", "1")), "--map", "price=price")
    assert done.code == 0
    assert "symbol=Ticker" in done.err
    assert "price=Price (told)" in done.err
    assert "unused: Desk" in done.err
    assert "each row's number" in done.err


def test_a_file_with_bad_rows_ends_with_2_and_names_them(run: Run, tmp_path: Path) -> None:
    done = run("calc", "margin", written(tmp_path), "--json")
    assert done.code == 2
    (line,) = lines(done)
    (fault,) = line["error"]["errors"]
    assert (fault["row"], fault["column"], fault["value"]) == (3, "Qty", "many")
    assert "row 3, column Qty ('many')" in done.err
    assert run("calc", "margin", written(tmp_path)).out == ""


def test_accept_partial_computes_the_others_and_the_result_says_so(run: Run, tmp_path: Path) -> None:
    done = run("calc", "margin", written(tmp_path), "--accept-partial", "--json")
    (line,) = lines(done)
    assert done.code == 0
    assert line["result"]["input"]["rejected_rows"][0]["row"] == 3
    assert line["result"]["position_count"] == 1
    assert "left out: row 3" in done.err


def test_several_portfolios_make_a_line_each(run: Run, tmp_path: Path) -> None:
    text = "Book,Ticker,Qty,Price,Asset Class\na,A,1,1,equity\nb,B,1,1,equity\na,C,1,,equity\n"
    done = run("calc", "margin", written(tmp_path, text), "--json")
    first, second = lines(done)
    assert (done.code, second["portfolio_id"]) == (1, "b")
    assert "without a price" in first["error"]["detail"]
    assert (first["error"]["errors"][0]["row"], first["error"]["errors"][0]["column"]) == (4, "price")
    chosen = run("calc", "margin", written(tmp_path, text), "--only", "b", "--json")
    assert [line["portfolio_id"] for line in lines(chosen)] == ["b"]


def test_what_a_file_does_not_hold_is_set_and_filled(run: Run, tmp_path: Path) -> None:
    head = tmp_path / "head.json"
    head.write_text('{"currency": "EUR", "fx": {"EUR/USD": 1.25}}')
    rates = tmp_path / "rates.json"
    rates.write_text('{"EUR": 0.02}')
    path = written(tmp_path, "ticker;qty;price\nA;1,5;2.000,00\n")
    options = ["--decimal", "comma", "--fill", "asset_class=equity", "--set", f"@{head}", "--set", f"rates=@{rates}"]
    done = run("calc", "margin", path, *options, "--set", "as_of=2026-01-30", "--json")
    (line,) = lines(done)
    assert (line["currency"], line["as_of"], line["portfolio_id"]) == ("EUR", "2026-01-30", "book")
    assert line["result"]["gross_initial_margin"] == pytest.approx(1.5 * 2000 / 1.25 * 0.25)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("book.csv", ["--map", "price"], "says nothing"),
        ("book.csv", ["--map", "price=a", "--map", "price=b"], "twice"),
        ("book.csv", ["--set", "id=a", "--set", "id=b"], "twice"),
        ("book.csv", ["--decimal", "dot"], "decimal is unknown"),
        ("book.csv", ["--encoding", "klingon"], "encoding is unknown"),
        ("book.csv", ["--sheet", "One"], "sheet has no meaning"),
        ("book.csv", ["--format", "excel"], "no format"),
        ("book.xlsm", [], "not read"),
        ("book.json", ["--map", "price=a"], "for files of rows"),
        ("book.xlsx", [], "no workbook"),
        ("book.parquet", [], "Parquet"),
    ],
)
def test_what_cannot_be_meant_ends_with_2(run: Run, tmp_path: Path, name: str, options: list[str], words: str) -> None:
    done = run("calc", "margin", written(tmp_path, name=name), *options)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_stdin_and_gzip_are_read(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "book.csv.gz"
    path.write_bytes(gzip.compress(TEXT.replace("many", "1").encode()))
    assert run("calc", "margin", path).code == 0

    class Stdin:
        buffer = io.BytesIO(TEXT.replace("many", "1").encode())

    monkeypatch.setattr(sys, "stdin", Stdin)
    (line,) = lines(run("calc", "margin", "-", "--format", "csv", "--json"))
    assert line["portfolio_id"] == "stdin"


def test_a_file_beyond_the_limit_is_not_read(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    with path.open("wb") as file:
        file.truncate(2 << 30)  # sparse: it has the length and no bytes
    done = run("calc", "margin", path)
    assert done.code == 2
    assert "more than 256 MiB" in done.err
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(bytes((256 << 20) + 1), 1))
    assert "unpacks to more than 256 MiB" in run("calc", "margin", bomb).err


def test_a_check_shows_the_mapping_and_ends_with_1_where_rows_would_be_left_out(run: Run, tmp_path: Path) -> None:
    done = run("portfolios", "check", written(tmp_path))
    assert done.code == 1
    assert "symbol=Ticker" in done.out
    assert "left out: row 3, column Qty" in done.out
    assert "book: 1 positions in USD" in done.out
    (found,) = lines(run("portfolios", "check", written(tmp_path, TEXT.replace("many", "1")), "--json"))
    assert found["acceptable"] is True
    assert run("portfolios", "check", written(tmp_path, "{}", "book.json")).code == 2


def test_every_ending_is_a_format() -> None:
    assert set(SUFFIXES.values()) == {"csv", "parquet", "xlsx"}


def test_a_file_is_sent_to_the_cluster_with_what_was_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (document,) = read_documents(written(tmp_path), FileArguments(accept_partial=True))
    wanted = _wanted(document)
    sent = wanted.request["portfolio"]
    assert [position["symbol"] for position in sent["positions"]] == ["AAPL"]
    assert sent["notes"]["rejected_rows"][0]["row"] == 3
    assert wanted.known["portfolio_id"] == "book"
    assert "left out" in capsys.readouterr().err
