"""`--param span_parameters=@cme.spn`: the exchange's own file, of which the input's contracts are read."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.services.intake.span import files

CORN = {"asset_class": "commodity", "instrument": "future", "price": 4.5, "multiplier": 5000, "currency": "USD"}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    positions = [{"id": "a", "symbol": "ZC-202503", "quantity": 10, **CORN}]
    positions.append({"id": "b", "symbol": "ZC-202505", "quantity": -6, **CORN})
    path = tmp_path / "book.json"
    path.write_text(json.dumps({"id": "grains", "currency": "USD", "as_of": "2025-01-02", "positions": positions}))
    return path


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_an_exchange_s_file_is_read(run: Run, tmp_path: Path, book: Path, *, packed: bool, wrapped: bool) -> None:
    file = tmp_path / "cme.spn"
    file.write_bytes(gzip.compress(files.grains()) if packed else files.grains())
    if wrapped:
        book.write_text(json.dumps({"portfolio": json.loads(book.read_text())}))
    done = run("calc", "margin", book, "--param", "model=span", "--param", f"span_parameters=@{file}", "--json")
    assert done.code == 0, done.err
    line: dict[str, Any] = json.loads(done.out)
    assert line["result"]["initial_margin"] == pytest.approx(4 * 1000 + 6 * 150 + 6 * 10 + 4 * 25)
    assert sorted(line["parameters"]["span_parameters"]["risk_arrays"]) == ["ZC-202503", "ZC-202505"]
    assert line["result"]["parameter_set"]["exchange"]["as_of"] == "20250102"


@pytest.mark.parametrize(
    ("content", "what"),
    [(files.grains()[:900], "no whole XML document"), (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", "no document type")],
)
def test_a_file_that_cannot_be_read_is_named(run: Run, tmp_path: Path, book: Path, content: bytes, what: str) -> None:
    file = tmp_path / "cme.spn"
    file.write_bytes(content)
    done = run("calc", "margin", book, "--param", "model=span", "--param", f"span_parameters=@{file}", "--json")
    assert done.code == 2
    assert what in done.err


def test_a_missing_contract_is_named(run: Run, tmp_path: Path, book: Path) -> None:
    file = tmp_path / "cme.spn"
    file.write_bytes(files.grains().replace(b"202505", b"202507"))
    done = run("calc", "margin", book, "--param", "model=span", "--param", f"span_parameters=@{file}", "--json")
    assert done.code == 1
    assert "no contract that the parameters hold" in done.err
