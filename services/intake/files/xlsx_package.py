"""The parts of a workbook's ZIP: unpacked within a limit, XML read without entities, macros and passwords refused."""

import io
import lzma
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.parsers import expat

from services.errors import TooLargeError, UnparsableError
from services.intake.faults import quote
from services.intake.gunzip import MAX_FILE

_OLE = b"\xd0\xcf\x11\xe0"
_ENTRY = b"PK\x01\x02"  # begins each entry of a ZIP's directory
_MOST_PARTS = 10_000
_DEEPEST = 256  # elements within elements
_LONGEST = 4 << 20  # bytes of one tag: expat holds it whole, and reads it anew with every chunk
_ENCRYPTED = 0x1
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    RuntimeError,  # and NotImplementedError: a version, method or password that zipfile does not know
)
_CHUNK = 1 << 20
_SAVE = "Save it again as an Excel workbook (.xlsx)."


def local(name: str) -> str:
    """Return a name without its prefix."""
    return name.rpartition(":")[2]


@dataclass(frozen=True, kw_only=True)
class Handlers:
    """What is called while a part is read; names come without prefixes."""

    start: Callable[[str, dict[str, str]], None]
    end: Callable[[str], None] | None = None
    text: Callable[[str], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Relation:
    """One part that another refers to."""

    id: str
    kind: str
    part: str


class Package:
    """An opened workbook."""

    def __init__(self, body: bytes) -> None:
        if body.startswith(_OLE):
            raise UnparsableError("The file is an old .xls workbook, or has a password.", remedy=_SAVE)
        if body.count(_ENTRY) > _MOST_PARTS:  # before zipfile makes an object of each
            raise UnparsableError(f"The file is no workbook: it has more than {_MOST_PARTS:,} parts.", remedy=_SAVE)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(body))
        except _BROKEN as error:
            raise UnparsableError(f"The file is no workbook: {error}.", remedy=_SAVE) from None
        self._parts = {info.filename.lower().lstrip("/"): info for info in self._zip.infolist()}
        self._judge()

    def _judge(self) -> None:
        infos = self._zip.infolist()
        if sum(info.file_size for info in infos) > MAX_FILE:
            raise TooLargeError(f"The workbook unpacks to more than {MAX_FILE >> 20} MiB.", limit_bytes=MAX_FILE)
        if any(info.flag_bits & _ENCRYPTED for info in infos):
            raise UnparsableError("The workbook has a password.", remedy=_SAVE)
        if any(name.endswith("vbaproject.bin") or "/macrosheets/" in name for name in self._parts):
            raise UnparsableError("The workbook holds macros.", remedy="Save it as .xlsx, which holds none.")
        if "[content_types].xml" not in self._parts:
            raise UnparsableError("The file is a ZIP and no workbook.", remedy=_SAVE)

    def has(self, name: str) -> bool:
        """Return whether there is a part of this name."""
        return name.lower() in self._parts

    def read(self, name: str, handlers: Handlers) -> None:
        """Read a part's XML; raise UnparsableError where it is none."""
        info = self._parts.get(name.lower())
        if info is None:
            raise UnparsableError(f"The workbook lacks its part {quote(name)}.", remedy=_SAVE)
        parser = _parser(handlers)
        given = 0
        try:
            for chunk in self._chunks(info):
                parser.Parse(chunk, False)
                given += len(chunk)
                if given - parser.CurrentByteIndex > _LONGEST:
                    raise UnparsableError(f"The part {quote(name)} has a tag that does not end.", remedy=_SAVE)
            parser.Parse(b"", True)
        except (expat.ExpatError, *_BROKEN) as error:
            raise UnparsableError(f"The part {quote(name)} cannot be read: {error}.", remedy=_SAVE) from None

    def _chunks(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        with self._zip.open(info) as part:  # never more than the size that the ZIP declares
            while chunk := part.read(_CHUNK):
                yield chunk

    def relations(self, name: str) -> list[Relation]:
        """Return the parts within the workbook that a part refers to; those of the whole for an empty name."""
        folder, _, file = name.rpartition("/")
        found: list[Relation] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "")
                path = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                kind = attributes.get("Type", "").rpartition("/")[2]
                found.append(Relation(id=attributes.get("Id", ""), kind=kind, part=posixpath.normpath(path)))

        part = posixpath.join(folder, "_rels", f"{file}.rels")
        if self.has(part):
            self.read(part, Handlers(start=start))
        return found


def _parser(handlers: Handlers) -> "expat.XMLParserType":
    """Return a parser that calls the handlers; names are cut only where the part's first element has a prefix."""
    parser = expat.ParserCreate()
    depth = 0

    def begin(tag: str, attributes: dict[str, str]) -> None:
        prefixed = ":" in tag
        parser.StartElementHandler = start_local if prefixed else start
        parser.EndElementHandler = end_local if prefixed else end
        parser.CharacterDataHandler = handlers.text
        start_local(tag, attributes)

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:  # expat keeps an account of every open one
            raise UnparsableError("The workbook's XML is nested too deeply to be read.", remedy=_SAVE)
        handlers.start(tag, attributes)

    def start_local(tag: str, attributes: dict[str, str]) -> None:
        start(local(tag), attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        if handlers.end is not None:
            handlers.end(tag)

    def end_local(tag: str) -> None:
        end(local(tag))

    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = begin
    return parser


def _refuse(*_: object) -> None:
    raise UnparsableError("The workbook's XML declares a document type, which none needs.", remedy=_SAVE)
