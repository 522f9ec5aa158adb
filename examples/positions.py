"""Write positions.csv, positions.xlsx and positions.parquet: the book of multi_asset.json as people keep it.

python examples/positions.py
"""

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
from pyarrow import parquet

HERE = Path(__file__).parent
TITLES = {
    "portfolio": "Account",
    "as_of": "As of date",
    "id": "Position ID",
    "symbol": "Ticker",
    "quantity": "Qty",
    "price": "Price",
    "currency": "Ccy",
    "asset_class": "Asset class",
    "instrument": "Instrument",
    "sector": "Sector",
    "duration": "Duration",
    "delta": "Delta",
    "gamma": "Gamma",
    "vega": "Vega",
}


def rows() -> list[dict[str, Any]]:
    """Return the positions with the names of the columns that they have; None where they have nothing."""
    book = json.loads((HERE / "multi_asset.json").read_text())
    own = {"portfolio": book["id"], "as_of": book["as_of"], "currency": book["currency"]}
    return [{name: {**own, **position}.get(name) for name in TITLES} for position in book["positions"]]


def main() -> None:
    """Write the three files."""
    found = rows()
    with (HERE / "positions.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([TITLES.values(), *(row.values() for row in found)])
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Positions"
    sheet.append(list(TITLES.values()))
    for row in found:
        sheet.append([*{**row, "as_of": date.fromisoformat(row["as_of"])}.values()])
    book.save(HERE / "positions.xlsx")
    columns = {name: [row[name] for row in found] for name in TITLES}
    columns["as_of"] = [date.fromisoformat(day) for day in columns["as_of"]]
    parquet.write_table(pa.table(columns), HERE / "positions.parquet", compression="zstd")


if __name__ == "__main__":
    main()
