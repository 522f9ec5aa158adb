"""Files of positions → portfolios and a report: CSV, Parquet and XLSX, columns mapped, every bad row named."""

from services.intake.files.options import FileOptions, Format
from services.intake.files.read import Book, FileRead, only_book, read_file
from services.intake.files.report import Report

__all__ = ["Book", "FileOptions", "FileRead", "Format", "Report", "only_book", "read_file"]
