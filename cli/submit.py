"""`collateral submit`: a measure as a job on the cluster, one job for each portfolio of the input."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.connect import connected
from cli.jobs import show_jobs
from cli.options import AsJson, Params, StateDir, Tenant, Token, Url
from cli.output import print_json
from cli.problems import UsageError
from core.names import Device, Lane
from core.security import DEFAULT_TENANT

if TYPE_CHECKING:
    from cli.documents import Document
    from client import Client, Job


_STORED = "id:"


def register(app: typer.Typer) -> None:
    """Add `submit`."""
    app.command("submit", help="Compute a measure as a job on the cluster.")(submit)


def submit(
    measure: Annotated[str, typer.Argument(help="margin, optimise, var; noop for operators' drills.")],
    source: Annotated[
        str,
        typer.Argument(
            metavar="[INPUT]", help="JSON or JSON lines of portfolios, - for stdin; id:NAME for a stored portfolio."
        ),
    ] = "",
    param: Params = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the results and print them.")] = False,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds that --wait waits.")] = 600.0,
    device: Annotated[Device, typer.Option("--device", help="Hardware asked for.")] = Device.AUTO,
    fallback: Annotated[bool, typer.Option("--fallback", help="Allow cpu where that hardware is missing.")] = False,
    lane: Annotated[Lane, typer.Option("--lane", help="rt: somebody waits; bulk: batch work.")] = Lane.RT,
    deadline: Annotated[float, typer.Option("--deadline", help="Seconds after which the job fails.")] = 600.0,
    max_attempts: Annotated[int, typer.Option("--max-attempts", help="Attempts before it is a dead letter.")] = 3,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Submit a job for each portfolio of an input."""
    from cli.parameters import check_measure, given_parameters

    check_measure(measure)
    parameters = given_parameters(measure, param)
    options: dict[str, Any] = {
        "parameters": parameters,
        "device": _device(parameters.pop("device", device)),
        "fallback": fallback,
        "lane": lane.value,
        "deadline_seconds": deadline,
        "max_attempts": max_attempts,
    }
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        jobs = [client.submit(measure, **portfolio, **options) for portfolio in _portfolios(measure, source)]
        if wait:
            raise typer.Exit(_finish(client, jobs, timeout, as_json=as_json))
    if as_json:
        for job in jobs:
            print_json(job.document)
    else:
        for job in jobs:
            typer.echo(f"{job.id} {job.state}; collateral jobs wait {job.id}")


def _portfolios(measure: str, source: str) -> Sequence[Mapping[str, Any]]:
    from cli.documents import read_documents
    from compute.measures import measure as spec_of

    if not spec_of(measure).needs_portfolio:
        return [{}]
    if not source:
        raise UsageError(f"{measure} needs an INPUT.", remedy="Name a file, - for stdin, or id:NAME.")
    if source.startswith(_STORED):
        return [{"portfolio_id": source.removeprefix(_STORED)}]
    return [{"portfolio": _sendable(document)} for document in read_documents(Path(source))]


def _sendable(document: "Document") -> Any:
    """Return the portfolio as JSON can carry it; what JSON cannot carry is named here, with its pointer."""
    try:
        json.dumps(document.tree, allow_nan=False)
    except (TypeError, ValueError):
        from services.intake.faults import Faults
        from services.intake.portfolio import read_portfolio

        faults = Faults()
        read_portfolio(document.tree, document.pointer, faults)
        faults.settle()
        raise
    return document.tree


def _device(name: str) -> str:
    try:
        return Device(name).value
    except ValueError:
        remedy = f"Use one of: {', '.join(Device)}."
        raise UsageError(f"There is no device {name!r}.", remedy=remedy) from None


def _finish(client: "Client", jobs: Sequence["Job"], timeout: float, *, as_json: bool) -> int:
    from cli.following import await_jobs

    return show_jobs(client, await_jobs(client, [job.id for job in jobs], timeout=timeout), as_json=as_json)
