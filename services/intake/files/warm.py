"""Compile or load what reads a CSV before the first file comes."""

from services.intake.files.options import FileOptions, Format
from services.intake.files.read import read_file

_ROW = "A,1,1.5,equity\n"
_ROWS = 4_096  # enough for the scanner of large files


def warm() -> None:
    """Read a CSV that is large enough for the scanner."""
    body = f"symbol,quantity,price,asset_class\n{_ROW * _ROWS}".encode()
    read_file(body, FileOptions(format=Format.CSV, name="warm-up"))
