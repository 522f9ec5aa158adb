"""Parameter sets that come with the project: which versions there are, one read, and what a result says of one."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from compute.errors import InputError
from compute.margin.schema import TableReader

Checked = TypeVar("Checked")


@dataclass(frozen=True, kw_only=True)
class Described:
    """What every set says of itself; `unverified` names its figures that no published text has confirmed."""

    version: str
    source: str
    status: str
    unverified: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return what a result says of the set."""
        return {
            "version": self.version,
            "source": self.source,
            "status": self.status,
            "unverified": list(self.unverified),
        }


def described(reader: TableReader) -> dict[str, Any]:
    """Return the fields of `Described` from a set's table."""
    return {
        **{name: reader.text(name) for name in ("version", "source", "status")},
        "unverified": reader.texts("unverified"),
    }


def packaged_versions(folder: Path) -> tuple[str, ...]:
    """Return the names of the versions in a folder of sets."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def packaged_set(folder: Path, version: str, model: str, read: Callable[[str, Mapping[str, Any]], Checked]) -> Checked:
    """Return a version from a folder of sets; raise InputError, in the model's name, for one that is not there."""
    known = packaged_versions(folder)
    if version not in known:
        raise InputError(
            f"There is no {model} version {version!r}.",
            pointer="/parameters/version",
            remedy=f"Use one of: {', '.join(known)}.",
        )
    return read(version, tomllib.loads((folder / f"{version}.toml").read_text(encoding="utf-8")))
