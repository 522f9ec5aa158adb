"""`collateral flower`: Flower behind basic auth, on this machine's own address unless told otherwise."""

import signal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.connect import load_settings
from cli.options import StateDir
from core.errors import SettingsError

if TYPE_CHECKING:
    from core.settings import Settings

LOCAL = "127.0.0.1"
_TASKS_KEPT = 10_000


def register(app: typer.Typer) -> None:
    """Add `flower`."""
    app.command("flower", help="Watch workers and tasks in a browser, behind a password.")(flower)


def flower(
    host: Annotated[str, typer.Option("--host", help="Address to bind.")] = LOCAL,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65_535, help="Port; default: COLLATERAL_FLOWER_PORT.")
    ] = None,
    state_dir: StateDir = None,
) -> None:
    """Run Flower in the foreground."""
    settings = load_settings(state_dir)
    run_flower(settings, host=host, port=settings.flower_port if port is None else port)


def credentials(settings: "Settings") -> str:
    """Return `user:password`; raise SettingsError without a password: Flower shows every tenant's tasks."""
    if not settings.flower_password:
        raise SettingsError(
            "Flower does not start without a password.", remedy="Set COLLATERAL_FLOWER_PASSWORD to a long secret."
        )
    return f"{settings.flower_user}:{settings.flower_password}"


def run_flower(settings: "Settings", *, host: str, port: int) -> None:
    """Serve Flower, read only, until SIGTERM or SIGINT."""
    secret = credentials(settings)
    from core.logs import configure_logs, get_logger

    configure_logs(settings.log_level)
    web = _web(settings, secret, host, port)
    bound = web.start_http_server()
    get_logger(__name__).info("flower serves", host=host, port=bound)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: web.io_loop.add_callback_from_signal(web.stop))
    web.start()


def _web(settings: "Settings", secret: str, host: str, port: int) -> Any:
    from flower.app import Flower
    from flower.options import default_options
    from flower.urls import settings as web_settings
    from flower.views.monitor import Metrics
    from tornado.web import authenticated

    from workers.app import make_app

    app = make_app(settings)
    app.conf.update(include=[])
    wanted = {
        "address": host,
        "port": port,
        "basic_auth": [secret],
        "enable_events": True,
        "persistent": False,
        "read_only": True,
        "max_tasks": _TASKS_KEPT,
    }
    for name, value in wanted.items():
        setattr(default_options, name, value)
    Metrics.get = authenticated(Metrics.get)  # Flower itself leaves them open; only /healthcheck stays so
    web_settings["cookie_secret"] = default_options.cookie_secret
    return Flower(capp=app, options=default_options, **web_settings)
