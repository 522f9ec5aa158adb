"""`collateral doctor`: what runs, what hardware was found, what is degraded and how to mend it."""

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import httpx

from core.settings import Settings
from embedded.state import ClusterState, Layout, status_document
from workers.hardware import Finding as Device
from workers.hardware import probe

_FREE_BYTES = 1 << 30
_REMEDIES = {
    "kernels": "Wait until the API has warmed its kernels; its log says how far it is.",
    "database": "`collateral down` and `collateral up` start Postgres again; its log names what ails it.",
    "redis": "Jobs wait in Postgres and are sent once Valkey answers; its log names what ails it.",
    "workers": "Jobs wait until a worker lives: look at the worker logs.",
}


class Word(StrEnum):
    """How a finding stands."""

    OK = "ok"  # as it should be
    ABSENT = "absent"  # not there, and nothing needs it
    DEGRADED = "degraded"  # to be mended


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at."""

    subject: str
    word: Word
    detail: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything looked at."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """True when nothing is to be mended."""
        return all(finding.word is not Word.DEGRADED for finding in self.findings)

    def document(self) -> dict[str, Any]:
        """Return the report as JSON-safe values."""
        return {"healthy": self.healthy, "findings": [asdict(finding) for finding in self.findings]}


def examine(layout: Layout, settings: Settings | None = None) -> Report:
    """Look at the machine, the state directory, the processes and what the API says of itself."""
    settings = settings or Settings.from_env()
    return Report(findings=(*_machine(settings), *_folder(layout), *_processes(layout), *_api(layout)))


def _machine(settings: Settings) -> Iterator[Finding]:
    hardware = probe(settings)
    yield Finding(
        subject="machine",
        word=Word.OK,
        detail=f"{hardware.cpu_model}, {hardware.cpu_cores} cores, {hardware.memory_gib:g} GiB; {platform.platform()}, "
        f"Python {platform.python_version()}",
    )
    yield _device("gpu (Metal)", hardware.metal)
    yield _device("gpu (CUDA)", hardware.cuda)
    yield _device("ane (Neural Engine)", hardware.neural_engine)


def _device(subject: str, found: Device) -> Finding:
    return Finding(subject=subject, word=Word.OK if found.found else Word.ABSENT, detail=found.detail)


def _folder(layout: Layout) -> Iterator[Finding]:
    if not layout.root.exists():
        yield Finding(
            subject="state directory", word=Word.ABSENT, detail=f"{layout.root}: `collateral up` will make it"
        )
        return
    if not os.access(layout.root, os.W_OK):
        yield Finding(
            subject="state directory",
            word=Word.DEGRADED,
            detail=f"{layout.root} cannot be written",
            remedy="Name another with --state-dir, or give it to the user who runs the cluster.",
        )
        return
    free = shutil.disk_usage(layout.root).free
    enough = free >= _FREE_BYTES
    yield Finding(
        subject="state directory",
        word=Word.OK if enough else Word.DEGRADED,
        detail=f"{layout.root}, {free / _FREE_BYTES:.1f} GiB free",
        remedy="" if enough else "Make room: Postgres stops when the disk is full.",
    )
    yield from _keys(layout)
    for pointer in sorted(layout.root.glob("*/stand-in")):
        yield Finding(
            subject=f"{pointer.parent.name} data",
            word=Word.OK,
            detail=f"{pointer.read_text(encoding='utf-8')}: its unprivileged user cannot reach {layout.root}",
        )


def _keys(layout: Layout) -> Iterator[Finding]:
    if layout.private_key.exists():
        mode = layout.private_key.stat().st_mode & 0o777
        private = mode & 0o077 == 0
        yield Finding(
            subject="signing key",
            word=Word.OK if private else Word.DEGRADED,
            detail=f"{layout.private_key}, mode {mode:o}",
            remedy="" if private else f"chmod 600 {layout.private_key}",
        )


def _processes(layout: Layout) -> Iterator[Finding]:
    status = status_document(layout)
    pid = status["supervisor"]["pid"]
    living = [row for row in status["processes"] if row["pid"] is not None]
    if pid is None:
        yield Finding(
            subject="supervisor",
            word=Word.DEGRADED if living else Word.ABSENT,
            detail="its children live without it" if living else "no cluster runs on this state directory",
            remedy="`collateral up` takes over, `collateral down` ends them." if living else "Start it: collateral up",
        )
    else:
        yield Finding(subject="supervisor", word=Word.OK, detail=f"process {pid}")
    for row in status["processes"] if pid is not None else living:
        yield _process(layout, row)


def _process(layout: Layout, row: dict[str, Any]) -> Finding:
    fine = row["state"] == "running" and row["restarts"] == 0
    times = f", restarted {row['restarts']} times" if row["restarts"] else ""
    server = layout.root / row["role"] / f"{row['role']}.log"
    log = server if server.exists() else layout.logs / f"{row['role']}.log"
    return Finding(
        subject=row["role"],
        word=Word.OK if fine else Word.DEGRADED,
        detail=f"{row['state']}, process {row['pid'] or 'none'}{times}",
        remedy="" if fine else f"{layout.logs / 'supervisor.log'} says why, {log} what it said itself.",
    )


def _api(layout: Layout) -> Iterator[Finding]:
    state = ClusterState.read(layout)
    if not state.alive or "api" not in state.urls:
        return
    address = f"{state.urls['api']}/readyz"
    try:
        answer = httpx.get(address, timeout=5.0).json()
        missing = list(answer["missing"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        yield Finding(
            subject="readiness",
            word=Word.DEGRADED,
            detail=f"{address} gave no answer that could be read ({type(error).__name__})",
            remedy=f"{layout.logs / 'api.log'} says why.",
        )
        return
    if not missing:
        yield Finding(subject="readiness", word=Word.OK, detail=str(answer["status"]))
    for name in missing:
        yield Finding(
            subject=f"readiness: {name}",
            word=Word.DEGRADED,
            detail=f"the API is {answer['status']} without it",
            remedy=_REMEDIES.get(name, f"{layout.logs} holds a log for each process."),
        )
