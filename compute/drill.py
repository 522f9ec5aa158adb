"""The noop measure: sleeps, fails or allocates on request, for operators' drills and for benchmarks."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from compute.market import Market
from compute.parameters import Kind, Parameter
from compute.portfolio import Portfolio
from compute.result import Checkpoint, Result

SLICE_MS = 50
_MEBIBYTE = 1 << 20


class DrillError(RuntimeError):
    """The drill was asked to fail: an unexpected error, as far as the lifecycle can tell."""


def drill(
    portfolio: Portfolio | None,  # noqa: ARG001 -- the signature of a kernel
    market: Market,  # noqa: ARG001
    parameters: Mapping[str, Any],
    checkpoint: Checkpoint,
) -> Result:
    """Allocate, sleep in slices with a checkpoint after each, then fail or return what was done.

    Parameters
    ----------
    portfolio, market
        Not read.
    parameters
        `sleep_ms`, `allocate_mb` (both whole numbers from 0) and `fail`.
    checkpoint
        Called with milliseconds slept and to sleep, every 50 ms.

    Raises
    ------
    DrillError
        If `fail` is set, after the sleep.
    """
    started = time.perf_counter()
    held = np.ones(parameters["allocate_mb"] * _MEBIBYTE, dtype=np.uint8)
    _sleep(parameters["sleep_ms"], checkpoint)
    if parameters["fail"]:
        raise DrillError("The drill was asked to fail.")
    slept = (time.perf_counter() - started) * 1_000
    return Result(document={"elapsed_ms": slept, "allocated_bytes": int(held.nbytes)})


def _sleep(total_ms: int, checkpoint: Checkpoint) -> None:
    checkpoint(0, total_ms)
    until = time.perf_counter() + total_ms / 1_000
    while (left := until - time.perf_counter()) > 0:
        time.sleep(min(left, SLICE_MS / 1_000))
        checkpoint(min(total_ms, total_ms - int((until - time.perf_counter()) * 1_000)), total_ms)


PARAMETERS = {
    "sleep_ms": Parameter(kind=Kind.INTEGER, default=0, doc="Milliseconds to sleep.", minimum=0, maximum=3_600_000),
    "fail": Parameter(kind=Kind.FLAG, default=False, doc="Whether to fail with an unexpected error."),
    "allocate_mb": Parameter(
        kind=Kind.INTEGER, default=0, doc="Mebibytes to allocate and touch.", minimum=0, maximum=1_024
    ),
}


def work(_positions: int, parameters: Mapping[str, Any]) -> float:
    """Return the milliseconds that the drill will sleep."""
    return float(parameters["sleep_ms"])
