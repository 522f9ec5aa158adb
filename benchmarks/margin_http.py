"""POST margin/calculate with 10,000 positions, persisted and audited, against FastAPI parsing the same body.

Both are real uvicorn servers on loopback, called in turn over one keep-alive connection each by the same client. Ours
reads, judges, computes margin and offsets, stores inputs, result and audit row in one durable transaction, and answers;
the peer has the body as a pydantic model parameter and answers with the number of positions. The error is the largest
relative difference of our answer to the house model in plain Python.

A second line is 100 positions on their own.
"""

import json
import random
from collections.abc import Iterator
from typing import Any

from benchmarks._house_reference import margins
from benchmarks._served import Caller, our_api, serving, stores
from benchmarks.harness import Line, compare, figure, race
from compute.margin.tables import house_set
from compute.portfolio import Portfolio
from embedded.server import free_port
from services.intake.decode import decode_margin

PATH = "/api/v1/collateral/margin/calculate"
LARGE, SMALL = 10_000, 100
TARGET_RATIO, SMALL_LIMIT_MS = 3.5, 4.0
ROUNDS, SMALL_ROUNDS = 101, 301
_CLASSES = ("equity", "equity", "equity", "bond", "fx", "commodity", "crypto")


def body(size: int, seed: int = 7) -> bytes:
    """Return a request of `size` positions, long and short, in six sectors."""
    draw = random.Random(seed)  # noqa: S311
    return json.dumps({"portfolio": _portfolio(size, draw)}).encode()


def _portfolio(size: int, draw: random.Random) -> dict[str, Any]:
    return {
        "id": "benchmark",
        "name": "Benchmark book",
        "available_cash": 5e8,
        "currency": "USD",
        "as_of": "2025-06-30",
        "positions": [_position(index, draw) for index in range(size)],
    }


def _position(index: int, draw: random.Random) -> dict[str, Any]:
    price = round(draw.uniform(5, 500), 2)
    return {
        "id": f"position-{index:06d}",
        "symbol": f"SYM{index % 3000:04d}",
        "quantity": draw.choice([-1, 1]) * draw.randrange(1, 5000),
        "price": price,
        "asset_class": _CLASSES[index % 3000 % len(_CLASSES)],
        "sector": f"sector-{index % 3000 % 6}",
        "settlement_price": round(price * draw.uniform(0.98, 1.02), 2),
    }


def difference(answer: bytes, request: bytes) -> float:
    """Return the largest relative difference of an answer to the model in plain Python."""
    portfolio = decode_margin(request).job.portfolio
    if not isinstance(portfolio, Portfolio):
        raise TypeError("the benchmark's body has no portfolio")
    exact = margins(portfolio, house_set())
    found = json.loads(answer)["data"]["margin_requirement"]
    pairs = (
        (found["gross_initial_margin"], exact.gross_initial),
        (found["net_initial_margin"], exact.initial),
        (found["maintenance_margin"], exact.maintenance),
        (found["variation_margin"], exact.variation),
    )
    return max(float(abs(one - other) / abs(other)) for one, other in pairs)


def run() -> Iterator[Line]:
    """Time us and the peer."""
    peer_port = free_port()
    large, small = body(LARGE), body(SMALL)
    peer_server = serving(["benchmarks._margin_http_peer", str(peer_port)], peer_port, "/ready", {})
    with stores() as found, our_api(found) as port, peer_server:
        ours, peer = Caller(port, found.token), Caller(peer_port)
        error = difference(ours.post(PATH, large), large)
        timed = race(lambda: ours.post(PATH, large), lambda: peer.post("/parse", large), rounds=ROUNDS, warm_up=10)
        yield compare(
            "margin_http", timed, peer="FastAPI pydantic model parameter", target_ratio=TARGET_RATIO, error=error
        )
        alone = race(
            lambda: ours.post(PATH, small), lambda: peer.post("/parse", small), rounds=SMALL_ROUNDS, warm_up=30
        )
        yield figure(
            "margin_http", f"p50, {SMALL} positions", alone.ours_ms, unit="ms", limit=SMALL_LIMIT_MS, sense="max"
        )
        ours.close()
        peer.close()
