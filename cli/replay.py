"""`collateral replay`: a stored number computed again from its pinned inputs, and compared digit by digit."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.connect import connected
from cli.jobs import JobId
from cli.options import AsJson, StateDir, Tenant, Token, Url
from cli.output import print_json, print_table
from cli.problems import FAILED, UNREADABLE, ClusterError, report
from core.security import DEFAULT_TENANT

if TYPE_CHECKING:
    from client import Client

_WAIT = 20.0
_NOT_REPLAYABLE = frozenset({404, 409})
_GOOD = frozenset({"equal", "equal_within"})


def register(app: typer.Typer) -> None:
    """Add `replay`."""
    app.command("replay", help="Recompute a stored number and compare, digit by digit.")(replay)


def replay(
    job_id: JobId,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait for the replay.")] = 600.0,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Exit 0 when equal or equal within the stated bound, 1 when different or not computed, 2 for no such number."""
    try:
        with connected(state_dir, url=url, token=token, tenant=tenant) as client:
            found = _settled(client, job_id, timeout)
    except ClusterError as error:
        if error.status not in _NOT_REPLAYABLE:
            raise
        report(error)
        raise typer.Exit(UNREADABLE) from None
    print_json(found) if as_json else _show(found)
    raise typer.Exit(0 if found["verdict"] in _GOOD else FAILED)


def _settled(client: "Client", job_id: str, timeout: float) -> dict[str, Any]:
    """Return the verdict, or how the replay stands when the time is over."""
    end = time.monotonic() + timeout
    found = client.replay(job_id, wait=max(1.0, min(_WAIT, timeout)))
    while found["state"] in {"queued", "running"} and time.monotonic() < end:
        found = client.verdict(found["replay_id"], wait=max(1.0, min(_WAIT, end - time.monotonic())))
    return found


def _show(found: Mapping[str, Any]) -> None:
    if found["verdict"] is None:
        error = found.get("error") or {}
        typer.echo(f"The replay {found['replay_id']} is {found['state']}. {error.get('detail', '')}".rstrip(), err=True)
        return
    typer.echo(f"{found['verdict'].replace('_', ' ')}: {found['reason']}")
    if found["bound"]:
        bound = found["bound"]
        typer.echo(f"bound: {bound['relative']:g} of the larger number, or {bound['absolute']:.3g} if that is more")
    if found["why"]:
        rows = [(one["what"], str(one["original"]), str(one["replay"])) for one in found["why"]]
        print_table("Not the same", ("what", "original", "replay"), rows)
    if found["differences"]:
        print_table("Largest differences", ("path", "original", "replay", "relative"), map(_row, found["differences"]))
    typer.echo(f"original {found['job_id']}, replay {found['replay_id']}")


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    relative = "-" if one["relative"] is None else f"{one['relative']:.3g}"
    return one["path"], repr(one["original"]), repr(one["replay"]), relative
