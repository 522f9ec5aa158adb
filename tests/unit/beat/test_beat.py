"""Beat's settings and entries, without a server."""

import subprocess
import sys

import pytest

from beat.configuration import LOCK_SECONDS, make_beat_app, redbeat_url
from core.settings import Settings


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("redis://:pw@10.0.0.1:6379", "redis://:pw@10.0.0.1:6379/2"),
        ("unix://:pw@/run/valkey.sock", "unix://:pw@/run/valkey.sock?db=2"),
    ],
)
def test_redbeat_has_its_own_database(base: str, url: str) -> None:
    assert redbeat_url(base) == url


def test_redbeat_is_told_everything_it_would_guess() -> None:
    app = make_beat_app(Settings(redis_url="redis://127.0.0.1:1"))
    assert app.conf.redbeat_redis_url == "redis://127.0.0.1:1/2"
    assert app.conf.redbeat_lock_timeout == LOCK_SECONDS
    assert app.conf.redbeat_redis_options["socket_timeout"] > 0


def test_the_main_of_beat_loads_no_numerics() -> None:
    code = (
        "import sys, beat.main, services.schedules, services.housekeeping, tasks.sweeps;"
        "print([name for name in ('numpy', 'scipy', 'numba') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
