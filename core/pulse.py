"""A sign of life for a supervisor: a file that a process touches each time its main loop comes round."""

import os
import threading
from contextlib import suppress
from pathlib import Path

INTERVAL_SECONDS = 1.0


def touch(pulse_file: str) -> None:
    """Touch the pulse file; nothing where none is set, and never an error."""
    if pulse_file:
        with suppress(OSError):
            Path(pulse_file).touch()
            os.utime(pulse_file)


def keep_touching(pulse_file: str) -> None:
    """Touch the pulse file every second from a daemon thread, for a process whose main loop is not ours."""
    if pulse_file:
        threading.Thread(target=_run, args=(pulse_file,), name="pulse", daemon=True).start()


def _run(pulse_file: str) -> None:
    pause = threading.Event()
    while True:
        touch(pulse_file)
        pause.wait(INTERVAL_SECONDS)
