"""Reading INPUT: a portfolio, `{"portfolio": …}`, a list or JSON lines of either, or a file of rows; `-` is stdin."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.files import MACROS, SUFFIXES, FileArguments, tell
from cli.problems import UsageError
from compute.crif import Crif
from compute.measures import Takes
from compute.measures import measure as spec_of
from services.errors import TooLargeError, UnparsableError
from services.intake.crif import read_crif
from services.intake.draft import Ready
from services.intake.gunzip import MAX_FILE, gunzip, is_gzip
from services.intake.parse import parse

_TEXT = {".csv", ".crif", ".tsv", ".txt"}
_NO_ARGUMENTS = FileArguments()


@dataclass(frozen=True, kw_only=True)
class Document:
    """One portfolio of an input, not judged yet; or one of a file of rows, or its CRIF, judged as they were read."""

    tree: Any
    pointer: str
    line: int | None = None
    crif: Crif | None = None
    text: str | None = None
    ready: Ready | None = None


def read_bytes(path: Path, *, limit: int = MAX_FILE) -> bytes:
    """Return a file's bytes, unzipped where it is gzipped; never more than the limit of them."""
    try:
        data = _raw(path, limit)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error
    if data is None:
        detail = f"{path} has more than {limit // (1 << 20)} MiB."
        raise TooLargeError(detail, limit_bytes=limit, remedy="Send it in parts.")
    return gunzip(data, limit=limit) if is_gzip(data) else data


def _raw(path: Path, limit: int) -> bytes | None:
    """Return the bytes, None where there are more than the limit: a large file is not read for that."""
    if str(path) == "-":
        data = sys.stdin.buffer.read(limit + 1)
    elif path.is_file() and path.stat().st_size > limit:
        return None
    else:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    return data if len(data) <= limit else None


def read_input(
    path: Path, measure: str, parameters: Mapping[str, Any], files: FileArguments = _NO_ARGUMENTS
) -> list[Document]:
    """Return what a measure takes: the portfolios of an input in their order, or the one CRIF; at least one."""
    takes = spec_of(measure).chosen(parameters).takes
    if Takes.CRIF in takes and (suffix_of(path) in _TEXT or Takes.POSITIONS not in takes):
        return [_crif(path, measure, parameters)]
    return read_documents(path, files)


def suffix_of(path: Path) -> str:
    """Return the ending that says what a file is, below `.gz`."""
    suffixes = path.suffixes[:-1] if path.suffix == ".gz" else path.suffixes
    return suffixes[-1].lower() if suffixes else ""


def read_documents(path: Path, files: FileArguments = _NO_ARGUMENTS) -> list[Document]:
    """Return the portfolios of an input in their order; at least one."""
    suffix = suffix_of(path)
    if files.kind(suffix) is not None:
        return _rows(path, suffix, files)
    if suffix in MACROS:
        remedy = "Save it as .xlsx, which holds no macros, or as CSV UTF-8."
        raise UsageError(f"{suffix} files are not read.", remedy=remedy)
    if files.given:
        raise UsageError(
            "--map, --set, --fill and the like are for files of rows.",
            remedy=f"INPUT must end in one of: {', '.join(SUFFIXES)}.",
        )
    body = read_bytes(path)
    found = list(_lines(body) if suffix in {".jsonl", ".ndjson"} else _whole(body))
    if not found:
        raise UsageError(f"{path} holds no portfolio.")
    return found


def _rows(path: Path, suffix: str, files: FileArguments) -> list[Document]:
    from services.intake.files import read_file

    found = read_file(read_bytes(path), files.options(path, suffix))
    tell(found.report)
    return [Document(tree=None, pointer="", ready=ready) for ready in found.books]


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
