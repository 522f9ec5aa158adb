"""A cluster of small children, started as `python -m tests.integration.embedded.dummies STATE_DIR PORT KIND…`."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import typer

from core.errors import CollateralError
from embedded.child import Child, Patience
from embedded.cluster import Plan
from embedded.lifecycle import up
from embedded.probes import http_ok, pulse
from embedded.program import MARK, Program
from embedded.state import Layout
from embedded.supervisor import Stage

QUICK = Patience(silence_seconds=1.5, probe_seconds=0.3, backoff_seconds=0.1, start_seconds=60)


def plan_of(kinds: list[str], layout: Layout, ports: Mapping[str, int]) -> Plan:
    stages = tuple(Stage(children=(_child(layout, ports, kind),)) for kind in kinds)
    return Plan(layout=layout, ports=ports, environment={}, stages=stages)


def _child(layout: Layout, ports: Mapping[str, int], kind: str) -> Child:
    port = ports["api"]
    argument = f"http:{port}" if kind == "http" else kind
    environment = {
        **os.environ,
        MARK: str(layout.root),
        "COLLATERAL_PULSE_FILE": str(layout.pulses / kind),
        "PYTHONPATH": str(Path.cwd()),
    }
    program = Program(
        command=(sys.executable, "-m", "tests.integration.embedded.dummy", argument),
        environment=environment,
        log=layout.logs / f"{kind}.log",
        stop_seconds=5.0,
    )
    probe = http_ok(port, "/") if kind == "http" else pulse(layout.pulses / kind)
    return Child(role=kind, runner=program, ready=probe, alive=probe, patience=QUICK)


def main() -> None:
    folder, port, *kinds = sys.argv[1:]

    async def ready(_plan: Plan) -> None:
        typer.echo("READY")

    try:
        up(
            Path(folder),
            port=int(port),
            tell=lambda *words: typer.echo(" ".join(words)),
            on_ready=ready,
            plan_of=lambda layout, ports: plan_of(kinds, layout, ports),
        )
    except CollateralError as error:
        sys.exit(f"{error.detail} {error.remedy}")


if __name__ == "__main__":
    main()
