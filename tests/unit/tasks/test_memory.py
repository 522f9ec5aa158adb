"""Worker mains, beat and the reconciler do not load the numerics: they would pay for memory that they never use."""

import subprocess
import sys

import pytest

HEAVY = ("numpy", "scipy", "numba", "compute.portfolio", "compute.measures")


@pytest.mark.parametrize(
    "modules",
    [
        "workers.process, tasks.jobs, tasks.sweeps, celery.apps.worker",
        "services.reconcile, services.runtime, services.relay",
        "cli.processes",
    ],
)
def test_no_numerics_in_main_processes(modules: str) -> None:
    code = f"import sys, {modules}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
