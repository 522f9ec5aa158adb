"""The ports of one cluster: asked for, kept from its last life, or free ones.

Between choosing a port and listening on it a second cluster could choose the same. So a supervisor claims each port for
as long as it lives, by a locked file that all clusters of this user look at.
"""

import fcntl
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from embedded.errors import PortTakenError
from embedded.server import free_port, port_is_free

API_PORT = 9000
_PREFERRED = {"flower": 5555, "metrics": 9464}
_VARIABLES = {"api": "COLLATERAL_PORT", "flower": "COLLATERAL_FLOWER_PORT", "metrics": "COLLATERAL_METRICS_PORT"}
_ATTEMPTS = 50


class PortClaims:
    """Ports that this process has claimed; the kernel gives them back when it ends."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.gettempdir()) / f"nc-ports-{os.geteuid()}"
        self._held: dict[int, int] = {}

    def claim(self, port: int) -> bool:
        """Claim a port; False if somebody listens on it or another cluster has claimed it."""
        if port in self._held or not port_is_free(port):
            return False
        self._folder.mkdir(exist_ok=True, mode=0o700)
        descriptor = os.open(self._folder / str(port), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._held[port] = descriptor
        return True

    def release(self) -> None:
        """Give all ports back."""
        for port, descriptor in self._held.items():
            (self._folder / str(port)).unlink(missing_ok=True)
            os.close(descriptor)
        self._held.clear()


def choose_ports(
    claims: PortClaims, *, port: int | None, last: Mapping[str, int], environ: Mapping[str, str] | None = None
) -> dict[str, int]:
    """Return the port of each service; raise PortTakenError where a port that was asked for is taken.

    Parameters
    ----------
    claims
        Where the ports are claimed.
    port
        The API's port as given on the command line; None for COLLATERAL_PORT, else 9000; 0 picks a free one.
    last
        The ports of the cluster's last life: a restart keeps those that are still free.
    """
    environ = os.environ if environ is None else environ
    given = {name: int(environ[variable]) for name, variable in _VARIABLES.items() if environ.get(variable)}
    if port is not None:
        given["api"] = port
    given.setdefault("api", API_PORT)
    return {
        name: _demanded(claims, name, given[name])
        if given.get(name)
        else _available(claims, (_PREFERRED.get(name), last.get(name)))
        for name in ("api", "flower", "metrics", "postgres", "valkey")
    }


def _demanded(claims: PortClaims, name: str, port: int) -> int:
    if not claims.claim(port):
        option = "--port" if name == "api" else _VARIABLES[name]
        raise PortTakenError(
            f"Port {port}, wanted for the {name}, is taken by another program.",
            remedy=f"Choose another with {option}, or stop the program that listens there.",
        )
    return port


def _available(claims: PortClaims, preferred: tuple[int | None, ...]) -> int:
    for candidate in (*preferred, *(free_port() for _ in range(_ATTEMPTS))):
        if candidate and claims.claim(candidate):
            return candidate
    raise PortTakenError("No free port was found on 127.0.0.1.", remedy="Stop programs that hold many ports.")
