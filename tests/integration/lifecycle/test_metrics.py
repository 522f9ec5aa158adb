"""What Prometheus scrapes: the spec's five names and the queues, from every process of the machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.settings import Settings
from services.execute import execute
from services.metrics import Exposition, forget_dead
from services.runtime import Runtime
from tests.integration.lifecycle.conftest import Submitting

SPEC_NAMES = {
    "collateral_margin_calculations",
    "collateral_alerts_generated",
    "collateral_optimization_savings",
    "collateral_calculation_duration_seconds",
    "collateral_hardware_utilization",
}


def test_names_queues_and_durations(drill: Submitting, runtime: Runtime) -> None:
    done, _waiting = drill(), drill()
    execute(runtime, done.id, worker="one")
    text = Exposition(runtime).text().decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert set(families) >= SPEC_NAMES
    depth = {sample.labels["queue"]: sample.value for sample in families["collateral_queue_depth"].samples}
    assert depth["cpu.rt"] == 1
    assert depth["gpu.rt"] == 0
    ages = {sample.labels["queue"]: sample.value for sample in families["collateral_queue_oldest_seconds"].samples}
    assert ages["cpu.rt"] > 0
    counts = [
        sample.value
        for sample in families["collateral_calculation_duration_seconds"].samples
        if sample.name.endswith("_count") and sample.labels == {"measure": "noop", "device": "cpu"}
    ]
    assert counts
    assert counts[0] >= 1
    (busy,) = families["collateral_hardware_utilization"].samples
    assert busy.labels == {"device": "cpu"}
    assert 0 <= busy.value <= 1
    labels = {name for family in families.values() for sample in family.samples for name in sample.labels}
    assert not labels & {"portfolio", "portfolio_id", "symbol", "tenant"}


def test_without_a_database_the_rest_is_still_told(settings: Settings) -> None:
    nowhere = Runtime(Settings(**{**vars(settings), "database_url": "postgresql://x:y@127.0.0.1:1/z"}))
    try:
        text = Exposition(nowhere).text().decode()
    finally:
        nowhere.close()
    assert "collateral_hardware_utilization" in text
    assert "collateral_queue_depth" not in text


CHILD = """
from core.names import Measure
from services import metrics
metrics.MARGIN_CALCULATIONS.labels("margin", "cpu").inc(3)
metrics.RUNNING.labels("margin").inc()
"""


def test_dead_processes_keep_their_counts_and_lose_their_gauges(
    tmp_path: Path, runtime: Runtime, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", CHILD], env=environ, check=True)  # noqa: S603
    monkeypatch.setattr(runtime, "settings", Settings(**{**vars(settings), "metrics_dir": str(tmp_path)}))
    text = Exposition(runtime).text().decode()
    assert 'collateral_margin_calculations_total{device="cpu",measure="margin"} 6.0' in text
    assert "collateral_jobs_running" not in text
    assert not list(tmp_path.glob("gauge_live*"))
    assert forget_dead(tmp_path) == []
