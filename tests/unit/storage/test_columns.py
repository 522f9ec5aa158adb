"""Columns survive the way to bytes and back, equal input gives equal bytes, and bad bytes are named as such."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from storage import columns
from storage.columns import pack, unpack
from storage.errors import CorruptColumnsError

DOCUMENT = {"id": "p", "nested": {"a": [1, 2.5, None, "x"]}, "flag": True}


def test_round_trip_keeps_values_dtypes_shapes_and_order() -> None:
    tables: dict[str, dict[str, Any]] = {
        "b": {
            "float": np.array([1.5, -0.0, np.nan]),
            "code": np.array([0, -1, 2], dtype=np.int32),
            "flag": np.array([True, False, True]),
            "day": np.array(["2020-01-01", "2020-01-02", "NaT"], dtype="datetime64[D]"),
            "text": ["é", "", "c"],
        },
        "a": {"matrix": np.arange(6.0).reshape(2, 3)},
    }
    packed = pack(DOCUMENT, tables)

    document, found = unpack(packed.data, content_hash=packed.content_hash)

    assert document == DOCUMENT
    assert list(found) == ["b", "a"]
    assert list(found["b"]) == list(tables["b"])
    assert found["b"]["text"] == ["é", "", "c"]
    for table, name in (("b", "float"), ("b", "code"), ("b", "flag"), ("b", "day"), ("a", "matrix")):
        np.testing.assert_array_equal(found[table][name], tables[table][name])
        assert found[table][name].dtype == tables[table][name].dtype


def test_arrays_come_back_read_only() -> None:
    _, tables = unpack(pack({}, {"t": {"x": np.ones(3)}}).data)

    with pytest.raises(ValueError, match="read-only"):
        tables["t"]["x"][0] = 2.0


@given(
    hnp.arrays(np.float64, st.integers(0, 50)),
    hnp.arrays(np.int32, st.integers(0, 50)),
    st.lists(st.one_of(st.none(), st.text())),
)
def test_any_column_survives_bit_for_bit(numbers: NDArray[Any], codes: NDArray[Any], texts: list[str | None]) -> None:
    packed = pack({}, {"t": {"n": numbers, "c": codes, "t": texts}})

    _, tables = unpack(packed.data, content_hash=packed.content_hash)

    assert tables["t"]["n"].tobytes() == numbers.tobytes()
    assert tables["t"]["c"].tobytes() == codes.tobytes()
    assert tables["t"]["t"] == texts


def test_equal_input_gives_equal_bytes_whatever_the_memory_layout() -> None:
    plain = np.arange(10.0)
    strided = np.repeat(plain, 2)[::2]
    swapped = plain.astype(">f8")

    packed = [pack({"a": 1}, {"t": {"x": array}}) for array in (plain, strided, swapped)]

    assert packed[0] == packed[1] == packed[2]


def test_hash_is_of_the_content_not_of_its_compression() -> None:
    packed = pack({"a": 1}, {})

    plain = zstandard.ZstdDecompressor().decompress(packed.data)

    assert packed.content_hash == hashlib.sha256(plain).hexdigest()


def test_different_content_has_a_different_hash() -> None:
    one, other = (pack({}, {"t": {"x": np.array([value])}}) for value in (1.0, np.nextafter(1.0, 2.0)))

    assert one.content_hash != other.content_hash


def test_texts_may_come_as_numpy_arrays() -> None:
    texts = np.array(["a", "bb"])

    _, tables = unpack(pack({}, {"t": {"u": texts, "o": texts.astype(object)}}).data)

    assert tables["t"] == {"u": ["a", "bb"], "o": ["a", "bb"]}


@pytest.mark.parametrize("array", [np.ones(2, dtype=np.complex128), np.array(["2020-01-01T00:00"], dtype="M8[s]")])
def test_a_dtype_without_a_place_on_disk_is_refused_by_name(array: NDArray[Any]) -> None:
    with pytest.raises(TypeError, match="column odd"):
        pack({}, {"t": {"odd": array}})


def test_a_wrong_hash_is_corruption() -> None:
    with pytest.raises(CorruptColumnsError, match="content hash"):
        unpack(pack({}, {}).data, content_hash="0" * 64)


@pytest.mark.parametrize("data", [b"", b"not zstd", bytes(range(64)), pack({"a": 1}, {}).data[:-2]])
def test_bytes_that_are_not_ours_are_corruption(data: bytes) -> None:
    with pytest.raises(CorruptColumnsError):
        unpack(data)


def test_trailing_bytes_are_corruption() -> None:
    with pytest.raises(CorruptColumnsError):
        unpack(pack({}, {}).data + b"more")


def _compressed(stored: object) -> bytes:
    return zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(stored))


@pytest.mark.parametrize(
    "stored",
    [
        [],
        {"document": {}},
        {"document": {}, "tables": {"t": {"x": {"dtype": "O", "shape": [1], "data": b"12345678"}}}},
        {"document": {}, "tables": {"t": {"x": {"dtype": "<f8", "shape": [2], "data": b"12345678"}}}},
        {"document": {}, "tables": {"t": {"x": {"dtype": "<f8", "shape": [1], "data": b"1234"}}}},
    ],
)
def test_a_wrong_layout_is_corruption(stored: object) -> None:
    with pytest.raises(CorruptColumnsError):
        unpack(_compressed(stored))


def test_a_bomb_is_refused_before_it_unfolds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MAX_BYTES", 1000)
    bomb = zstandard.ZstdCompressor().compress(bytes(1001))

    with pytest.raises(CorruptColumnsError, match="more than is allowed"):
        unpack(bomb)


def test_a_frame_that_hides_its_size_is_refused() -> None:
    hidden = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(10))

    with pytest.raises(CorruptColumnsError, match="more than is allowed"):
        unpack(hidden)


def test_threads_do_not_disturb_each_other() -> None:
    arrays = [np.full(5000, float(number)) for number in range(8)]

    def there_and_back(array: NDArray[Any]) -> bool:
        packed = pack({}, {"t": {"x": array}})
        return np.array_equal(unpack(packed.data, content_hash=packed.content_hash)[1]["t"]["x"], array)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(there_and_back, arrays * 20))
