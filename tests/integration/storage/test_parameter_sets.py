"""Versions of parameter sets stay as they were written; activations too; what is active is read by date and moment."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from core.names import SetState
from storage import parameter_activations, parameter_sets
from storage.errors import VersionConflictError
from storage.parameter_sets import StoredSet
from tests.integration.storage.conftest import TENANT, Board

OPEN = (SetState.DRAFT, SetState.SUBMITTED, SetState.APPROVED)


def put(board: Board, name: str = "desk", content: float = 1.0, **changes: Any) -> StoredSet:
    given: dict[str, Any] = {
        "model": "house",
        "document": {"rate": content, "large": 1e22, "text": "é"},
        "content_hash": f"hash {content}",
        "note": "",
        "actor": "ann",
    }
    found, _ = board.call(parameter_sets.put, TENANT, name, **(given | changes))
    assert isinstance(found, StoredSet)
    return found


def move(board: Board, found: StoredSet, target: SetState, actor: str = "bob") -> StoredSet | None:
    moved = board.call(parameter_sets.move, found, sources=OPEN, target=target, actor=actor)
    assert moved is None or isinstance(moved, StoredSet)
    return moved


def activate(board: Board, found: StoredSet, **changes: Any) -> parameter_activations.Activation:
    given: dict[str, Any] = {
        "tenant": TENANT,
        "model": "house",
        "set_name": found.name,
        "set_version": found.version,
        "active_from": None,
        "action": "activate",
        "reason": "",
        "actor": "bob",
    }
    added = board.call(parameter_activations.add, **(given | changes))
    assert isinstance(added, parameter_activations.Activation)
    return added


def active(board: Board, **query: Any) -> str | None:
    with board.database.read() as conn:
        found = parameter_activations.active(conn, TENANT, "house", **query)
    return None if found is None else found.activation.reference


def test_equal_content_makes_no_new_version(board: Board) -> None:
    first, same, other = put(board), put(board, actor="bob"), put(board, content=2.0)
    assert (first.version, same.version, same.created_by, other.version) == (1, 1, "ann", 2)
    assert other.document == {"rate": 2.0, "large": 1e22, "text": "é"}
    with pytest.raises(VersionConflictError):
        put(board, content=3.0, expected=first.tag)
    assert put(board, content=3.0, expected=other.tag).version == 3
    with board.database.read() as conn:
        assert parameter_sets.get(conn, "other", "desk") is None


def test_a_step_is_taken_once(board: Board) -> None:
    found = put(board)
    assert move(board, found, SetState.SUBMITTED) is not None
    assert move(board, found, SetState.SUBMITTED) is None


def test_the_database_itself_refuses_the_author(board: Board) -> None:
    with pytest.raises(IntegrityError, match="second_person"):
        move(board, put(board), SetState.APPROVED, actor="ann")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM parameter_sets",
        "TRUNCATE parameter_sets CASCADE",
        "UPDATE parameter_sets SET document = '{}'",
        "UPDATE parameter_sets SET created_by = 'bob'",
        "UPDATE parameter_sets SET approved_by = 'carl'",
        "DELETE FROM parameter_set_activations",
        "TRUNCATE parameter_set_activations",
        "UPDATE parameter_set_activations SET active_from = '2000-01-01'",
        "UPDATE parameter_set_activations SET reason = 'x'",
    ],
)
def test_what_was_written_stays(board: Board, statement: str) -> None:
    found = move(board, put(board), SetState.APPROVED)
    assert found is not None
    activate(board, found)
    with pytest.raises(ProgrammingError, match="stay as they are"), board.database.unit_of_work() as conn:
        conn.execute(text(statement))


def test_what_is_active_follows_date_and_moment(board: Board) -> None:
    one, two, three = (put(board, content=value) for value in (1.0, 2.0, 3.0))
    with board.database.read() as conn:
        today = parameter_activations.today(conn)
    assert active(board) is None
    first = activate(board, one)
    later = activate(board, two, active_from=today + timedelta(days=10))
    again = activate(board, three)
    assert active(board) == "desk@3"
    assert active(board, day=today + timedelta(days=9)) == "desk@3"
    assert active(board, day=today + timedelta(days=10)) == "desk@2"
    assert active(board, day=today - timedelta(days=1)) is None
    assert active(board, day=date(2999, 1, 1), known_at=first.created_at) == "desk@1"
    assert active(board, known_at=again.created_at) == "desk@3"

    gone = board.call(parameter_activations.withdraw, TENANT, later.id, actor="bob")
    assert active(board, day=today + timedelta(days=10)) == "desk@3"
    assert active(board, day=today + timedelta(days=10), known_at=again.created_at) == "desk@2"
    assert gone.withdrawn_by == "bob"
    for activation in (later, first):
        assert board.call(parameter_activations.withdraw, TENANT, activation.id, actor="bob") is None
    with board.database.read() as conn:
        assert parameter_activations.active(conn, "other", "house") is None


def test_an_activation_names_one_thing(board: Board) -> None:
    found = put(board)
    with pytest.raises(IntegrityError, match="one_target"):
        activate(board, found, packaged="1.0")
    with pytest.raises(IntegrityError, match="fk_"):
        activate(board, found, set_version=9)
    assert activate(board, found, set_name=None, set_version=None, packaged="1.0").reference == "packaged@1.0"
