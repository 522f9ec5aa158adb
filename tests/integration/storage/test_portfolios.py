"""Portfolios keep every version; writers of one portfolio take turns; a page shows the latest of each."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from storage import portfolios
from storage.columns import pack
from storage.errors import CursorError, VersionConflictError
from storage.portfolios import StoredPortfolio
from tests.integration.storage.conftest import TENANT, Board


def _put(board: Board, content: object = 1, portfolio_id: str = "p", **changes: Any) -> StoredPortfolio:
    given: dict[str, Any] = {"name": "P", "currency": "USD", "position_count": 3, "actor": "ann"}
    packed = pack({"content": content}, {})
    stored = board.call(portfolios.put, TENANT, portfolio_id, packed=packed, **(given | changes))
    assert isinstance(stored, StoredPortfolio)
    return stored


def _delete(board: Board, **changes: Any) -> StoredPortfolio | None:
    deleted: StoredPortfolio | None = board.call(portfolios.delete, TENANT, "p", actor="bob", **changes)
    return deleted


def test_the_first_version(board: Board) -> None:
    stored = _put(board)

    assert (stored.version, stored.deleted, stored.created_by) == (1, False, "ann")
    assert stored.columns == pack({"content": 1}, {}).data
    assert board.call(portfolios.get, TENANT, "p") == stored


def test_new_content_is_a_new_version_and_the_old_one_stays(board: Board) -> None:
    first, second = _put(board, 1), _put(board, 2)

    assert second.version == 2
    assert board.call(portfolios.get, TENANT, "p") == second
    assert board.call(portfolios.get, TENANT, "p", 1) == first
    assert board.call(portfolios.get, TENANT, "p", 3) is None


def test_equal_content_is_the_same_version(board: Board) -> None:
    first = _put(board)

    assert _put(board, actor="bob") == first
    assert len(board.call(portfolios.versions, TENANT, "p")) == 1


def test_content_of_an_earlier_version_is_a_new_version(board: Board) -> None:
    for content in (1, 2, 1):
        stored = _put(board, content)

    assert stored.version == 3


def test_another_name_is_a_new_version(board: Board) -> None:
    _put(board)

    assert _put(board, name="Q").version == 2


@pytest.mark.parametrize("expected", [0, 2, 7])
def test_another_version_than_expected_is_a_conflict(board: Board, expected: int) -> None:
    _put(board)

    with pytest.raises(VersionConflictError, match=f"is 1, not {expected}"):
        _put(board, 2, expected_version=expected)
    with pytest.raises(VersionConflictError):
        _delete(board, expected_version=expected)


def test_the_expected_version_is_accepted(board: Board) -> None:
    assert _put(board, 1, expected_version=0).version == 1
    assert _put(board, 2, expected_version=1).version == 2
    deleted = _delete(board, expected_version=2)
    assert deleted is not None
    assert _put(board, 2, expected_version=0).version == 4


def test_a_deleted_portfolio_is_gone_but_its_versions_are_kept(board: Board) -> None:
    first = _put(board)

    deleted = _delete(board)

    assert deleted is not None
    assert (deleted.version, deleted.deleted, deleted.columns, deleted.created_by) == (2, True, None, "bob")
    assert board.call(portfolios.get, TENANT, "p") is None
    assert board.call(portfolios.get, TENANT, "p", 1) == first
    assert [info.version for info in board.call(portfolios.versions, TENANT, "p")] == [2, 1]
    assert board.call(portfolios.page, TENANT) == ([], None)
    assert _delete(board) is None


def test_what_never_was_cannot_be_deleted(board: Board) -> None:
    assert _delete(board) is None


def test_writers_take_turns(board: Board) -> None:
    with ThreadPoolExecutor(4) as pool:
        stored = list(pool.map(lambda content: _put(board, content), range(8)))

    assert sorted(portfolio.version for portfolio in stored) == list(range(1, 9))


def test_of_two_conditional_writers_one_wins(board: Board) -> None:
    def write(content: int) -> bool:
        try:
            return bool(_put(board, content, expected_version=0))
        except VersionConflictError:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(write, [1, 2])) == [False, True]


def test_pages_hold_the_latest_version_of_each(board: Board) -> None:
    for name in ("c", "a", "b", "é/ü"):
        _put(board, 1, name)
    _put(board, 2, "b")

    first, cursor = board.call(portfolios.page, TENANT, limit=2)
    second, end = board.call(portfolios.page, TENANT, cursor=cursor, limit=2)

    assert [(info.id, info.version) for info in first + second] == [("a", 1), ("b", 2), ("c", 1), ("é/ü", 1)]
    assert end is None
    assert board.call(portfolios.count, TENANT) == 4
    with pytest.raises(CursorError):
        board.call(portfolios.page, TENANT, cursor="?")


def test_tenants_do_not_see_each_other(board: Board) -> None:
    _put(board)

    assert board.call(portfolios.get, "other", "p") is None
    assert board.call(portfolios.versions, "other", "p") == []
    assert board.call(portfolios.page, "other") == ([], None)
    assert board.call(portfolios.count, "other") == 0
