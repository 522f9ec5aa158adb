"""What-if on a resident book against the same question answered from nothing.

In process: 50 legs (40 new, 5 changed, 5 closed, new ones each time) on 10,000 American options under portfolio_margin,
against the margin of the book after them computed in full; the error is the largest relative difference of any figure.
A second line is the same on European options, whose revaluation is cheap.

Over HTTP: the house model, five legs on a stored book of 10,000 positions, each answer persisted and audited, over one
keep-alive connection to one API process. A core's rate is what one second of the API process's processor time answers
(its user and system time over all threads; Postgres has its own); the rate of the one connection, which also waits for
Postgres, stands beside it.
"""

import json
import statistics
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import psutil

from benchmarks._option_book import book
from benchmarks._served import Caller, our_api, stores
from benchmarks.harness import Line, compare, figure, race
from benchmarks.margin_http import body
from compute.analysis.figures import figures
from compute.analysis.whatif.basket import Basket, applied
from compute.market import Market
from compute.measures import MEASURES
from compute.resident import Resident
from compute.result import no_checkpoint

SIZE, NEW, TOUCHED = 10_000, 40, 5
TARGET_RATIO, RATE, P99_MS = 10.0, 200.0, 15.0
CALLS, WARM_UP = 1_500, 100
_ROUTE, _STORED = "/api/v1/collateral/whatif", "benchmark"
_MODEL = "portfolio_margin"


class _Desk:
    """Asks a fresh what-if of a resident book, and the same from nothing."""

    def __init__(self, exercise: str) -> None:
        self._exercise = exercise
        self._book = book(SIZE, 1, exercise=exercise)
        self._market = Market(resident=Resident())
        self._whatif = MEASURES["whatif"].models[_MODEL]
        self._margin = MEASURES["margin"].models[_MODEL]
        self._asked = 0

    def _basket(self) -> Basket:
        first = (self._asked * 2 * TOUCHED) % (SIZE - 2 * TOUCHED)
        return Basket(
            added=book(NEW, 1_000 + self._asked, "n", exercise=self._exercise),
            changed={f"p{first + index}": 0.5 for index in range(TOUCHED)},
            closed=tuple(f"p{first + TOUCHED + index}" for index in range(TOUCHED)),
        )

    def asked(self) -> dict[str, Any]:
        """Return the figures after the next basket, of the resident book."""
        self._asked += 1
        given = {name: each.default for name, each in self._whatif.parameters.items()}
        found = self._whatif.kernel(self._book, self._market, {**given, "basket": self._basket()}, no_checkpoint)
        return dict(found.document["after"])

    def afresh(self) -> dict[str, Any]:
        """Return the same figures of the latest basket, from nothing."""
        given = {name: each.default for name, each in self._margin.parameters.items()}
        return figures(self._margin.kernel(applied(self._basket(), self._book), Market(), given, no_checkpoint))


def _line(exercise: str, target: float | None) -> Line:
    desk = _Desk(exercise)
    desk.asked()
    one, other = desk.asked(), desk.afresh()
    error = max(abs(one[name] - other[name]) / max(1.0, abs(other[name])) for name in one if one[name] is not None)
    timed = race(desk.asked, desk.afresh, rounds=9)
    return compare(f"whatif {exercise}", timed, peer="full recomputation", target_ratio=target, error=error)


def _baskets() -> Iterator[bytes]:
    """Yield requests without end: sell some of three positions, buy two new ones."""
    asked = 0
    while True:
        asked += 1
        trades: list[dict[str, Any]] = [
            {"id": f"position-{(asked * 7 + index) % SIZE:06d}", "quantity": 10 + asked % 50} for index in range(3)
        ]
        trades += [{"symbol": f"SYM{(asked + index) % 3000:04d}", "quantity": -100} for index in range(2)]
        limits = {"utilization": {"max": 0.9}}
        yield json.dumps(
            {"portfolio_id": _STORED, "parameters": {"basket": {"trades": trades}, "limits": limits}}
        ).encode()


def _timed(caller: Caller, request: bytes) -> float:
    began = time.perf_counter()
    caller.post(_ROUTE, request)
    return 1e3 * (time.perf_counter() - began)


def _server(port: int) -> psutil.Process:
    """Return the process that listens on a port, of those that this one started."""
    for child in psutil.Process().children(recursive=True):
        if any(each.laddr.port == port and each.status == "LISTEN" for each in child.net_connections("tcp")):
            return child
    raise RuntimeError(f"Nothing of ours listens on port {port}.")


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def run() -> Iterator[Line]:
    """Time both."""
    yield _line("american", TARGET_RATIO)
    yield _line("european", None)
    with stores() as found, our_api(found) as port:
        caller = Caller(port, found.token)
        caller.post(
            f"/api/v1/portfolios/{_STORED}", json.dumps(json.loads(body(SIZE))["portfolio"]).encode(), method="PUT"
        )
        requests = _baskets()
        for request in islice(requests, WARM_UP):
            caller.post(_ROUTE, request)
        server = _server(port)
        used, taken = _seconds(server), [_timed(caller, request) for request in islice(requests, CALLS)]
        used = _seconds(server) - used
        caller.close()
    yield figure("whatif", "house over HTTP, per core", CALLS / used, unit="a second", limit=RATE, sense="min")
    one = 1e3 / statistics.fmean(taken)
    yield figure("whatif", "house over HTTP, one connection", one, unit="a second", limit=None, sense="min")
    p99 = statistics.quantiles(taken, n=100)[98]
    yield figure("whatif", "house over HTTP, p99", p99, unit="ms", limit=P99_MS, sense="max")
