"""The drill does what it says: sleeps in slices, fails on request, and holds the memory that it was asked for."""

from typing import Any

import pytest

from compute.drill import SLICE_MS, DrillError, drill
from compute.errors import CancelledError
from compute.market import Market
from compute.measures import MEASURES
from compute.result import Result, no_checkpoint


def run(checkpoint: Any = no_checkpoint, **parameters: Any) -> Result:
    given = {name: spec.default for name, spec in MEASURES["noop"].parameters.items()} | parameters
    return drill(None, Market(), given, checkpoint)


def test_it_is_a_measure() -> None:
    assert MEASURES["noop"].kernel is drill
    assert not MEASURES["noop"].needs_portfolio


def test_it_reports_between_slices_shorter_than_a_checkpoint_may_be() -> None:
    progress: list[tuple[int, int]] = []
    result = run(lambda done, total: progress.append((done, total)), sleep_ms=4 * SLICE_MS)
    assert SLICE_MS <= 250
    assert progress[0] == (0, 200)
    assert progress[-1] == (200, 200)
    assert len(progress) >= 5
    assert [done for done, _ in progress] == sorted(done for done, _ in progress)
    assert result.document["elapsed_ms"] >= 200


def test_it_stops_at_a_checkpoint() -> None:
    def stop(_done: int, _total: int) -> None:
        raise CancelledError("stop")

    with pytest.raises(CancelledError):
        run(stop, sleep_ms=3_600_000)


def test_it_fails_in_a_way_that_nobody_expects() -> None:
    with pytest.raises(DrillError):
        run(fail=True)


def test_it_allocates() -> None:
    assert run(allocate_mb=3).document["allocated_bytes"] == 3 * 1024 * 1024
