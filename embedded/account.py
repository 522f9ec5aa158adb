"""Who runs the bundled servers: ourselves, or `nobody` when we are root (Postgres refuses root)."""

import os
import pwd
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.errors import ServerStartError

ROOT_STATE = Path("/var/lib/nautilus-collateral")  # where root's servers keep data that `nobody` must reach


@dataclass(frozen=True, kw_only=True)
class Account:
    """The user that a bundled server runs as; `uid` is None for ourselves."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def current(cls) -> "Account":
        """Return ourselves, or `nobody` when we are root."""
        if os.geteuid() != 0:
            return cls()
        try:
            entry = pwd.getpwnam("nobody")
        except KeyError:
            raise ServerStartError(
                "Postgres does not run as root and this machine has no user `nobody`.",
                remedy="Run `collateral up` as an ordinary user.",
            ) from None
        return cls(uid=entry.pw_uid, gid=entry.pw_gid)

    @property
    def popen(self) -> dict[str, Any]:
        """Arguments that make Popen start a child as this user."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a file or folder to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def folder(self, path: Path) -> Path:
        """Make a private folder of this user."""
        path.mkdir(parents=True, exist_ok=True, mode=0o755)
        self.own(path)
        path.chmod(0o700)
        return path

    def secret(self, path: Path, content: str) -> Path:
        """Write a file that only this user (and root) can read."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
        self.own(path)
        return path

    def reaches(self, path: Path) -> bool:
        """Tell whether this user can walk to a path and read it."""
        if self.uid is None:
            return True
        path = path.resolve()
        return self._has(path, stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)) and all(
            self._has(parent, stat.S_IXOTH) for parent in path.parents
        )

    def _has(self, path: Path, others: int) -> bool:
        status = path.stat()
        return status.st_uid == self.uid or (status.st_mode & others) == others

    def home(self, folder: Path) -> Path:
        """Return the folder itself, or, where this user cannot reach it, a stand-in below /var/lib."""
        self._passage(folder)
        if self.uid is None or all(self._has(step, stat.S_IXOTH) for step in (folder, *folder.resolve().parents)):
            return folder
        pointer = folder / "stand-in"  # a new folder gets a new stand-in, never the data of a removed one
        if not pointer.exists():
            pointer.write_text(str(ROOT_STATE / secrets.token_hex(8) / folder.name), encoding="utf-8")
        stand_in = Path(pointer.read_text(encoding="utf-8"))
        for step in (ROOT_STATE, stand_in.parent, stand_in):
            self._passage(step)
        return stand_in

    def _passage(self, folder: Path) -> None:
        """Make a folder that this user can walk through, whatever our umask says."""
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o700 if self.uid is None else 0o711)

    def program(self, path: Path, beside: tuple[str, ...], runtime: Path) -> Path:
        """Return a folder of programs that this user can run: the installed one, or a copy with its layout kept.

        `beside` names folders next to the installed one's parent that its libraries are loaded from.
        """
        if self.reaches(path):
            return path
        package = path.parent
        copied = runtime / package.name / path.name
        for source, target in (
            (path, copied),
            *((package.parent / name, runtime / name) for name in beside),
        ):
            _copy(source, target)
        return copied


def _copy(source: Path, target: Path) -> None:
    if target.exists() or not source.exists():
        return
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial, symlinks=True)
    partial.chmod(0o755)
    partial.rename(target)
