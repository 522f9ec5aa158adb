"""What a number was computed in beside its code: libraries, processor, and the code that numba makes for it."""

import hashlib
import platform
from functools import cache
from importlib.metadata import version

from workers.hardware import cpu_model

LIBRARIES = ("numpy", "numba", "llvmlite", "scipy")


@cache
def environment() -> dict[str, str]:
    """Return what may move a last digit; asked for once a process, and only where kernels are loaded anyway."""
    from llvmlite import binding

    features = binding.get_host_cpu_features().flatten()
    return {
        "cpu": cpu_model(),
        "machine": platform.machine(),
        "target": binding.get_host_cpu_name(),
        "features": hashlib.sha256(features.encode()).hexdigest()[:12],
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }
