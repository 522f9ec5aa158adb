"""What a caller says about a file: its format, how it is written, its columns, and what it does not hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from services.intake.files.numerals import Decimal


class Format(StrEnum):
    """A format of positions."""

    CSV = "csv"  # text cut by comma, semicolon, tab or pipe
    PARQUET = "parquet"  # Apache Parquet
    XLSX = "xlsx"  # an Office Open XML workbook


ENCODINGS = ("latin-1", "cp1252", "utf-16-le", "utf-16-be", "utf-16", "utf-8")
NOTHING = "-"


@dataclass(frozen=True, kw_only=True)
class FileOptions:
    """How a file is to be read; the defaults guess what can be guessed.

    Parameters
    ----------
    columns
        Field to the title of its column, over every guess; `#3` is the third column, `-` is none.
    fill
        Field to the text that stands for its blank cells, or for the whole column where the file has none.
    head
        The portfolio's own fields, as a JSON object has them: currency, as_of, fx, rates, collateral, …
    name
        Id of the portfolio where neither `head` nor a column names one.
    address
        Id that the address of a request names: no other may stand in the file.
    only
        The one portfolio of the file that is wanted.
    decimal
        How numbers are written; None is plain, where nothing in the file speaks against it.
    accept_partial
        Take the rows that can be taken; the report says which were left out.
    """

    format: Format
    columns: Mapping[str, str] = field(default_factory=dict)
    fill: Mapping[str, str] = field(default_factory=dict)
    head: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    address: str | None = None
    only: str | None = None
    accept_partial: bool = False
    encoding: str | None = None
    delimiter: str | None = None
    decimal: Decimal | None = None
    sheet: str | None = None

    @property
    def style(self) -> Decimal:
        """How numbers are read."""
        return self.decimal or Decimal.PLAIN
