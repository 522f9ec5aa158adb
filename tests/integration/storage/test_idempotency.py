"""A key is claimed by one request; its answer is stored with the work or not at all."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from storage import idempotency
from storage.database import Connection
from storage.errors import KeyInFlightError, KeyReusedError
from storage.idempotency import Claimed, Finished
from tests.integration.storage.conftest import TENANT, Board


def _claim(board: Board, request: str = "hash", **changes: Any) -> Claimed | Finished:
    found: Claimed | Finished = board.call(idempotency.claim, TENANT, "k", request, **changes)
    return found


def _claimed(board: Board, **changes: Any) -> Claimed:
    found = _claim(board, **changes)
    assert isinstance(found, Claimed)
    return found


def _complete(connection: Connection, claimed: Claimed) -> None:
    idempotency.complete(connection, TENANT, "k", claimed.claim, status=202, headers={"Location": "/x"}, body=b"{}")


def test_the_answer_is_given_again(board: Board) -> None:
    board.call(_complete, _claimed(board))

    assert _claim(board) == Finished(status=202, headers={"Location": "/x"}, body=b"{}")


def test_another_body_under_the_same_key_is_refused_in_flight_and_after(board: Board) -> None:
    claimed = _claimed(board)
    with pytest.raises(KeyReusedError):
        _claim(board, "other")
    board.call(_complete, claimed)
    with pytest.raises(KeyReusedError):
        _claim(board, "other")


def test_a_repeat_in_flight_is_refused(board: Board) -> None:
    _claimed(board)

    with pytest.raises(KeyInFlightError):
        _claim(board)


def test_a_claim_whose_lease_is_over_can_be_taken_and_the_slow_one_cannot_complete(board: Board) -> None:
    slow = _claimed(board, lease_seconds=0.0)
    fast = _claimed(board)
    assert fast.claim != slow.claim

    with pytest.raises(KeyInFlightError, match="taken"):
        board.call(_complete, slow)
    board.call(_complete, fast)
    with pytest.raises(KeyInFlightError):
        board.call(_complete, slow)


def test_a_slow_request_completes_if_nobody_repeated_it(board: Board) -> None:
    board.call(_complete, _claimed(board, lease_seconds=0.0))

    assert isinstance(_claim(board), Finished)


def test_the_answer_is_undone_with_the_work(board: Board) -> None:
    claimed = _claimed(board)

    def complete_and_break(connection: Connection) -> None:
        _complete(connection, claimed)
        raise KeyError

    with pytest.raises(KeyError):
        board.call(complete_and_break)
    with pytest.raises(KeyInFlightError):
        _claim(board)


def test_a_released_key_is_free_also_for_another_body(board: Board) -> None:
    board.call(idempotency.release, TENANT, "k", _claimed(board).claim)

    assert isinstance(_claim(board, "other"), Claimed)


def test_release_needs_the_claim_and_leaves_answers_alone(board: Board) -> None:
    claimed = _claimed(board)
    board.call(idempotency.release, TENANT, "k", uuid4())
    board.call(_complete, claimed)
    board.call(idempotency.release, TENANT, "k", claimed.claim)

    assert isinstance(_claim(board), Finished)


def test_of_several_at_once_one_claims(board: Board) -> None:
    def attempt(_number: int) -> bool:
        try:
            return isinstance(_claim(board), Claimed)
        except KeyInFlightError:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == [False, False, False, True]


def test_tenants_have_keys_of_their_own(board: Board) -> None:
    _claimed(board)

    assert isinstance(board.call(idempotency.claim, "other", "k", "hash"), Claimed)


def test_old_keys_are_forgotten(board: Board) -> None:
    _claimed(board)
    age = text("UPDATE idempotency_keys SET created_at = created_at - interval '3 days'")
    board.call(lambda connection: connection.execute(age))
    board.call(idempotency.claim, "other", "k", "hash")

    assert board.call(idempotency.prune, older_than_days=2.0) == 1
    assert isinstance(_claim(board), Claimed)
