"""The ports of one cluster: asked for, kept from its last life, or free ones."""

import os
from collections.abc import Mapping

from embedded.errors import PortTakenError
from embedded.server import free_port, port_is_free

API_PORT = 9000
_PREFERRED = {"flower": 5555, "metrics": 9464}
_VARIABLES = {"api": "COLLATERAL_PORT", "flower": "COLLATERAL_FLOWER_PORT", "metrics": "COLLATERAL_METRICS_PORT"}


def choose_ports(
    *, port: int | None, last: Mapping[str, int], environ: Mapping[str, str] | None = None
) -> dict[str, int]:
    """Return the port of each service; raise PortTakenError where a port that was asked for is taken.

    Parameters
    ----------
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
    chosen: dict[str, int] = {}
    for name in ("api", "flower", "metrics", "postgres", "valkey"):
        if given.get(name):
            chosen[name] = _demanded(name, given[name])
        else:
            chosen[name] = _available((_PREFERRED.get(name), last.get(name)), taken=set(chosen.values()))
    return chosen


def _demanded(name: str, port: int) -> int:
    if not port_is_free(port):
        option = "--port" if name == "api" else _VARIABLES[name]
        raise PortTakenError(
            f"Port {port}, wanted for the {name}, is taken by another program.",
            remedy=f"Choose another with {option}, or stop the program that listens there.",
        )
    return port


def _available(candidates: tuple[int | None, ...], *, taken: set[int]) -> int:
    for candidate in candidates:
        if candidate and candidate not in taken and port_is_free(candidate):
            return candidate
    return free_port()
