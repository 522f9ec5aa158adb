"""SIMM of a CRIF with 10,000 rows, call and post side, from bytes to totals, against Open Source Risk Engine."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from benchmarks._simm_crif import generate
from benchmarks._simm_ore import Peer
from benchmarks.harness import Line, compare, race
from compute.margin.regulations import SIDES
from compute.margin.requests import SIMM
from compute.margin.simm.calibration import calibration
from compute.margin.simm.model import simm, worst
from services.intake.crif import read_crif

ROWS, SEED = 10_000, 20_261_123
VERSION, DAYS = "2.6", 10
TARGET_RATIO = 10
PEER = "ORE's SimmCalculator, load and calculate"
SUITE = Path(__file__).parents[1] / "tests" / "data" / "simm" / "simm_2.5_crif.csv"
_PARAMETERS = {"model": "simm", **{name: one.default for name, one in SIMM.items()}, "version": VERSION}


def ours(body: bytes) -> dict[str, dict[str, float]]:
    """Return each side's margin by netting set, from the bytes of a CRIF: read, judged, computed."""
    crif = read_crif(body, "margin", _PARAMETERS, name="benchmark", as_of=date(2026, 11, 23))
    table = calibration(VERSION, DAYS)
    found = {side: simm(crif, table, side=side) for side in SIDES}
    return {
        side: {crif.netting_sets[one.netting_set[group]]: float(one.total[group]) for group in worst(one).tolist()}
        for side, one in found.items()
    }


def error(mine: Mapping[str, Mapping[str, float]], peer: Peer) -> float:
    """Return the largest relative difference of a netting set's total on either side."""
    differences = []
    for side, totals in mine.items():
        theirs = peer.totals(side)
        if theirs.keys() != totals.keys():
            raise ValueError("The peer answers for other netting sets.")
        differences += [abs(total - theirs[name]) / max(abs(theirs[name]), 1.0) for name, total in totals.items()]
    return max(differences)


def run() -> Iterator[Line]:
    """Time both, the peer by its own calls to load and to calculate; `error` is the largest difference of a total."""
    suite = SUITE.read_text(encoding="utf-8")
    yield _line("simm", generate(ROWS, seed=SEED), target_ratio=TARGET_RATIO)
    yield _line("simm_published_suite", suite, target_ratio=None)


def _line(name: str, text: str, *, target_ratio: float | None) -> Line:
    body, peer = text.encode(), Peer(text, version=VERSION, mpor_days=DAYS)
    timed = race(lambda: ours(body), peer.run, rounds=7)
    difference = error(ours(body), peer)
    found = compare(name, timed, peer=PEER, target_ratio=target_ratio, error=difference)
    return found | {"rows": text.count("\n") - 1, "netting_sets": len(peer.netting_sets)}
