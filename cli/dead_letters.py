"""`collateral dlq ls | show | replay`: jobs whose attempts are used up."""

import typer

from cli.connect import connected
from cli.jobs import JobId, Limit, job_line, list_jobs, show_job
from cli.options import AsJson, StateDir, Tenant, Token, Url
from cli.output import print_json
from core.names import JobState
from core.security import DEFAULT_TENANT

dead_letters = typer.Typer(help="Dead letters: jobs whose attempts are used up.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add `dlq`."""
    app.add_typer(dead_letters, name="dlq")


@dead_letters.command("ls")
def ls(
    limit: Limit = 50,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """List the dead letters, newest first."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        list_jobs(client.jobs(state=JobState.DEAD.value, limit=limit), "Dead letters", as_json=as_json)


@dead_letters.command("show")
def show(
    job_id: JobId,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Show why a job died."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        job = client.job(job_id)
        if as_json:
            print_json(job.document)
        else:
            show_job(job, job_line(client, job))


@dead_letters.command("replay")
def replay(
    job_id: JobId,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Queue a dead job again with its attempts renewed; the replay is audited."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        job = client.retry(job_id)
    if as_json:
        print_json(job.document)
    else:
        typer.echo(f"{job.id} {job.state}")
