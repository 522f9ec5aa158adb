"""Bounded unpacking: never more than the limit in memory, whatever was packed."""

import gzip
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import TooLargeError, UnparsableError
from services.intake.gunzip import gunzip, is_gzip

MIB = 1 << 20


@given(st.binary(max_size=5000), st.binary(max_size=100))
def test_what_was_packed_comes_back_members_joined(first: bytes, second: bytes) -> None:
    packed = gzip.compress(first) + gzip.compress(second)
    assert gunzip(packed) == first + second
    assert is_gzip(packed)
    assert not is_gzip(b"{}")


def test_up_to_the_limit_and_not_a_byte_more() -> None:
    packed = gzip.compress(bytes(MIB))
    assert len(gunzip(packed, limit=MIB)) == MIB
    with pytest.raises(TooLargeError) as caught:
        gunzip(packed, limit=MIB - 1)
    assert caught.value.limit_bytes == MIB - 1


def test_a_bomb_stops_at_the_limit() -> None:
    bomb = gzip.compress(bytes(256 * MIB), compresslevel=9)
    assert len(bomb) < MIB
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            gunzip(bomb, limit=8 * MIB)
        assert tracemalloc.get_traced_memory()[1] < 32 * MIB
    finally:
        tracemalloc.stop()


def test_many_small_members_count_together() -> None:
    with pytest.raises(TooLargeError):
        gunzip(gzip.compress(bytes(1000)) * 100, limit=50_000)


@given(st.integers(0, 200))
def test_what_ends_too_early_is_said(keep: int) -> None:
    packed = gzip.compress(bytes(range(256)))
    kept = packed[: min(keep, len(packed) - 1)]
    if kept:
        with pytest.raises(UnparsableError):
            gunzip(kept)


@pytest.mark.parametrize("data", [b"plain text", b"\x1f\x8bgarbage follows", gzip.compress(b"a", mtime=0) + b"tail"])
def test_what_is_no_gzip(data: bytes) -> None:
    with pytest.raises(UnparsableError):
        gunzip(data)


def test_a_damaged_checksum_is_noticed() -> None:
    packed = bytearray(gzip.compress(b"hello" * 100))
    packed[-8] ^= 1
    with pytest.raises(UnparsableError):
        gunzip(bytes(packed))


def test_nothing_unpacks_to_nothing() -> None:
    assert gunzip(b"") == b""
