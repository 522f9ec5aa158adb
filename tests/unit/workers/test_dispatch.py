"""The dispatcher: never in the way of a request, whatever the broker does."""

import threading
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from core.names import Queue
from core.settings import Settings
from workers.dispatch import Dispatcher, Publisher

SETTINGS = Settings(redis_url="redis://127.0.0.1:1")


class Recorder(Publisher):
    """A publisher that keeps what it is given, can be held, and can be made to fail."""

    def __init__(self, _settings: Settings) -> None:
        self.sent: list[UUID] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.failures: list[Exception] = []
        self.resets = 0

    def send(self, job_id: UUID, queue: Queue) -> None:
        self.entered.set()
        self.gate.wait(60)
        if self.failures:
            raise self.failures.pop()
        assert queue is Queue.CPU_RT
        self.sent.append(job_id)

    def reset(self) -> None:
        self.resets += 1

    def close(self) -> None:
        self.gate.set()


class Marks:
    """Remembers what was marked as sent."""

    def __init__(self) -> None:
        self.marked: list[tuple[UUID, str]] = []
        self.came = threading.Event()

    def __call__(self, sends: Sequence[tuple[UUID, str]]) -> None:
        self.marked.extend(sends)
        self.came.set()


def make(recorder: Recorder, marks: Marks, *, capacity: int = 100) -> Dispatcher:
    return Dispatcher(SETTINGS, marks, epoch=lambda: "e1", publisher=lambda _settings: recorder, capacity=capacity)


def test_what_is_submitted_is_sent_and_marked_with_the_epoch() -> None:
    recorder, marks = Recorder(SETTINGS), Marks()
    dispatcher = make(recorder, marks)
    ids = [uuid4() for _ in range(5)]
    assert all(dispatcher.submit(job_id, Queue.CPU_RT) for job_id in ids)
    dispatcher.close()
    assert recorder.sent == ids
    assert marks.marked == [(job_id, "e1") for job_id in ids]


def test_a_held_broker_holds_no_submitter_and_a_full_buffer_drops() -> None:
    recorder, marks = Recorder(SETTINGS), Marks()
    recorder.gate.clear()
    dispatcher = make(recorder, marks, capacity=2)
    first = uuid4()
    assert dispatcher.submit(first, Queue.CPU_RT)
    assert recorder.entered.wait(60)  # the thread is stuck in the broker with the first
    waiting = [uuid4(), uuid4()]
    assert [dispatcher.submit(job_id, Queue.CPU_RT) for job_id in waiting] == [True, True]
    assert not dispatcher.submit(uuid4(), Queue.CPU_RT)
    recorder.gate.set()
    dispatcher.close()
    assert recorder.sent == [first, *waiting]


@pytest.mark.parametrize("failure", [ConnectionError("gone"), ValueError("unexpected")])
def test_a_failed_send_is_left_to_the_reconciler_and_the_thread_lives_on(
    failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.dispatch.PAUSE_AFTER_FAILURE_SECONDS", 0.0)
    recorder, marks = Recorder(SETTINGS), Marks()
    recorder.failures = [failure]
    dispatcher = make(recorder, marks)
    lost, kept = uuid4(), uuid4()
    dispatcher.submit(lost, Queue.CPU_RT)
    assert recorder.entered.wait(60)
    while not recorder.resets:
        threading.Event().wait(0.005)
    dispatcher.submit(kept, Queue.CPU_RT)
    dispatcher.close()
    assert recorder.sent == [kept]
    assert marks.marked == [(kept, "e1")]


def test_marks_that_fail_do_not_end_the_thread() -> None:
    recorder = Recorder(SETTINGS)
    calls: list[int] = []

    def refuse(sends: Sequence[tuple[UUID, str]]) -> None:
        calls.append(len(sends))
        raise RuntimeError("no database")

    dispatcher = Dispatcher(SETTINGS, refuse, publisher=lambda _settings: recorder)
    for _ in range(2):
        dispatcher.submit(uuid4(), Queue.CPU_RT)
    dispatcher.close()
    assert len(recorder.sent) == 2
    assert sum(calls) == 2


def test_nothing_is_taken_after_the_end() -> None:
    dispatcher = make(Recorder(SETTINGS), Marks())
    dispatcher.close()
    assert not dispatcher.submit(uuid4(), Queue.CPU_RT)
