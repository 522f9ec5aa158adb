import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.errors import InputError
from compute.simulation import reference
from compute.simulation.philox import random_words, split_seed

# Random123, tests/kat_vectors, lines `philox4x32 10`.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_known_answers(counter: tuple[int, ...], key: tuple[int, ...], expected: tuple[int, ...]) -> None:
    words = random_words(np.array([counter], np.uint32), np.array(key, np.uint32))
    assert words[0].tolist() == list(expected)
    slow = reference.philox(np.array([counter], np.uint64), (key[0], key[1]))
    assert slow[0].tolist() == list(expected)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_kernel_equals_the_slow_reference(salt: int, seed: int) -> None:
    counters = np.random.default_rng(salt).integers(0, 2**32, (37, 4), dtype=np.uint32)
    low, high = split_seed(seed)
    fast = random_words(counters, np.array([low, high], np.uint32))
    np.testing.assert_array_equal(fast, reference.philox(counters.astype(np.uint64), (int(low), int(high))))


def test_both_key_words_matter() -> None:
    counters = np.zeros((1, 4), np.uint32)
    drawn = [random_words(counters, np.array(key, np.uint32)).tolist() for key in ((1, 0), (0, 1), (0, 0))]
    assert drawn[0] != drawn[1] != drawn[2] != drawn[0]


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_outside_64_bits_is_refused(seed: int) -> None:
    with pytest.raises(InputError, match="64 bits"):
        split_seed(seed)


def test_seed_splits_low_word_first() -> None:
    assert [int(word) for word in split_seed(2**64 - 2)] == [0xFFFFFFFE, 0xFFFFFFFF]
