"""The process `collateral beat`: several may run, one leads."""

import signal
import threading
from types import FrameType

from beat.configuration import make_beat_app
from beat.plan import HOUSEKEEPING_SECONDS, Plan
from beat.scheduler import Scheduler
from core.logs import configure_logs, get_logger
from core.pulse import touch
from core.settings import Settings
from storage.database import Database

_log = get_logger(__name__)


class Beat:
    """The loop: look at the schedule, sleep, until told to stop."""

    def __init__(self, settings: Settings, *, housekeeping_seconds: float = HOUSEKEEPING_SECONDS) -> None:
        self._pulse = settings.pulse_file
        self._stop = threading.Event()
        self._database = Database(settings.require_database(), pool_size=1, application="collateral-beat")
        plan = Plan(self._database, housekeeping_seconds=housekeeping_seconds)
        self.scheduler = Scheduler(make_beat_app(settings), plan)

    def run(self) -> None:
        """Go on until `stop`; then hand the lead over."""
        _log.info("beat runs")
        try:
            while not self._stop.is_set():
                pause = self.scheduler.tick()
                touch(self._pulse)
                self._stop.wait(max(pause, 0.001))
        finally:
            self._close()
            _log.info("beat stopped")

    def stop(self) -> None:
        """End the loop soon."""
        self._stop.set()

    def _close(self) -> None:
        try:
            self.scheduler.close()
        finally:
            self._database.dispose()


def run_beat(settings: Settings) -> None:
    """Run beat in the foreground until SIGTERM or SIGINT."""
    configure_logs(settings.log_level)
    beat = Beat(settings)

    def stop(_number: int, _frame: FrameType | None) -> None:
        beat.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    beat.run()
