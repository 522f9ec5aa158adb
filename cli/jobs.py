"""`collateral jobs ls | show | wait | cancel | retry`: looking after jobs over HTTP."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.connect import connected
from cli.lines import by_netting_set
from cli.options import AsJson, StateDir, Tenant, Token, Url
from cli.output import milliseconds, print_json, print_table
from cli.problems import FAILED
from core.names import JobState
from core.security import DEFAULT_TENANT

if TYPE_CHECKING:
    from client import Client, Job

JobId = Annotated[str, typer.Argument(metavar="JOB_ID", help="The job's id.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="The most to list.")]
Known = Mapping[str, Mapping[str, Any]]
COLUMNS = ("id", "measure", "state", "attempt", "queue", "device", "queued", "ran", "submitted")

jobs = typer.Typer(help="Jobs of the cluster.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add `jobs`."""
    app.add_typer(jobs, name="jobs")


@jobs.command("ls")
def ls(
    state: Annotated[JobState | None, typer.Option("--state", help="Only jobs in this state.")] = None,
    measure: Annotated[str | None, typer.Option("--measure", help="Only jobs of this measure.")] = None,
    limit: Limit = 50,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        list_jobs(client.jobs(state=state, measure=measure, limit=limit), "Jobs", as_json=as_json)


@jobs.command("show")
def show(
    job_id: JobId,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Show one job, with its result once it has one."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        job = client.job(job_id)
        if as_json:
            print_json(job.document)
        else:
            show_job(job, job_line(client, job))


@jobs.command("wait")
def wait(
    job_id: Annotated[list[str], typer.Argument(metavar="JOB_ID…", help="One or more ids.")],
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait.")] = 600.0,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Wait until jobs have finished and print their results; exit 1 unless all are done."""
    from cli.following import await_jobs

    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        code = show_jobs(client, await_jobs(client, job_id, timeout=timeout), as_json=as_json)
    raise typer.Exit(code)


@jobs.command("cancel")
def cancel(
    job_id: JobId,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Cancel a queued job at once; ask a running one to stop."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        _changed(client.cancel(job_id), as_json=as_json)


@jobs.command("retry")
def retry(
    job_id: JobId,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Queue a dead job again with its attempts renewed; the replay is audited."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        _changed(client.retry(job_id), as_json=as_json)


def list_jobs(found: Iterable["Job"], title: str, *, as_json: bool) -> None:
    """Print a listing."""
    if as_json:
        for job in found:
            print_json(job.document)
        return
    print_table(title, COLUMNS, [_row(job) for job in found], right=("attempt", "queued", "ran"))


def show_jobs(client: "Client", found: Iterable["Job"], *, as_json: bool, known: Known | None = None) -> int:
    """Print waited-for jobs with their results; return 0 if all are done, else 1.

    `known` is what the caller knows of a job beside its document, by job id: its portfolio, parameters, date.
    """
    code = 0
    for job in found:
        code = code if job.state == "done" else FAILED
        line = job_line(client, job, (known or {}).get(job.id, {}))
        if as_json:
            for one in by_netting_set(line):
                print_json(one)
        else:
            show_job(job, line)
    return code


def job_line(client: "Client", job: "Job", known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a job as one line: its result under the names of `calc`, or its error."""
    result = client.finished(job) if job.state == "done" else None
    said = {**(known or {}), **_named(job.document), **_named(result or {})}
    return {
        "portfolio_id": said.get("portfolio_id"),
        "measure": job.measure,
        "model": said.get("model"),
        "parameters": said.get("parameters"),
        "currency": said.get("currency"),
        "as_of": said.get("as_of"),
        "device": job.device,
        "job_id": job.id,
        "state": job.state,
        "run_ms": job.timings.get("run_ms"),
        **({"result": result} if result is not None else {"error": job.error or {"detail": f"still {job.state}"}}),
    }


def _named(document: Mapping[str, Any]) -> dict[str, Any]:
    names = ("portfolio_id", "model", "parameters", "currency", "as_of")
    return {name: document[name] for name in names if document.get(name) is not None}


def show_job(job: "Job", line: Mapping[str, Any]) -> None:
    """Print one job for people."""
    from cli.present import show_result

    print_table(f"Job {job.id}", COLUMNS, [_row(job)], right=("attempt", "queued", "ran"))
    reason = job.routing.get("reason")
    if reason:
        typer.echo(f"routed: {reason}")
    if job.state == "done":
        for one in by_netting_set(line):
            show_result(one)
    elif job.error:
        typer.echo(f"{job.error.get('title') or job.state}: {job.error.get('detail')}", err=True)


def _row(job: "Job") -> tuple[str, ...]:
    timings = job.timings
    return (
        job.id,
        f"{job.measure} (replay)" if job.document.get("replay_of") else job.measure,
        job.state,
        str(job.attempt),
        job.queue or "-",
        job.device or "-",
        milliseconds(timings.get("queued_ms")),
        milliseconds(timings.get("run_ms")),
        str(timings.get("submitted_at", "-")),
    )


def _changed(job: "Job", *, as_json: bool) -> None:
    if as_json:
        print_json(job.document)
    else:
        typer.echo(f"{job.id} {job.state}")
