"""`--history PRICES.csv[.gz]`: daily closes for `calc`, read as the upload route reads them."""

from pathlib import Path

import numpy as np

from cli.documents import read_bytes
from compute.market import PriceHistory
from services.history_file import decode_history


def read_history(path: Path) -> PriceHistory:
    """Return the file's closes on one calendar, NaN where a day is missing."""
    found = decode_history(read_bytes(path))
    days = np.unique(np.concatenate([one.dates for one in found]))
    closes = np.full((days.size, len(found)), np.nan)
    for index, one in enumerate(found):
        closes[np.searchsorted(days, one.dates), index] = one.closes
    return PriceHistory(symbols=tuple(one.symbol for one in found), dates=days, closes=closes)
