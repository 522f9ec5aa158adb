"""The XML of a SPAN risk parameter file (`.spn`) → its records, one contract at a time.

Nothing that an XML document could attack with is read: a document type is refused, and with it every entity, expansion
and outside reference; depth, size and, for archives, what they unpack to are bounded.
"""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from services.errors import TooLargeError, UnparsableError
from services.intake.gunzip import MAX_FILE, gunzip, is_gzip

DEEPEST = 24
CONTRACTS = frozenset({"fut", "phy", "opt", "equity", "debt", "fra", "cmb"})
"""Elements that come by the hundred thousand: handed on at once, and kept out of the tree."""
_ZIP = b"PK\x03\x04"
_START = b"<"
_BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Record:
    """An element: its text, its children by tag, the line it begins at, and, while it is read, the one around it."""

    tag: str
    line: int
    above: "Record | None" = None
    text: str = ""
    parts: dict[str, list["Record"]] = field(default_factory=dict)

    def get(self, *path: str) -> str | None:
        """Return the text of the first element down a path, None where there is none or it is empty."""
        found: Record | None = self
        for tag in path:
            found = next(iter(found.parts.get(tag, ())), None) if found is not None else None
        return found.text if found is not None and found.text else None

    def all(self, *path: str) -> list["Record"]:
        """Return all elements down a path, in the order of the file."""
        found = [self]
        for tag in path:
            found = [inner for outer in found for inner in outer.parts.get(tag, ())]
        return found

    def around(self, tag: str) -> "Record | None":
        """Return the nearest element with a tag that this one lies in."""
        found = self.above
        while found is not None and found.tag != tag:
            found = found.above
        return found


def is_xml(data: bytes) -> bool:
    """Say whether bytes begin as XML does, rather than JSON."""
    return data[:64].removeprefix(_BOM).lstrip().startswith(_START)


def unpacked(data: bytes, *, limit: int = MAX_FILE) -> bytes:
    """Return the file that a zip or gzip archive holds, or the bytes as they are; never more than the limit."""
    if data.startswith(_ZIP):
        data = _unzipped(data, limit)
    elif is_gzip(data):
        data = gunzip(data, limit=limit)
    if len(data) > limit:
        raise TooLargeError(limit_bytes=limit)
    return data


def _unzipped(data: bytes, limit: int) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) != 1:
                raise UnparsableError(f"The archive holds {len(members)} files, not one.")
            with archive.open(members[0]) as file:
                found = file.read(limit + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise UnparsableError(f"The archive cannot be read: {error}.") from None
    if len(found) > limit:
        raise TooLargeError(f"The archive unpacks to more than {limit // (1 << 20)} MiB.", limit_bytes=limit)
    return found


def read_records(data: bytes, on_contract: Callable[[Record], None]) -> Record:
    """Return the document's root without its contracts, each of which is handed to `on_contract` when it ends.

    Raises
    ------
    UnparsableError
        Not XML, cut off, nested too deep, or with a document type; `position` is the byte.
    """
    builder = _Builder(on_contract)
    parser = builder.parser
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise UnparsableError(
            f"Line {error.lineno}: the SPAN file is no whole XML document: {what}.", position=parser.ErrorByteIndex
        ) from None
    except (LookupError, ValueError) as error:
        raise UnparsableError(f"The SPAN file has an encoding that cannot be read: {error}.") from None
    return builder.root


class _Builder:
    """Turns the parser's events into records."""

    def __init__(self, on_contract: Callable[[Record], None]) -> None:
        self.root = self._here = Record(tag="", line=0)
        self._depth = 0
        self._texts: list[str] = []
        self._on_contract = on_contract
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._texts.append

    def _refuse(self, *_: object) -> NoReturn:
        raise UnparsableError(
            f"Line {self.parser.CurrentLineNumber}: a SPAN file has no document type and no entities.",
            position=self.parser.CurrentByteIndex,
        )

    def _start(self, tag: str, _attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise UnparsableError(
                f"Line {self.parser.CurrentLineNumber}: elements are nested too deep.",
                position=self.parser.CurrentByteIndex,
            )
        self._here = Record(tag=tag, line=self.parser.CurrentLineNumber, above=self._here)
        self._texts.clear()

    def _end(self, tag: str) -> None:
        here, self._depth = self._here, self._depth - 1
        if not here.parts:
            here.text = "".join(self._texts).strip()
        self._texts.clear()
        above = here.above
        if above is None:  # expat pairs tags itself
            return
        self._here = above
        if tag in CONTRACTS:
            self._on_contract(here)
        else:
            above.parts.setdefault(tag, []).append(here)
