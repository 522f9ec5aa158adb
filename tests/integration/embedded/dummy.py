"""A child that does nothing but live: answers HTTP on a port, or touches its pulse file; may start a grandchild."""

import http.server
import os
import subprocess
import sys
import time

from core.pulse import keep_touching


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Keep the log empty."""


def main(kind: str) -> None:
    if kind == "fails":
        sys.exit("this one never comes up")
    if kind.startswith("http:"):
        http.server.HTTPServer(("127.0.0.1", int(kind[5:])), _Handler).serve_forever()
    if kind == "parent":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    keep_touching(os.environ["COLLATERAL_PULSE_FILE"])
    while True:
        time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1])
