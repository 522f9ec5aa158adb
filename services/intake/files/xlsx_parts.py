"""The small parts of a workbook: its sheets, the texts that its cells share, the styles that make numbers dates."""

import re
from dataclasses import dataclass
from datetime import date

from services.intake.files.xlsx_package import Handlers, Package
from services.intake.files.xlsx_sheet import Days

_WORKBOOK = "xl/workbook.xml"
_FIRST_1904 = date(1904, 1, 1)
_FIRST_1900 = date(1899, 12, 30)
_BUILT_IN_DATES = frozenset({14, 15, 16, 17, 22, 27, 30, 31, 34, 35, 36, 50, 51, 52, 53, 54, 55, 56, 57, 58})
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\[[^\]]*\]')


@dataclass(frozen=True, kw_only=True)
class Workbook:
    """What the main part of a workbook says.

    Parameters
    ----------
    sheets
        The visible worksheets in their order: name to part.
    texts
        What cells refer to by number.
    dates
        The cell styles that show a number as a date.
    """

    sheets: dict[str, str]
    texts: list[str]
    dates: frozenset[int]
    days: Days


def read_workbook(package: Package) -> Workbook:
    """Return what a workbook says beside its sheets' cells."""
    main = next((one.part for one in package.relations("") if one.kind == "officeDocument"), _WORKBOOK)
    relations = package.relations(main)
    worksheets = {one.id: one.part for one in relations if one.kind == "worksheet"}
    sheets: dict[str, str] = {}
    first = [_FIRST_1900]

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
            first[0] = _FIRST_1904
        elif tag == "sheet" and attributes.get("state", "visible") == "visible":
            part = worksheets.get(next((value for key, value in attributes.items() if key.endswith(":id")), ""))
            if part is not None:
                sheets[attributes.get("name", "")] = part

    package.read(main, Handlers(start=start))
    shared, styles = _SharedTexts(), _Styles()
    for one in relations:
        if one.kind == "sharedStrings":
            package.read(one.part, Handlers(start=shared.start, end=shared.end, text=shared.text))
        elif one.kind == "styles":
            package.read(one.part, Handlers(start=styles.start, end=styles.end))
    return Workbook(sheets=sheets, texts=shared.texts, dates=styles.dates(), days=Days(first=first[0]))


class _SharedTexts:
    """Takes the texts that cells refer to by number; what is written above them to be pronounced is left out."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._pieces: list[str] = []
        self._within, self._phonetic = False, False

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        if tag == "t":
            self._within = not self._phonetic
        elif tag == "rPh":
            self._phonetic = True
        elif tag == "si":
            self._pieces = []

    def end(self, tag: str) -> None:
        if tag == "t":
            self._within = False
        elif tag == "rPh":
            self._phonetic = False
        elif tag == "si":
            self.texts.append("".join(self._pieces))

    def text(self, piece: str) -> None:
        if self._within:
            self._pieces.append(piece)


class _Styles:
    """Takes the number formats of the cell styles."""

    def __init__(self) -> None:
        self._own: dict[int, str] = {}
        self._formats: list[int] = []
        self._within = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "numFmt":
            self._own[_whole(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif tag == "cellXfs":
            self._within = True
        elif tag == "xf" and self._within:
            self._formats.append(_whole(attributes.get("numFmtId")))

    def end(self, tag: str) -> None:
        if tag == "cellXfs":
            self._within = False

    def dates(self) -> frozenset[int]:
        own = self._own
        return frozenset(
            style
            for style, kind in enumerate(self._formats)
            if (_shows_days(own[kind]) if kind in own else kind in _BUILT_IN_DATES)
        )


def _shows_days(code: str) -> bool:
    """Whether a number format shows days or years; what is quoted or in brackets shows nothing of the number."""
    bare = _QUOTED.sub("", code.partition(";")[0]).lower()
    return "general" not in bare and any(letter in bare for letter in "dy")


def _whole(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() and len(text) < 10 else 0
