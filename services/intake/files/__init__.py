"""Files of positions → portfolios and a report: CSV, Parquet and XLSX, columns mapped, every bad row named."""

from services.intake.files.options import FileOptions, Format
from services.intake.files.read import FileRead, by_row, check_document, check_file, only_book, read_file
from services.intake.files.report import Report
from services.intake.files.rows import Rows

__all__ = [
    "FileOptions",
    "FileRead",
    "Format",
    "Report",
    "Rows",
    "by_row",
    "check_document",
    "check_file",
    "only_book",
    "read_file",
]
