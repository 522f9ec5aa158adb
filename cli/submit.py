"""`collateral submit`: a measure as a job on the cluster, one job for each portfolio of the input."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.connect import connected
from cli.files import FileArguments, with_files
from cli.jobs import show_jobs
from cli.options import AsJson, Params, StateDir, Tenant, Token, Url
from cli.output import print_json
from cli.problems import FAILED, ClusterError, UsageError, document, report
from core.clock import utcnow
from core.names import Device, Lane
from core.security import DEFAULT_TENANT

if TYPE_CHECKING:
    from cli.documents import Document
    from client import Client, Job


_STORED = "id:"


def register(app: typer.Typer) -> None:
    """Add `submit`."""
    app.command("submit", help="Compute a measure as a job on the cluster.")(with_files(submit))


def submit(
    measure: Annotated[str, typer.Argument(help="margin, whatif, explain, compare, bridge, var …; noop for drills.")],
    source: Annotated[
        str,
        typer.Argument(
            metavar="[INPUT]",
            help="JSON or JSON lines of portfolios; CSV, Parquet or XLSX; - is stdin; id:NAME for a stored one.",
        ),
    ] = "",
    *,
    files: FileArguments,
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
    from cli.following import await_jobs
    from cli.parameters import check_measure, given_parameters

    check_measure(measure)
    parameters = given_parameters(measure, param, source)
    options: dict[str, Any] = {
        "parameters": parameters,
        "device": _device(parameters.pop("device", device)),
        "fallback": fallback,
        "lane": lane.value,
        "deadline_seconds": deadline,
        "max_attempts": max_attempts,
    }
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        wanted = _portfolios(client, measure, source, _filled(measure, parameters), files)
        sent = _sent(client, measure, wanted, options, as_json=as_json)
        refused = FAILED if len(sent) < len(wanted) else 0
        if wait:
            filled = _filled(measure, parameters)
            known = {job.id: {**one.known, "parameters": filled} for job, one in sent}
            found = await_jobs(client, [job.id for job, _ in sent], timeout=timeout)
            raise typer.Exit(max(refused, show_jobs(client, found, as_json=as_json, known=known)))
    for job, _ in sent:
        if as_json:
            print_json(job.document)
        else:
            typer.echo(f"{job.id} {job.state}; collateral jobs wait {job.id}")
    raise typer.Exit(refused)


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """One job's portfolio as the request names it, and what is known of it for the printed line."""

    request: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)


def _portfolios(
    client: "Client", measure: str, source: str, parameters: Mapping[str, Any], files: FileArguments
) -> Sequence[_Wanted]:
    from cli.documents import read_input
    from compute.measures import measure as spec_of

    if not spec_of(measure).needs_portfolio:
        return [_Wanted()]
    if not source:
        raise UsageError(f"{measure} needs an INPUT.", remedy="Name a file, - for stdin, or id:NAME.")
    if source.startswith(_STORED):
        name = source.removeprefix(_STORED)
        return [_Wanted(request={"portfolio_id": name}, known=_known(client.portfolio(name)))]
    return [_wanted(one) for one in read_input(Path(source), measure, parameters, files)]


def _wanted(one: "Document") -> _Wanted:
    from services.portfolios import book_document

    if one.text is not None:
        return _Wanted(request={"crif": one.text}, known={"portfolio_id": one.crif.id if one.crif else None})
    tree = _sendable(one) if one.ready is None else book_document(one.ready.portfolio)
    return _Wanted(request={"portfolio": tree}, known=_known(tree))


def _known(tree: Any) -> Mapping[str, Any]:
    if not isinstance(tree, dict):
        return {}
    today = utcnow().date().isoformat()  # what the cluster takes where none is given, and says so
    return {"portfolio_id": tree.get("id"), "currency": tree.get("currency"), "as_of": tree.get("as_of", today)}


def _filled(measure: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters with their defaults, as `calc` prints them."""
    from services.intake.parameters import read_parameters

    return read_parameters(measure, given)


def _sent(
    client: "Client", measure: str, wanted: Sequence[_Wanted], options: Mapping[str, Any], *, as_json: bool
) -> list[tuple["Job", _Wanted]]:
    """Submit each; one of several that is refused is named and left out, the others go on."""
    from client import ProblemError

    sent: list[tuple[Job, _Wanted]] = []
    refusal: ProblemError | None = None
    for one in wanted:
        try:
            sent.append((client.submit(measure, **one.request, **options), one))
        except ProblemError as error:
            refusal = error
            if len(wanted) > 1:
                _refused(ClusterError.of(error), measure, one, as_json=as_json)
    if refusal is not None and not sent:
        raise refusal
    return sent


def _refused(error: ClusterError, measure: str, one: _Wanted, *, as_json: bool) -> None:
    report(error)
    if as_json:
        print_json({"portfolio_id": one.known.get("portfolio_id"), "measure": measure, "error": document(error)})


def _sendable(given: "Document") -> Any:
    """Return the portfolio as JSON can carry it; what JSON cannot carry is named here, with its pointer."""
    try:
        json.dumps(given.tree, allow_nan=False)
    except (TypeError, ValueError):
        from services.intake.faults import Faults
        from services.intake.portfolio import read_portfolio

        faults = Faults()
        read_portfolio(given.tree, given.pointer, faults)
        faults.settle()
        raise
    return given.tree


def _device(name: str) -> str:
    try:
        return Device(name).value
    except ValueError:
        remedy = f"Use one of: {', '.join(Device)}."
        raise UsageError(f"There is no device {name!r}.", remedy=remedy) from None
