"""Prometheus metrics of HTTP, and the internal port that serves those of every process on this machine."""

import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from services.metrics import Exposition

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


class ApiMetrics:
    """Requests by method, route template and status; never by portfolio, symbol or id."""

    def __init__(self) -> None:
        self._requests = Counter("collateral_http_requests", "HTTP requests answered.", ("method", "route", "status"))
        self._seconds = Histogram(
            "collateral_http_request_seconds",
            "Time from the head of a request to the end of its answer.",
            ("method", "route"),
            buckets=_SECONDS,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        verb = method if method in _METHODS else "other"
        self._requests.labels(verb, route, str(status)).inc()
        self._seconds.labels(verb, route).observe(seconds)


@cache
def api_metrics() -> ApiMetrics:
    """Return the metrics of this process; the registry takes each name once."""
    return ApiMetrics()


class MetricsServer:
    """Serves `/metrics` on a port of its own, from threads of its own."""

    def __init__(self, host: str, port: int, exposition: Exposition) -> None:
        self._server = ThreadingHTTPServer((host, port), _handler(exposition))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2)


def _handler(exposition: Exposition) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "metrics"
        sys_version = ""
        timeout = 5

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/metrics":
                self.send_error(404)
                return
            body = exposition.text()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Keep scrapes out of the log."""

    return Handler
