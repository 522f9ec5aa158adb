"""The one-machine cluster: what runs, in which order, with which settings."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from core.names import Queue
from core.security import make_keys
from embedded.child import Child
from embedded.postgres import Postgres
from embedded.probes import Probe, http_ok, postgres_answers, pulse, valkey_answers
from embedded.program import MARK, Program
from embedded.server import kept_password
from embedded.state import Layout, write_private
from embedded.steps import both, compiled, migrated
from embedded.supervisor import Stage
from embedded.valkey import Valkey

COMMAND = (sys.executable, "-m", "cli.main")
_BULK_LIMIT = 2
"""Bulk slots of the idle cluster: each holds the numerics, and the whole is to stay under 1.3 GB."""
_BULK_NICE = 5  # on one machine, overnight work gives way to whoever waits


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a supervisor needs to know before it starts."""

    layout: Layout
    ports: Mapping[str, int]
    environment: Mapping[str, str]
    stages: tuple[Stage, ...]

    @property
    def urls(self) -> dict[str, str]:
        """The addresses that people use."""
        return {
            "api": f"http://127.0.0.1:{self.ports['api']}",
            "docs": f"http://127.0.0.1:{self.ports['api']}/docs",
            "flower": f"http://127.0.0.1:{self.ports['flower']}",
            "metrics": f"http://127.0.0.1:{self.ports['metrics']}/metrics",
        }


def make_plan(layout: Layout, ports: Mapping[str, int], environ: Mapping[str, str] | None = None) -> Plan:
    """Make keys and passwords where there are none, and return what is to be started."""
    environ = os.environ if environ is None else environ
    make_keys(layout.private_key, layout.public_key)
    shutil.rmtree(layout.metrics, ignore_errors=True)
    shutil.rmtree(layout.pulses, ignore_errors=True)
    layout.prepare()
    postgres = Postgres(layout.root / "postgres", port=ports["postgres"])
    valkey = Valkey(layout.root / "valkey", port=ports["valkey"])
    told = _environment(layout, ports, postgres, valkey, environ)
    write_private(layout.environment_file, {**told, "COLLATERAL_PRIVATE_KEY_FILE": str(layout.private_key)})
    full = {**environ, **told}
    servers = Stage(
        children=(
            _server("postgres", postgres, postgres_answers(ports["postgres"])),
            _server("valkey", valkey, valkey_answers(ports["valkey"])),
        )
    )
    prepared = both(
        migrated(COMMAND, layout.logs / "migrate.log", full),
        compiled(layout.root / "kernels", layout.logs / "kernels.log", full),
    )
    processes = Stage(step=prepared, children=_processes(layout, ports, full))
    return Plan(layout=layout, ports=ports, environment=told, stages=(servers, processes))


def bulk_slots(environ: Mapping[str, str]) -> int:
    """Return the children of the bulk worker: MARGIN_CALCULATION_WORKERS, else one a core up to the memory's limit."""
    asked = int(environ.get("MARGIN_CALCULATION_WORKERS") or 0)
    return asked or max(1, min(os.cpu_count() or 1, _BULK_LIMIT))


def _environment(
    layout: Layout, ports: Mapping[str, int], postgres: Postgres, valkey: Valkey, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the settings that the cluster decides; everything else passes through from our own environment."""
    return {
        MARK: str(layout.root),
        "DATABASE_URL": postgres.url,
        "COLLATERAL_REDIS_URL": valkey.url,
        "COLLATERAL_PORT": str(ports["api"]),
        "COLLATERAL_METRICS_PORT": str(ports["metrics"]),
        "COLLATERAL_FLOWER_PORT": str(ports["flower"]),
        "COLLATERAL_FLOWER_PASSWORD": environ.get("COLLATERAL_FLOWER_PASSWORD")
        or kept_password(layout.root / "keys" / "flower-password"),
        "COLLATERAL_PUBLIC_KEY_FILE": str(layout.public_key),
        "COLLATERAL_DRILLS_ENABLED": environ.get("COLLATERAL_DRILLS_ENABLED") or "true",
        "PROMETHEUS_MULTIPROC_DIR": str(layout.metrics),
        "REMAP_SIGTERM": "SIGQUIT",  # Celery's soft shutdown
        "MALLOC_ARENA_MAX": environ.get("MALLOC_ARENA_MAX") or "2",  # threads share arenas: less idle memory
    }


def _processes(layout: Layout, ports: Mapping[str, int], environ: Mapping[str, str]) -> tuple[Child, ...]:
    rt = f"{Queue.CPU_RT.value},{Queue.MONITOR.value}"
    bulk = ("worker", "--queues", Queue.CPU_BULK.value, "--concurrency", str(bulk_slots(environ)))
    api, flower = ports["api"], ports["flower"]
    return (
        _child(layout, environ, "api", ("api",), ready=http_ok(api, "/readyz"), alive=http_ok(api, "/livez")),
        _child(layout, environ, "worker-rt", ("worker", "--queues", rt, "--concurrency", "1")),
        _child(layout, environ, "worker-bulk", bulk, nice=_BULK_NICE),
        _child(layout, environ, "beat", ("beat",)),
        _child(layout, environ, "reconciler", ("reconciler",)),
        _child(layout, environ, "flower", ("flower",), ready=http_ok(flower, "/healthcheck")),
    )


def _child(
    layout: Layout,
    environ: Mapping[str, str],
    role: str,
    arguments: tuple[str, ...],
    *,
    ready: Probe | None = None,
    alive: Probe | None = None,
    nice: int = 0,
) -> Child:
    """Return a child that shows its life over HTTP, or else by touching its pulse file."""
    beat = layout.pulses / role
    program = Program(
        command=(*COMMAND, *arguments),
        environment={**environ, "COLLATERAL_PULSE_FILE": str(beat), "COLLATERAL_ROLE": role},
        log=layout.logs / f"{role}.log",
        nice=nice,
    )
    ready = ready or pulse(beat)
    return Child(role=role, runner=program, ready=ready, alive=alive or ready)


def _server(role: str, server: Postgres | Valkey, probe: Probe) -> Child:
    return Child(role=role, runner=server, ready=probe, alive=probe)
