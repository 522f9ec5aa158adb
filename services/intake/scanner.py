"""One pass over the bytes of a `positions` array: JSON objects straight into columns, no object a position.

The scanner reads what well-formed clients send. Whatever it is not sure of, a wrong type, an unknown, repeated or
missing field, it leaves to the careful reader, which says what is wrong; so it needs no words, only a doubt. Strings
are found here and decoded by msgspec, numbers that need more than 2^53 or an exponent as well.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from compute.jit import njit
from compute.words import byte_at, trailing_zeros, word_at

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Offsets = NDArray[np.int32]
Words = NDArray[np.uint64]

DOUBT = -1
PADDING = 32
KEY_WORDS = 3
_QUOTE, _BACKSLASH, _COMMA, _COLON = 34, 92, 44, 58
_OPEN, _CLOSE, _END, _MINUS, _DOT, _ZERO, _NULL, _N = 123, 125, 93, 45, 46, 48, 0x6C6C756E, 110
_EXACT = 1 << 53
_DIGITS = 18
_SCALE = 22
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT, _EIGHT, _ONE = np.uint64(32), np.uint64(8), np.uint64(1)
_LOW_HALF = np.uint64(0xFFFFFFFF)
_ONES, _HIGH = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_QUOTES, _BACKSLASHES = np.uint64(0x2222222222222222), np.uint64(0x5C5C5C5C5C5C5C5C)
_SPACES = np.uint64(0x2020202020202020)
_PROBES = 64
_POWERS = np.array([float(10**exponent) for exponent in range(_SCALE + 1)])


class Fields(NamedTuple):
    """What can stand in an object, f fields.

    Parameters
    ----------
    names, masks
        Shape (f, KEY_WORDS): a name with its closing quote as words, and which bits of them count.
    lengths
        Shape (f,): length of the name alone.
    textual
        Shape (f,): whether the field is a text; else it is a number.
    """

    names: Words
    masks: Words
    lengths: Ints
    textual: NDArray[np.bool_]


@njit()
def _blank(data: Bytes, at: int) -> int:
    """Return the index of the next byte that is no white space; the data ends with zero bytes."""
    while True:
        byte = byte_at(data, at)
        if byte > 32 or not (byte == 32 or byte == 10 or byte == 13 or byte == 9):
            return at
        at += 1


@njit()
def _text_end(data: Bytes, at: int) -> int:
    """Return the index of the closing quote, or DOUBT at a control character (the final zero bytes are some)."""
    while True:
        word = word_at(data, at)
        quote, slash = word ^ _QUOTES, word ^ _BACKSLASHES
        # The lowest flagged byte is the first quote, backslash or control character of the eight.
        flags = ((quote - _ONES) & ~quote) | ((slash - _ONES) & ~slash) | ((word - _SPACES) & ~word)
        flags &= _HIGH
        if flags == 0:
            at += 8
            continue
        at += trailing_zeros(flags) >> 3
        byte = byte_at(data, at)
        if byte == _QUOTE:
            return at
        if byte != _BACKSLASH or byte_at(data, at + 1) < 32:
            return DOUBT
        at += 2


@njit()
def _is_key(data: Bytes, at: int, names: Words, masks: Words, field: int) -> bool:
    """Return whether a field's name and a closing quote stand here."""
    for part in range(KEY_WORDS):  # noqa: SIM110
        if word_at(data, at + 8 * part) & masks[field, part] != names[field, part]:
            return False
    return True


@njit()
def _key(data: Bytes, at: int, names: Words, masks: Words, guess: int) -> int:
    """Return the field whose name stands here; objects tend to list their fields in the order of the one before."""
    if guess >= 0 and _is_key(data, at, names, masks, guess):
        return guess
    for field in range(names.shape[0]):
        if _is_key(data, at, names, masks, field):
            return field
    return DOUBT


@njit()
def _number_end(data: Bytes, at: int) -> int:
    """Return the index after the last byte that a number could have."""
    while True:
        byte = byte_at(data, at)
        if not (48 <= byte <= 57 or byte == 43 or byte == 45 or byte == 46 or byte == 69 or byte == 101):
            return at
        at += 1


@njit()
def _value_start(data: Bytes, at: int) -> int:
    """Return the index of the value after the closing quote of a key, or DOUBT."""
    at = _blank(data, at)
    return _blank(data, at + 1) if byte_at(data, at) == _COLON else DOUBT


@njit()
def _value_end(data: Bytes, at: int, textual: bool, optional: bool) -> int:
    """Return the index after a value of the right kind, its closing quote included, or DOUBT."""
    if optional and word_at(data, at) & _LOW_HALF == _NULL:
        return at + 4
    if textual:
        end = _text_end(data, at + 1) if byte_at(data, at) == _QUOTE else DOUBT
        return end + 1 if end != DOUBT else DOUBT
    end = _number_end(data, at)
    return end if end > at else DOUBT


@njit()
def _next_object(data: Bytes, at: int) -> int:
    """Return the index of the next object's opening brace after a closing one, or of the closing bracket, or DOUBT."""
    at = _blank(data, at + 1)
    if byte_at(data, at) == _COMMA:
        at = _blank(data, at + 1)
        return at if byte_at(data, at) == _OPEN else DOUBT
    return at if byte_at(data, at) == _END else DOUBT


@njit()
def scan(
    data: Bytes, at: int, fields: Fields, required: int, starts: Offsets, ends: Offsets, found: NDArray[np.bool_]
) -> tuple[int, int]:
    """Find the values of an array of objects.

    Parameters
    ----------
    data
        The body, with PADDING zero bytes after its end.
    at
        Index of the byte after the array's opening bracket.
    fields
        What can stand in an object.
    required
        Bit f is set where field f must be there.
    starts, ends
        Filled, shape (f, capacity): first byte and byte after of each value without its quotes; start -1 where an
        object has none. Rows of fields that no object has are not touched.
    found
        Set, shape (f,), all False at first: whether any object has the field.

    Returns
    -------
    tuple
        Index after the closing bracket, or DOUBT; objects read.
    """
    names, masks, lengths, textual = fields
    order = np.full(lengths.size + 1, DOUBT, dtype=np.int64)
    index, position, seen = 0, 0, 0
    at = _blank(data, at)
    if byte_at(data, at) != _OPEN:
        return at + 1 if byte_at(data, at) == _END else DOUBT, 0
    at = _blank(data, at + 1)
    while True:
        field = _key(data, at + 1, names, masks, order[position]) if byte_at(data, at) == _QUOTE else DOUBT
        start = _value_start(data, at + lengths[field] + 2) if field >= 0 else DOUBT
        optional = (required >> field) & 1 == 0
        at = _value_end(data, start, textual[field], optional) if start != DOUBT else DOUBT
        if at == DOUBT or (seen >> field) & 1 or index == starts.shape[1]:
            return DOUBT, index
        order[position] = field
        position += 1
        seen |= 1 << field
        if not found[field]:
            found[field] = True
            starts[field, :] = DOUBT
        starts[field, index] = DOUBT if byte_at(data, start) == _N else start + textual[field]
        ends[field, index] = at - textual[field]
        at = _blank(data, at)
        if byte_at(data, at) == _COMMA:
            at = _blank(data, at + 1)
            continue
        after = _next_object(data, at)
        if byte_at(data, at) != _CLOSE or after == DOUBT or seen & required != required:
            return DOUBT, index
        index, position, seen = index + 1, 0, 0
        if byte_at(data, after) == _END:
            return after + 1, index
        at = _blank(data, after + 1)


@njit()
def _digits(data: Bytes, at: int, mantissa: int, most: int) -> tuple[int, int]:
    """Return (index after, mantissa) of up to so many digits."""
    last = at + most
    while at < last:
        digit = byte_at(data, at) - _ZERO
        if digit < 0 or digit > 9:
            break
        mantissa = mantissa * 10 + digit
        at += 1
    return at, mantissa


@njit()
def _number(data: Bytes, start: int, end: int) -> float:
    """Return the value of a plain decimal that a float holds exactly scaled; infinite for every other."""
    negative = byte_at(data, start) == _MINUS
    first = start + negative
    at, mantissa = _digits(data, first, 0, _DIGITS)
    plain = at == first + 1 or (at > first and byte_at(data, first) != _ZERO)
    scale = 0
    if byte_at(data, at) == _DOT:
        point = at
        at, mantissa = _digits(data, at + 1, mantissa, _DIGITS - (at - first))
        scale = at - point - 1
        plain &= scale > 0
    if not plain or end != at or mantissa > _EXACT:
        return np.inf
    value: float = mantissa / _POWERS[scale]
    return -value if negative and mantissa else value


@njit()
def numbers(data: Bytes, starts: Offsets, ends: Offsets) -> NDArray[np.float64]:
    """Return the numbers at some places, shape (n,): NaN where there is none, infinite where msgspec has to read it."""
    out = np.empty(starts.size)
    for index in range(starts.size):
        start = int(starts[index])
        out[index] = np.nan if start < 0 else _number(data, start, int(ends[index]))
    return out


@njit()
def _hash(data: Bytes, start: int, end: int) -> np.uint64:
    """Return a hash of a text: a multiply and a fold for each eight bytes."""
    mixed = np.uint64(end - start)
    while start < end:
        word = word_at(data, start)
        left = end - start
        if left < 8:
            word &= (_ONE << (np.uint64(left) * _EIGHT)) - _ONE
        mixed = (mixed ^ word) * _PRIME
        mixed ^= mixed >> _SHIFT
        start += 8
    return mixed


@njit()
def _same(data: Bytes, first: int, second: int, length: int) -> bool:
    for offset in range(length):  # noqa: SIM110 - a generator is not compiled
        if byte_at(data, first + offset) != byte_at(data, second + offset):
            return False
    return True


@njit()
def codes(data: Bytes, starts: Offsets, ends: Offsets, slots: NDArray[np.int32]) -> tuple[NDArray[np.int32], Ints, int]:
    """Encode the texts at some places.

    Parameters
    ----------
    data
        The body, with PADDING zero bytes after its end.
    starts, ends
        Shape (n,): the places, start -1 where there is no text.
    slots
        An open-addressing table, all -1, of a power of two above n.

    Returns
    -------
    codes
        Shape (n,): -1 where there is no text.
    first
        Shape (n,): the object in which each distinct text stands first; the first `size` are filled.
    size
        Distinct texts, or DOUBT after more collisions than chance makes.
    """
    out = np.full(starts.size, DOUBT, dtype=np.int32)
    first = np.empty(starts.size, dtype=np.int64)
    hashes = np.empty(starts.size, dtype=np.uint64)
    mask = slots.size - 1
    size = 0
    for index in range(starts.size):
        start, end = int(starts[index]), int(ends[index])
        if start < 0:
            continue
        mixed = _hash(data, start, end)
        slot = np.int64(mixed >> _ONE) & mask
        for probe in range(_PROBES + 1):
            code = slots[slot]
            if code < 0:
                slots[slot] = size
                hashes[size] = mixed
                first[size] = index
                code = size
                size += 1
                break
            other = first[code]
            like = hashes[code] == mixed and ends[other] - starts[other] == end - start
            if like and _same(data, start, int(starts[other]), end - start):
                break
            slot = (slot + 1) & mask
            if probe == _PROBES:
                return out, first, DOUBT
        out[index] = code
    return out, first, size


@njit()
def gather(data: Bytes, starts: Offsets, ends: Offsets, quote: int) -> Bytes:
    """Return the places as the bytes of one JSON array, each with `quote` bytes of its surroundings: 1 for texts."""
    total = 2
    for index in range(starts.size):
        total += ends[index] - starts[index] + 2 * quote + 1
    out = np.empty(total, dtype=np.uint8)
    out[0] = 91
    put = 1
    for index in range(starts.size):
        if index:
            out[put] = _COMMA
            put += 1
        for at in range(starts[index] - quote, ends[index] + quote):
            out[put] = byte_at(data, at)
            put += 1
    out[put] = _END
    return out[: put + 1]
