"""What is tried again and what is not, and what the caller is told."""

import pytest

from compute.errors import HistoryError, InputError, MissingRateError, NonFiniteError
from core.errors import Fault
from core.names import Queue
from services.errors import InvalidInputError, NotFoundError
from services.failures import (
    LONGEST_RETRY_SECONDS,
    deadline_problem,
    failure_of,
    lost_worker_problem,
    problem,
    retry_seconds,
    unserved_problem,
)


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (InputError("no"), "input-invalid", 422),
        (MissingRateError("no"), "fx-rate-missing", 422),
        (HistoryError("no"), "history-unusable", 422),
        (NonFiniteError("no"), "calculation-invalid", 500),
        (InvalidInputError([Fault(detail="no")]), "invalid-input", 422),
        (NotFoundError("portfolio", "x"), "not-found", 422),
    ],
)
def test_what_the_input_explains_is_not_tried_again(error: Exception, code: str, status: int) -> None:
    failure = failure_of(error, attempt=1)
    assert (failure.code, failure.problem["status"], failure.retry_in_seconds) == (code, status, None)
    assert failure.problem["type"] == f"/problems/{code}"


@pytest.mark.parametrize("error", [RuntimeError("boom"), MemoryError(), OSError("disk")])
def test_the_unexpected_is_tried_again(error: Exception) -> None:
    failure = failure_of(error, attempt=1)
    assert failure.code == "job-failed"
    assert failure.retry_in_seconds == retry_seconds(1)
    assert type(error).__name__ in failure.problem["detail"]


def test_pauses_double_up_to_a_limit() -> None:
    pauses = [retry_seconds(attempt) for attempt in range(1, 12)]
    assert pauses[:4] == [1.0, 2.0, 4.0, 8.0]
    assert max(pauses) == LONGEST_RETRY_SECONDS
    assert pauses == sorted(pauses)


def test_a_message_that_json_or_postgres_cannot_hold_is_cleaned() -> None:
    detail = failure_of(RuntimeError("a\0b\nc" + "x" * 1_000), attempt=1).problem["detail"]
    assert "\0" not in detail
    assert "\n" not in detail
    assert len(detail) < 600


def test_pointers_are_kept_and_empty_members_left_out() -> None:
    fault = Fault(pointer="/portfolio/fx", detail="No rate.", remedy="Add one.")
    document = problem("x", 422, "T", "D", faults=(fault,))
    assert document["errors"] == [{"pointer": "/portfolio/fx", "detail": "No rate.", "remedy": "Add one."}]
    assert "remedy" not in document


def test_the_ends_that_nobody_asked_for() -> None:
    assert deadline_problem()["code"] == "deadline-passed"
    assert lost_worker_problem()["code"] == "worker-lost"
    waited = unserved_problem(Queue.ANE_BULK)
    assert waited["code"] == "device-unavailable"
    assert "ane" in waited["detail"]
