"""What an earlier supervisor left behind, when it was killed before it could stop its children."""

import signal

from embedded.identity import Identity, wait_gone
from embedded.postgres import Postgres
from embedded.program import kill_sessions
from embedded.state import ClusterState, Layout
from embedded.valkey import Valkey

_SERVERS = {"postgres", "valkey"}
_GRACE_SECONDS = 3.0


def reap(layout: Layout) -> list[str]:
    """End every process that the state file names and that is still the same one; return their roles.

    The lock must be held: no supervisor lives. A pid that now belongs to somebody else is left alone.
    """
    rows = [row for row in ClusterState.read(layout).processes if row.identity is not None]
    found = [row.role for row in rows if row.identity and row.identity.alive]
    programs = [row.identity for row in rows if row.identity and row.role not in _SERVERS]
    _end(programs)
    kill_sessions([identity.pid for identity in programs], str(layout.root))
    for server in (Valkey(layout.root / "valkey", port=1), Postgres(layout.root / "postgres", port=1)):
        if server.folder.exists():
            server.reap()
    return found


def _end(programs: list[Identity]) -> None:
    families = [member for identity in programs for member in identity.family()]
    for identity in programs:
        identity.send(signal.SIGTERM)
        identity.send(signal.SIGCONT)
    for survivor in wait_gone(families, _GRACE_SECONDS):
        survivor.send(signal.SIGKILL)
    wait_gone(families, 5.0)
