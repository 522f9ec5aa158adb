"""The fast reader: a body → its JSON tree with the positions as draft columns already; None when in any doubt."""

import re
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from compute.portfolio import Floats, Labels
from services.errors import ServiceError
from services.intake import scanner
from services.intake.draft import Draft
from services.intake.fields import MAX_POSITIONS, NUMBERS, POSITION_FIELDS, TEXTS
from services.intake.files.rows import Rows
from services.intake.parse import MAX_BODY, Repeated, parse

_POSITIONS = re.compile(rb'"positions"[ \t\r\n]*:[ \t\r\n]*\[')
_PLACEHOLDER = b"[]"


def _fields() -> scanner.Fields:
    quoted = [name.encode() + b'"' for name in POSITION_FIELDS]
    size = 8 * scanner.KEY_WORDS
    return scanner.Fields(
        names=np.frombuffer(b"".join(name.ljust(size, b"\0") for name in quoted), dtype="<u8").reshape(len(quoted), -1),
        masks=np.frombuffer(b"".join((b"\xff" * len(name)).ljust(size, b"\0") for name in quoted), dtype="<u8").reshape(
            len(quoted), -1
        ),
        lengths=np.array([len(name) for name in POSITION_FIELDS], dtype=np.int64),
        textual=np.array([name not in NUMBERS for name in POSITION_FIELDS]),
    )


_FIELDS = _fields()
_NEEDED = {"id", *(name for name, text in TEXTS.items() if text.required)}
_NEEDED |= {name for name, number in NUMBERS.items() if number.required}
_REQUIRED = sum(1 << index for index, name in enumerate(POSITION_FIELDS) if name in _NEEDED)

_texts = msgspec.json.Decoder(list[str])
_floats = msgspec.json.Decoder(list[float])


def read_tree(body: bytes | Rows) -> Any:
    """Return the JSON tree of a body, with a `Draft` in place of its positions where the fast reader could take it."""
    if isinstance(body, Rows):
        return body.tree()
    tree = _fast_tree(body)
    return parse(body) if tree is None else tree


def _fast_tree(body: bytes) -> Any:
    found = _POSITIONS.search(body)
    if found is None or len(body) > MAX_BODY:
        return None
    scanned = scan_positions(body, found.end())
    if scanned is None:
        return None
    draft, end = scanned
    rest = body[: found.end() - 1] + _PLACEHOLDER + body[end:]
    if len(_POSITIONS.findall(rest)) != 1:
        return None
    try:
        tree = parse(rest)
    except ServiceError:
        return None
    return tree if _place(tree, draft) else None


def _place(tree: Any, draft: Draft) -> bool:
    """Put the draft where the placeholder landed; False if that is no place for positions."""
    for holder in (tree, tree.get("portfolio") if isinstance(tree, dict) else None):
        if isinstance(holder, dict) and not isinstance(holder, Repeated) and holder.get("positions") == []:
            holder["positions"] = draft
            return True
    return False


def scan_positions(body: bytes, start: int) -> tuple[Draft, int] | None:
    """Return the draft of the array whose first byte after the bracket is at `start`, and the index after its end."""
    data = np.frombuffer(body + bytes(scanner.PADDING), dtype=np.uint8)
    braces = int(np.count_nonzero(data[start:] == ord("{")))
    if braces > MAX_POSITIONS + 2:  # a job's other objects may come after
        return None
    shape = (len(POSITION_FIELDS), max(1, braces))
    starts, ends = np.empty(shape, dtype=np.int32), np.empty(shape, dtype=np.int32)
    found = np.zeros(len(POSITION_FIELDS), dtype=np.bool_)
    end, count = scanner.scan(data, start, _FIELDS, _REQUIRED, starts, ends, found)
    if end == scanner.DOUBT or count > MAX_POSITIONS:
        return None
    columns = {
        name: _Places(data=data, starts=starts[row, :count], ends=ends[row, :count])
        for row, name in enumerate(POSITION_FIELDS)
        if found[row] and np.any(starts[row, :count] >= 0)
    }
    try:
        return _draft(columns), end
    except (msgspec.MsgspecError, UnicodeDecodeError, _CollisionsError):
        return None


class _CollisionsError(Exception):
    """Too many texts share a hash; the careful reader has a better table."""


@dataclass(frozen=True, kw_only=True)
class _Places:
    """Where the values of one column stand."""

    data: scanner.Bytes
    starts: scanner.Offsets
    ends: scanner.Offsets

    def texts(self) -> list[str]:
        return _texts.decode(scanner.gather(self.data, self.starts, self.ends, 1).data)

    def at(self, rows: NDArray[np.int64]) -> "_Places":
        return _Places(data=self.data, starts=self.starts[rows], ends=self.ends[rows])


def _draft(columns: dict[str, _Places]) -> Draft:
    return Draft(
        ids=columns["id"].texts() if columns else [],
        labels={name: _labels(columns[name]) for name in TEXTS if name in columns},
        numbers={name: _numbers(columns[name]) for name in NUMBERS if name in columns},
    )


def _numbers(places: _Places) -> Floats:
    found = scanner.numbers(places.data, places.starts, places.ends)
    hard = np.flatnonzero(np.isinf(found))
    if hard.size:
        left = places.at(hard)
        tokens = scanner.gather(left.data, left.starts, left.ends, 0)
        found[hard] = np.array(_floats.decode(tokens.data)) + 0.0  # -0.0 is 0.0
    return found


def _labels(places: _Places) -> Labels:
    slots = np.full(1 << (2 * places.starts.size).bit_length(), -1, dtype=np.int32)
    codes, first, size = scanner.codes(places.data, places.starts, places.ends, slots)
    if size == scanner.DOUBT:
        raise _CollisionsError
    values = places.at(first[:size]).texts()
    index = {value: code for code, value in enumerate(dict.fromkeys(values))}
    if len(index) == len(values):
        return Labels(codes=codes, values=tuple(values))
    remap = np.array([*(index[value] for value in values), -1], dtype=np.int32)  # the same text, escaped differently
    return Labels(codes=remap[codes], values=tuple(index))
