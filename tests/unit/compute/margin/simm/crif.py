"""A plain reader of the test files, and the project's own, with its reports, for any text."""

import csv
from datetime import date
from pathlib import Path

import numpy as np

from compute.crif import Crif
from compute.margin.requests import SIMM
from compute.margin.simm.checks import row_faults
from compute.portfolio import Labels
from services.intake.crif import decode_crif

PARAMETERS = {"model": "simm", **{name: one.default for name, one in SIMM.items()}}
DATA = Path(__file__).parents[4] / "data" / "simm"
_COLUMNS = {
    "netting_set": "PortfolioID",
    "product_class": "ProductClass",
    "risk_type": "RiskType",
    "qualifier": "Qualifier",
    "bucket": "Bucket",
    "label1": "Label1",
    "label2": "Label2",
    "collect_regulations": "collect_regulations",
    "post_regulations": "post_regulations",
}


def read(name: str) -> list[dict[str, str]]:
    """Return a file's rows."""
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return [{key.lstrip("#"): value for key, value in row.items()} for row in csv.DictReader(file)]


def sensitivities(rows: list[dict[str, str]]) -> Crif:
    """Return rows as columns; every amount of these files is in USD."""
    return Crif(
        id="test",
        as_of=date(2026, 11, 23),
        labels={
            ours: Labels.of([row[name] or None for row in rows]) for ours, name in _COLUMNS.items() if name in rows[0]
        },
        amount=np.array([float(row.get("AmountUSD") or row["Amount"]) for row in rows]),
    )


def decoded(text: str) -> Crif:
    """Return a text's rows as a request for SIMM has them."""
    return decode_crif(
        text.encode(),
        name="book",
        as_of=date(2026, 11, 23),
        check=lambda crif: row_faults(crif, PARAMETERS),
        model="simm",
    )
