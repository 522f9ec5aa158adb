"""`up` and `down`: one supervisor at a time on a state directory."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from embedded.cluster import Plan, make_plan
from embedded.errors import EmbeddedError, NotRunningError
from embedded.identity import Identity, wait_gone
from embedded.ports import PortClaims, choose_ports
from embedded.reap import reap
from embedded.state import ClusterState, Layout, Lock
from embedded.steps import Tell
from embedded.supervisor import Supervisor

_DOWN_SECONDS = 60.0


def up(
    folder: Path | None,
    *,
    port: int | None,
    tell: Tell,
    on_ready: Callable[[Plan], Awaitable[None]],
    plan_of: Callable[..., Plan] = make_plan,
) -> None:
    """Start the cluster, call `on_ready` once everything answers, serve until asked to stop.

    Parameters
    ----------
    folder
        The state directory; None for the default one.
    port
        The API's port; None for COLLATERAL_PORT, else 9000.
    tell
        Called with role, state and reason whenever a child changes its state.
    on_ready
        Called once, while the cluster serves.
    plan_of
        Makes the plan; tests give one of small children.
    """
    layout = Layout.at(folder)
    layout.prepare()
    lock = Lock(layout)
    lock.take()
    claims = PortClaims()
    try:
        for role in reap(layout):
            tell(role, "reaped", "left by an earlier supervisor")
        state = ClusterState.read(layout)
        ports = choose_ports(claims, port=port, last=state.ports)
        plan = plan_of(layout, ports)
        state = ClusterState(supervisor=Identity.of(os.getpid()), urls=plan.urls, ports=dict(ports))
        state.write(layout)
        supervisor = Supervisor(layout=layout, stages=plan.stages, state=state, tell=tell)
        asyncio.run(supervisor.run(lambda: on_ready(plan)))
    finally:
        claims.release()
        lock.release()


def down(folder: Path | None) -> list[str]:
    """Stop the cluster of a state directory and return what was stopped; raise NotRunningError when nothing runs."""
    layout = Layout.at(folder)
    state = ClusterState.read(layout)
    roles = [row.role for row in state.processes if row.identity and row.identity.alive]
    if state.supervisor is not None and state.alive:
        state.supervisor.send(signal.SIGTERM)
        if wait_gone([state.supervisor], _DOWN_SECONDS):
            raise EmbeddedError(
                f"The supervisor, process {state.supervisor.pid}, did not stop within {_DOWN_SECONDS:g} s.",
                remedy=f"{layout.logs / 'supervisor.log'} says what it waits for.",
            )
    elif roles:
        _reap_alone(layout)
    else:
        raise NotRunningError(f"No cluster runs on {layout.root}.")
    return roles


def _reap_alone(layout: Layout) -> None:
    lock = Lock(layout)
    lock.take()
    try:
        reap(layout)
    finally:
        lock.release()
