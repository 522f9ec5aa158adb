"""A cache that is closed while another thread asks: the one who asks has no answer, and no error."""

import pytest

from storage.cache import Cache


def _closed_socket() -> None:
    raise ValueError("I/O operation on closed file.")


def test_a_socket_closed_under_a_reader_is_no_error_once_the_cache_is_closed() -> None:
    cache = Cache("redis://127.0.0.1:1", ttl_seconds=1)
    with pytest.raises(ValueError, match="closed file"):
        cache._ask("something", _closed_socket)
    cache.close()
    assert cache._ask("something", _closed_socket) is None
