"""The code version pinned to every number: the package's version and a hash of the numerics' sources."""

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

_SOURCES = {".py", ".toml"}


@cache
def code_version() -> str:
    """Return for example `0.1.0+3f2a9c01d4e5`; it changes with every kernel, helper and parameter table."""
    return f"{_package_version()}+{_hash_of(_compute_folder())[:12]}"


def _package_version() -> str:
    try:
        return version("nautilus-collateral")
    except PackageNotFoundError:
        return "0"


def _compute_folder() -> Path:
    spec = find_spec("compute")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("The package `compute` is not installed beside `workers`.")
    return Path(spec.origin).parent


def _hash_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _SOURCES):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()
