"""One API process: uvicorn with uvloop and httptools, the metrics port beside it, and a shutdown that ends streams."""

import os
import socket
import sys
from types import FrameType

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.memory import keep_freed_memory
from api.metrics import MetricsServer
from core.logs import configure_logs, get_logger
from core.settings import Settings
from services.metrics import Exposition

GRACE_SECONDS = 10
KEEP_ALIVE_SECONDS = 65

_log = get_logger(__name__)


class Server(uvicorn.Server):
    """Tells the streams to end as soon as a signal asks for it."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to leave: `/readyz` says no, streams end, running requests are finished."""
        if not self.started:
            os._exit(0)  # still compiling kernels, which no signal interrupts; nothing was served yet
        app = self.config.app
        if isinstance(app, FastAPI):
            app.state.context.stopping.set()
        super().handle_exit(sig, frame)


def make_server(app: FastAPI, *, host: str, port: int) -> Server:
    """Return a uvicorn server over an application."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return Server(config)


def run_api(settings: Settings) -> None:
    """Serve until a signal asks to stop; exit 1 if the port is taken."""
    configure_logs(settings.log_level)
    keep_freed_memory()
    listener = bind(settings.host, settings.port)
    app = create_app(settings)
    metrics = MetricsServer(settings.host, settings.metrics_port, Exposition(app.state.context.runtime))
    server = make_server(app, host=settings.host, port=settings.port)
    _log.info("api starting", host=settings.host, port=listener.getsockname()[1], metrics_port=metrics.port)
    try:
        server.run(sockets=[listener])
    finally:
        metrics.close()
        listener.close()
    if not server.started:
        sys.exit(3)


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; an address that is taken raises OSError before anything else starts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
