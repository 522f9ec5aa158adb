"""Prometheus metrics under the spec's names; several processes of one machine share them through a folder.

Set PROMETHEUS_MULTIPROC_DIR before this module is imported, and empty the folder at boot.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import REGISTRY, Collector

from core.logs import get_logger
from core.names import JobState, Measure
from services.runtime import Runtime
from storage import jobs
from storage.errors import StorageError

_SECONDS = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
    60,
    300,
)
_CPU_SAMPLE_SECONDS = 0.1

MARGIN_CALCULATIONS = Counter("collateral_margin_calculations", "Margin calculations stored.", ["measure", "device"])
ALERTS = Counter("collateral_alerts_generated", "Alerts written.", ["severity"])
SAVINGS = Counter("collateral_optimization_savings", "Margin saved by recognised offsets, as computed.", ["currency"])
DURATION = Histogram(
    "collateral_calculation_duration_seconds", "Time in the kernel.", ["measure", "device"], buckets=_SECONDS
)
ENDED = Counter("collateral_jobs_ended", "Attempts that ended, by what became of the job.", ["measure", "state"])
RUNNING = Gauge(
    "collateral_jobs_running", "Attempts at work in live processes.", ["measure"], multiprocess_mode="livesum"
)

_log = get_logger(__name__)


@contextmanager
def running(measure: Measure) -> Iterator[None]:
    """Count an attempt as running."""
    gauge = RUNNING.labels(measure.value)
    gauge.inc()
    try:
        yield
    finally:
        gauge.dec()


def ended(job: jobs.Job, document: Mapping[str, Any] | None = None) -> None:
    """Count the end of an attempt; a computed one with its duration and what it saved."""
    ENDED.labels(job.measure.value, job.state.value).inc()
    if job.error is not None and job.error.get("code") == "calculation-invalid":
        ALERTS.labels("critical").inc()
    if job.state is not JobState.DONE:
        return
    device = job.device or "unknown"
    DURATION.labels(job.measure.value, device).observe((job.run_ms or 0.0) / 1_000)
    if job.measure in {Measure.MARGIN, Measure.OPTIMISE}:
        MARGIN_CALCULATIONS.labels(job.measure.value, device).inc()
    if job.measure is Measure.OPTIMISE and document is not None:
        SAVINGS.labels(str(document.get("currency", ""))).inc(max(0.0, float(document.get("margin_savings") or 0.0)))


class MachineCollector(Collector):
    """How busy this machine's processors are, measured at the scrape; devices that are not there have no sample."""

    def __init__(self) -> None:
        psutil.cpu_percent(interval=None)

    def collect(self) -> Iterator[Metric]:
        """Measure and yield."""
        family = GaugeMetricFamily(
            "collateral_hardware_utilization", "Fraction of a device that is busy, measured.", labels=["device"]
        )
        family.add_metric(["cpu"], psutil.cpu_percent(interval=_CPU_SAMPLE_SECONDS) / 100.0)
        yield family


class QueueCollector(Collector):
    """How the queues stand in Postgres at the moment of the scrape; nothing while it cannot be asked."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def collect(self) -> Iterator[Metric]:
        """Ask Postgres and yield."""
        try:
            with self._runtime.database.read() as conn:
                stats = jobs.queue_stats(conn)
        except StorageError as error:
            _log.warning("queue metrics left out", error=error.detail)
            return
        depth = GaugeMetricFamily("collateral_queue_depth", "Jobs waiting.", labels=["queue"])
        age = GaugeMetricFamily("collateral_queue_oldest_seconds", "Age of the oldest waiting job.", labels=["queue"])
        for queue, stat in sorted(stats.items()):
            depth.add_metric([queue.value], stat.queued)
            age.add_metric([queue.value], stat.oldest_seconds)
        yield depth
        yield age


class Exposition:
    """The text that Prometheus scrapes: every process of the machine, its processors, the queues."""

    def __init__(self, runtime: Runtime) -> None:
        self._folder = runtime.settings.metrics_dir
        self._registry = CollectorRegistry() if self._folder else REGISTRY
        self._extra = CollectorRegistry()
        self._extra.register(MachineCollector())
        self._extra.register(QueueCollector(runtime))
        _begin_at_zero()
        if self._folder:
            MultiProcessCollector(self._registry, path=self._folder)  # type: ignore[no-untyped-call]

    def text(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        if self._folder:
            forget_dead(Path(self._folder))
        return generate_latest(self._registry) + generate_latest(self._extra)


def _begin_at_zero() -> None:
    """Count nought of what has not happened yet: shared between processes, a name shows only once it has a series."""
    ALERTS.labels("critical")
    SAVINGS.labels("USD")
    MARGIN_CALCULATIONS.labels(Measure.MARGIN.value, "cpu")
    DURATION.labels(Measure.MARGIN.value, "cpu")


def forget_dead(folder: Path) -> list[int]:
    """Drop the live gauges of processes that are gone; their counters stay counted."""
    pids = {int(path.stem.rsplit("_", 1)[1]) for path in folder.glob("gauge_live*_*.db")}
    dead = sorted(pid for pid in pids if not psutil.pid_exists(pid))
    for pid in dead:
        mark_process_dead(pid, path=str(folder))  # type: ignore[no-untyped-call]
    return dead
