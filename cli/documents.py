"""Reading INPUT: a portfolio, `{"portfolio": …}`, a list or JSON lines of either, also gzipped; `-` is stdin."""

import gzip
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.problems import NotBuiltError, UsageError
from compute.crif import Crif
from compute.measures import Takes
from compute.measures import measure as spec_of
from services.errors import UnparsableError
from services.intake.crif import read_crif
from services.intake.parse import parse

_NOT_BUILT = (".csv", ".parquet", ".txt", ".xlsx")
_TEXT = {".csv", ".crif", ".tsv", ".txt"}


@dataclass(frozen=True, kw_only=True)
class Document:
    """One portfolio of an input, not judged yet; or the rows of a CRIF file, judged as they were read."""

    tree: Any
    pointer: str
    line: int | None = None
    crif: Crif | None = None
    text: str | None = None


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, unzipped where it is gzipped."""
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def read_input(path: Path, measure: str, parameters: Mapping[str, Any]) -> list[Document]:
    """Return what a measure takes: the portfolios of an input in their order, or the one CRIF; at least one."""
    takes = spec_of(measure).chosen(parameters).takes
    if Takes.CRIF in takes and (_suffix(path) in _TEXT or Takes.POSITIONS not in takes):
        return [_crif(path, measure, parameters)]
    return read_documents(path)


def _suffix(path: Path) -> str:
    suffixes = path.suffixes[:-1] if path.suffix == ".gz" else path.suffixes
    return suffixes[-1].lower() if suffixes else ""


def read_documents(path: Path) -> list[Document]:
    """Return the portfolios of an input in their order; at least one."""
    suffix = _suffix(path)
    if suffix in _NOT_BUILT:
        raise NotBuiltError(f"Reading {suffix} files is not built yet.", remedy="Send JSON or JSON lines.")
    body = read_bytes(path)
    found = list(_lines(body) if suffix in {".jsonl", ".ndjson"} else _whole(body))
    if not found:
        raise UsageError(f"{path} holds no portfolio.")
    return found


def _crif(path: Path, measure: str, parameters: Mapping[str, Any]) -> Document:
    body = read_bytes(path)
    name = "stdin" if str(path) == "-" else path.name.split(".")[0]
    crif = read_crif(body, measure, parameters, name=name)
    return Document(tree=None, pointer="/crif", crif=crif, text=body.decode("utf-8-sig"))


def _whole(body: bytes) -> Iterator[Document]:
    try:
        tree = parse(body)
    except UnparsableError:
        if len(body.splitlines()) < 2:
            raise
        yield from _lines(body)
        return
    if isinstance(tree, list):
        for index, item in enumerate(tree):
            yield _one(item, f"/{index}")
    else:
        yield _one(tree, "")


def _lines(body: bytes) -> Iterator[Document]:
    for number, line in enumerate(body.splitlines(), start=1):
        if line.strip():
            try:
                yield _one(parse(line), "", number)
            except UnparsableError as error:
                raise UnparsableError(f"Line {number}: {error.detail}", position=error.position) from None


def _one(tree: Any, pointer: str, line: int | None = None) -> Document:
    if isinstance(tree, dict) and "portfolio" in tree:
        return Document(tree=tree["portfolio"], pointer=f"{pointer}/portfolio", line=line)
    return Document(tree=tree, pointer=pointer, line=line)
