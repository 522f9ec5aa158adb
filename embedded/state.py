"""The state directory: where everything of one cluster lives, and the two files that tell others about it.

`state.json` says who runs (supervisor and children, each a pid with its start time). `environment.json` holds the
settings the children were started with, passwords included. Both are mode 0600 and replaced whole, never edited.
"""

import fcntl
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedded.account import Account
from embedded.errors import AlreadyRunningError, NotRunningError, StateDirectoryError
from embedded.identity import Identity

_NAME = "nautilus-collateral"


def default_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return COLLATERAL_STATE_DIR, or the user's state folder; root's is below /var/lib, where servers can reach it."""
    environ = os.environ if environ is None else environ
    if environ.get("COLLATERAL_STATE_DIR"):
        return Path(environ["COLLATERAL_STATE_DIR"])
    if os.geteuid() == 0:
        return Path("/var/lib") / _NAME / "default"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / _NAME
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / _NAME


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The paths below one state directory."""

    root: Path

    @classmethod
    def at(cls, folder: Path | None = None) -> "Layout":
        """Return the layout of a given folder, or of the default one."""
        return cls(root=(folder or default_folder()).expanduser().resolve())

    @property
    def state_file(self) -> Path:
        """Who runs."""
        return self.root / "state.json"

    @property
    def environment_file(self) -> Path:
        """What the children were told."""
        return self.root / "environment.json"

    @property
    def lock_file(self) -> Path:
        """Locked by the supervisor as long as it lives."""
        return self.root / "supervisor.lock"

    @property
    def private_key(self) -> Path:
        """Signs bearer tokens."""
        return self.root / "keys" / "private.pem"

    @property
    def public_key(self) -> Path:
        """Verifies bearer tokens."""
        return self.root / "keys" / "public.pem"

    @property
    def logs(self) -> Path:
        """One log for each child."""
        return self.root / "logs"

    @property
    def metrics(self) -> Path:
        """Where the processes share their metric values."""
        return self.root / "metrics"

    @property
    def pulses(self) -> Path:
        """One file for each child that shows its life by touching it."""
        return self.root / "pulses"

    def prepare(self) -> None:
        """Make the folders; raise StateDirectoryError when that is not possible."""
        try:
            fresh = not self.root.exists()
            self.root.mkdir(parents=True, exist_ok=True)
            if fresh:
                self.root.chmod(0o711 if os.geteuid() == 0 else 0o700)
            for folder in (self.logs, self.metrics, self.pulses, self.private_key.parent):
                folder.mkdir(exist_ok=True, mode=0o700)
            probe = self.root / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise StateDirectoryError(f"{self.root} cannot be used: {error.strerror or error}.") from error


@dataclass(kw_only=True)
class ProcessState:
    """One child as the state file shows it."""

    role: str
    state: str = "stopped"
    restarts: int = 0
    identity: Identity | None = None

    def seen(self, *, supervised: bool) -> str:
        """Return the recorded state, or `stopped` when the process is gone and nobody is about to start it."""
        gone = not (self.identity and self.identity.alive)
        return "stopped" if gone and (self.state == "running" or not supervised) else self.state


@dataclass(kw_only=True)
class ClusterState:
    """Who runs on a state directory."""

    supervisor: Identity | None = None
    urls: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    processes: list[ProcessState] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """True while the supervisor runs."""
        return self.supervisor is not None and self.supervisor.alive

    @classmethod
    def read(cls, layout: Layout) -> "ClusterState":
        """Return what the state file says; an empty state where there is none or it cannot be read."""
        try:
            return cls._of(json.loads(layout.state_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

    @classmethod
    def _of(cls, data: Mapping[str, Any]) -> "ClusterState":
        return cls(
            supervisor=_identity(data["supervisor"]),
            urls=data["urls"],
            ports=data["ports"],
            processes=[
                ProcessState(
                    role=row["role"], state=row["state"], restarts=row["restarts"], identity=_identity(row["identity"])
                )
                for row in data["processes"]
            ],
        )

    def write(self, layout: Layout) -> None:
        """Replace the state file."""
        document = {
            "supervisor": _plain(self.supervisor),
            "urls": self.urls,
            "ports": self.ports,
            "processes": [
                {"role": row.role, "state": row.state, "restarts": row.restarts, "identity": _plain(row.identity)}
                for row in self.processes
            ],
        }
        write_private(layout.state_file, document)


def status_document(layout: Layout) -> dict[str, Any]:
    """Return what `collateral status --json` prints."""
    state = ClusterState.read(layout)
    alive = state.alive
    return {
        "state_dir": str(layout.root),
        "urls": state.urls if alive else {},
        "supervisor": {"pid": state.supervisor.pid if alive and state.supervisor else None},
        "processes": [
            {
                "role": row.role,
                "pid": row.identity.pid if row.identity and row.identity.alive else None,
                "state": row.seen(supervised=alive),
                "restarts": row.restarts,
            }
            for row in state.processes
        ],
    }


def cluster_environment(folder: Path | None = None) -> dict[str, str]:
    """Return the settings of the cluster that runs on a state directory; raise NotRunningError when none does."""
    layout = Layout.at(folder)
    if not ClusterState.read(layout).alive:
        raise NotRunningError(f"No cluster runs on {layout.root}.")
    values: dict[str, str] = json.loads(layout.environment_file.read_text(encoding="utf-8"))
    return values


class Lock:
    """Held by the one supervisor of a state directory; the kernel lets go of it when that dies."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock or raise AlreadyRunningError."""
        descriptor = os.open(self._layout.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            supervisor = ClusterState.read(self._layout).supervisor
            who = f" (process {supervisor.pid})" if supervisor else ""
            raise AlreadyRunningError(f"A cluster already runs on {self._layout.root}{who}.") from None
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go of the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def write_private(path: Path, document: Mapping[str, Any]) -> None:
    """Replace a JSON file, mode 0600, so that a reader sees the old or the new one whole."""
    partial = path.with_name(f".{path.name}.partial")
    Account().secret(partial, json.dumps(document, indent=1))
    partial.replace(path)


def _identity(row: Mapping[str, Any] | None) -> Identity | None:
    return Identity(pid=int(row["pid"]), started=float(row["started"])) if row else None


def _plain(identity: Identity | None) -> dict[str, Any] | None:
    return {"pid": identity.pid, "started": identity.started} if identity else None
