"""Starts and stops both servers as an ordinary user: run as root, it first gives root up for good."""

import encodings.idna  # noqa: F401  (afterwards the interpreter's own files may be out of reach)
import os
import pwd
import sys
from pathlib import Path

import typer

from embedded.postgres import Postgres
from embedded.valkey import Valkey


def main(folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    for server in (Postgres(folder / "postgres"), Valkey(folder / "valkey")):
        server.start()
        process = server.identity.process if server.identity else None
        typer.echo(process.uids().real if process else "gone")
        server.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
