"""What hardware this machine has, found or absent with the reason; nothing is assumed and nothing heavy is loaded."""

import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from core.names import Device
from core.settings import Settings
from workers.errors import HardwareMissingError

_ASK_SECONDS = 5.0
_GIBIBYTE = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One device: what was found, or why there is none."""

    found: bool
    detail: str


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """What the probe found."""

    cpu_model: str
    cpu_cores: int
    memory_gib: float
    metal: Finding
    neural_engine: Finding
    cuda: Finding

    def document(self) -> dict[str, Any]:
        """Return the findings as JSON-safe values."""
        return asdict(self)

    def offers(self, device: Device) -> Finding:
        """Return whether a worker of this device class may run here."""
        if device is Device.GPU:
            found = next((finding for finding in (self.metal, self.cuda) if finding.found), None)
            return found or Finding(found=False, detail=f"{self.metal.detail}; {self.cuda.detail}")
        if device is Device.ANE:
            return self.neural_engine
        return Finding(found=True, detail=self.cpu_model)


def probe(settings: Settings) -> Hardware:
    """Look at this machine; settings can hide devices, never invent them."""
    return Hardware(
        cpu_model=cpu_model(),
        cpu_cores=_cores(),
        memory_gib=round(psutil.virtual_memory().total / _GIBIBYTE, 1),
        metal=_unless_hidden(settings.m4_max_optimized and settings.metal_acceleration, "METAL_ACCELERATION", _metal),
        neural_engine=_unless_hidden(
            settings.m4_max_optimized and settings.neural_engine_enabled, "NEURAL_ENGINE_ENABLED", _neural_engine
        ),
        cuda=_unless_hidden(settings.m4_max_optimized, "M4_MAX_OPTIMIZED", _cuda),
    )


def require(hardware: Hardware, device: Device) -> None:
    """Raise HardwareMissingError unless the machine has the device: no device, no worker."""
    finding = hardware.offers(device)
    if not finding.found:
        raise HardwareMissingError(f"This machine offers no {device.value}: {finding.detail}.")


def _unless_hidden(shown: bool, setting: str, look: Callable[[], Finding]) -> Finding:
    return look() if shown else Finding(found=False, detail=f"switched off by {setting} or M4_MAX_OPTIMIZED")


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_model() -> str:
    """Return the processor's name as the system gives it."""
    if platform.system() == "Darwin":
        return _ask("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _is_apple_silicon() -> bool:
    return platform.system() == "Darwin" and platform.machine() == "arm64"


def _metal() -> Finding:
    if not _is_apple_silicon():
        return Finding(
            found=False, detail=f"Metal needs Apple Silicon; this is {platform.system()} {platform.machine()}"
        )
    displays = _ask("system_profiler", "SPDisplaysDataType")
    chip = next((line.split(":")[1].strip() for line in displays.splitlines() if "Chipset Model" in line), "")
    if "Metal" not in displays:
        return Finding(found=False, detail="system_profiler names no Metal device")
    return Finding(found=True, detail=f"{chip or 'Apple GPU'} (Metal)")


def _neural_engine() -> Finding:
    if not _is_apple_silicon():
        detail = f"the Neural Engine is part of Apple Silicon; this is {platform.system()} {platform.machine()}"
        return Finding(found=False, detail=detail)
    if "H11ANE" in _ask("ioreg", "-l", "-w0", "-r", "-c", "H11ANEIn") or _ask("ioreg", "-rc", "AppleH11ANEInterface"):
        return Finding(found=True, detail="Apple Neural Engine")
    return Finding(found=False, detail="ioreg names no Neural Engine")


def _cuda() -> Finding:
    if shutil.which("nvidia-smi") is None:
        return Finding(found=False, detail="nvidia-smi is not installed")
    names = _ask("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
    first = names.splitlines()[0].strip() if names else ""
    return Finding(found=bool(first), detail=first or "nvidia-smi reports no device")


def _ask(*command: str) -> str:
    """Return what a system tool says; empty if it is not there, fails or hangs."""
    path = shutil.which(command[0])
    if path is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 -- fixed system tools, no input from outside
            [path, *command[1:]], capture_output=True, text=True, timeout=_ASK_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
