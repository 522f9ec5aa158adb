"""Time us and the peer in one run; the lines that a benchmark yields."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

Line = dict[str, Any]
COMPARISON = ("name", "ours_ms", "peer", "peer_ms", "ratio", "target_ratio", "error")
FIGURE = ("name", "metric", "value", "unit", "limit", "sense")


@dataclass(frozen=True, kw_only=True)
class Race:
    """Medians of interleaved runs, in milliseconds."""

    ours_ms: float
    peer_ms: float


@contextmanager
def _no_collector() -> Iterator[None]:
    """Keep the cyclic collector out of the timed runs, as `timeit` does."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - start) / 1e6


def race(ours: Callable[[], object], peer: Callable[[], object], *, rounds: int = 15, warm_up: int = 2) -> Race:
    """Run both `warm_up` times untimed, then `rounds` times in turn; return the medians."""
    for _ in range(warm_up):
        ours()
        peer()
    ours_ms, peer_ms = [], []
    with _no_collector():
        for _ in range(rounds):
            ours_ms.append(_timed(ours))
            peer_ms.append(_timed(peer))
    return Race(ours_ms=statistics.median(ours_ms), peer_ms=statistics.median(peer_ms))


def compare(name: str, timed: Race, *, peer: str, target_ratio: float | None, error: float) -> Line:
    """Return a line against a peer; `error` is the check against the slow reference, smaller is better."""
    return {
        "name": name,
        "ours_ms": timed.ours_ms,
        "peer": peer,
        "peer_ms": timed.peer_ms,
        "ratio": timed.peer_ms / timed.ours_ms,
        "target_ratio": target_ratio,
        "error": error,
    }


def figure(
    name: str, metric: str, value: float, *, unit: str, limit: float | None, sense: Literal["max", "min"]
) -> Line:
    """Return a line without a peer; `sense` says whether the limit is a maximum or a minimum."""
    return {"name": name, "metric": metric, "value": value, "unit": unit, "limit": limit, "sense": sense}


def check_line(line: Line) -> Line:
    """Return the line; raise ValueError if a field is missing."""
    wanted = COMPARISON if "ours_ms" in line else FIGURE
    missing = [name for name in wanted if name not in line]
    if missing:
        raise ValueError(f"A benchmark line of {line.get('name')!r} lacks {', '.join(missing)}.")
    return line


def met(line: Line) -> bool | None:
    """Say whether a line's target is met; None where it has none."""
    if "ours_ms" in line:
        target = line["target_ratio"]
        return None if target is None else bool(line["ratio"] >= target)
    limit = line["limit"]
    if limit is None:
        return None
    return bool(line["value"] <= limit if line["sense"] == "max" else line["value"] >= limit)
