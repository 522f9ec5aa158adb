"""Files of positions to columns: 10,000 rows of CSV and 250,000 of Parquet, against pandas and pydantic rows.

Timed on both sides: the bytes of the file to positions that have been validated. Ours ends in the frozen columns that
kernels take, mapping and report included; the peer's in a list of pydantic models, whose fields have the same types,
words and bounds, read by `pandas.read_csv` or `read_parquet`. Untimed on both sides: writing the files.
"""

import io
from collections.abc import Callable, Iterator
from datetime import date
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from benchmarks.harness import Line, Race, compare, figure, race
from compute.portfolio import Portfolio
from services.intake.fields import ASSET_CLASSES, INSTRUMENTS
from services.intake.files import FileOptions, Format, read_file

TARGET_RATIO = 5.0
CSV_ROWS, CSV_LIMIT_MS = 10_000, 60.0
PARQUET_ROWS, PARQUET_LIMIT_MS = 250_000, 1_000.0
_SYMBOLS = 4_000
_HEAD = {"id": "benchmark", "as_of": "2025-01-02", "fx": {"EUR/USD": 1.08}}
_NUMBERS = ("quantity", "price", "multiplier", "settlement_price", "implied_volatility")
_TEXTS = ("symbol", "asset_class", "instrument", "currency", "sector", "expiry")

Text = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Amount = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]


class Row(BaseModel):
    """One position, as a service of pydantic models has it."""

    model_config = ConfigDict(extra="forbid")

    id: Text
    symbol: Text
    asset_class: Literal[ASSET_CLASSES]  # type: ignore[valid-type]  # the words of our own table
    instrument: Literal[INSTRUMENTS]  # type: ignore[valid-type]
    quantity: Amount
    price: Amount
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{2,4}$")]
    multiplier: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
    settlement_price: Amount
    implied_volatility: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
    sector: Text
    expiry: date


_rows = TypeAdapter(list[Row])


def book(rows: int) -> pd.DataFrame:
    """Return a random book as a frame, under the wire's names."""
    draw = np.random.default_rng(rows)
    names = np.array([f"SYM{each}" for each in range(_SYMBOLS)])
    return pd.DataFrame(
        {
            "id": [f"position-{each}" for each in range(rows)],
            "symbol": names[draw.integers(0, _SYMBOLS, rows)],
            "asset_class": draw.choice(["equity", "derivative", "bond"], rows),
            "instrument": draw.choice(["stock", "option", "future", "etf"], rows),
            "quantity": draw.integers(-5_000, 5_000, rows).astype(float),
            "price": draw.uniform(5, 500, rows).round(4),
            "currency": draw.choice(["USD", "EUR"], rows),
            "multiplier": draw.choice([1.0, 100.0], rows),
            "settlement_price": draw.uniform(5, 500, rows).round(4),
            "implied_volatility": draw.uniform(0.05, 0.9, rows).round(3),
            "sector": draw.choice(["energy", "technology", "utilities"], rows),
            "expiry": draw.choice(["2026-03-20", "2026-06-19", "2026-12-18"], rows),
        }
    )


def difference(ours: Portfolio, theirs: list[Row]) -> float:
    """Return the largest relative difference of a number; raise where a text or an id differs."""
    if list(ours.ids) != [row.id for row in theirs]:
        raise RuntimeError("The ids differ.")
    for name in _TEXTS:
        if ours.labels[name].texts() != [str(getattr(row, name)) for row in theirs]:
            raise RuntimeError(f"The column {name} differs.")
    worst = 0.0
    for name in _NUMBERS:
        exact = np.array([getattr(row, name) for row in theirs])
        worst = max(worst, float(np.max(np.abs(ours.numbers[name] - exact) / np.maximum(np.abs(exact), 1e-300))))
    return worst


def _timed(body: bytes, format_: Format, read: Callable[[io.BytesIO], pd.DataFrame], rounds: int) -> tuple[Race, float]:
    options = FileOptions(format=format_, head=_HEAD)

    def ours() -> Portfolio:
        return read_file(body, options).books[0].portfolio

    def peer() -> list[Row]:
        return _rows.validate_python(read(io.BytesIO(body)).to_dict("records"))

    error = difference(ours(), peer())
    return race(ours, peer, rounds=rounds, warm_up=1), error


def run() -> Iterator[Line]:
    """Time both formats; `error` is the largest relative difference of a number."""
    text = book(CSV_ROWS).to_csv(index=False).encode()
    timed, error = _timed(text, Format.CSV, pd.read_csv, rounds=15)
    yield compare("intake", timed, peer="pandas read_csv and pydantic rows", target_ratio=TARGET_RATIO, error=error)
    yield figure("intake", "10,000 rows of CSV to columns", timed.ours_ms, unit="ms", limit=CSV_LIMIT_MS, sense="max")
    buffer = io.BytesIO()
    book(PARQUET_ROWS).to_parquet(buffer, index=False)
    timed, error = _timed(buffer.getvalue(), Format.PARQUET, pd.read_parquet, rounds=5)
    yield compare("intake", timed, peer="pandas read_parquet and pydantic rows", target_ratio=TARGET_RATIO, error=error)
    yield figure(
        "intake", "250,000 rows of Parquet to columns", timed.ours_ms, unit="ms", limit=PARQUET_LIMIT_MS, sense="max"
    )
