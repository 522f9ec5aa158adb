"""`collateral params ls | show | put | check | diff | submit | approve | activate | rollback | preview | …`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.connect import connected
from cli.options import AsJson, Params, StateDir, Tenant, Token, Url
from cli.output import print_json, print_table, quiet_logs
from cli.problems import FAILED, UsageError
from core.security import DEFAULT_TENANT

Name = Annotated[str, typer.Argument(metavar="NAME[@VERSION]", help="A stored set; default: its newest version.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the audit rows.")]
From = Annotated[str | None, typer.Option("--from", help="ISO date; default: today in UTC, never earlier.")]
Model = Annotated[str | None, typer.Option("--model", help="A margin model.")]
Source = Annotated[Path, typer.Argument(metavar="FILE", help="The whole set, .toml or .json; - is JSON on stdin.")]

params = typer.Typer(help="Parameter sets: stored, approved by a second person, active from a date.",
                     no_args_is_help=True)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add `params`."""
    app.add_typer(params, name="params")


@params.command("ls")
def ls(
    model: Model = None,
    packaged: Annotated[bool, typer.Option("--packaged", help="Those that come with the release.")] = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """List the stored sets, or the packaged ones."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        sets = client.parameter_sets
        found = (
            [one for one in sets.packaged() if model in {None, one["model"]}] if packaged else list(sets.list(model))
        )
    if packaged:
        _table("Packaged parameter sets", ("model", "version", "default"), found, as_json=as_json)
    else:
        names = ("name", "version", "model", "state", "created", "approved", "note")
        _table("Parameter sets", names, found, as_json=as_json)


@params.command("versions")
def versions(
    name: Name,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """List the versions of a set, newest first."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        found = list(client.parameter_sets.versions(_split(name)[0]))
    names = ("version", "state", "created", "submitted", "approved", "withdrawn", "note")
    _table(f"Versions of {name}", names, found, as_json=as_json)


@params.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME[@VERSION]", help="With --packaged: MODEL@VERSION.")],
    packaged: Annotated[bool, typer.Option("--packaged", help="A set that comes with the release.")] = False,
    document: Annotated[bool, typer.Option("--document", help="The set alone, as `put` takes it.")] = False,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,  # noqa: ARG001 - a set is JSON in either case
) -> None:
    """Print a set as JSON."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        if packaged:
            model, _, version = name.partition("@")
            found = client.parameter_sets.packaged_set(model, version)
        else:
            found = client.parameter_sets.get(*_split(name))
    print_json(found["document"] if document else found)


@params.command("put")
def put(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The set's name.")],
    source: Source,
    model: Model = None,
    note: Annotated[str, typer.Option("--note", help="What is different, and why.")] = "",
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Store a draft; an unchanged one keeps its version."""
    document = _document(source)
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        _step(client.parameter_sets.put(name, _model(model, document), document, note=note), as_json=as_json)


@params.command("check")
def check(source: Source, model: Model = None, state_dir: StateDir = None, as_json: AsJson = False) -> None:  # noqa: ARG001
    """Judge a file against its model's schema, in this process: every fault with its JSON pointer."""
    import json

    from services.parameter_set_request import decode_draft

    quiet_logs()
    document = _document(source)
    draft = decode_draft(json.dumps({"model": _model(model, document), "document": document}, default=str).encode())
    if as_json:
        print_json({"model": draft.model, "content_hash": draft.content_hash, "sound": True})
    else:
        typer.echo(f"A sound parameter set of {draft.model}, content {draft.content_hash[:12]}.")


@params.command("diff")
def diff(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A stored set; its model is what is compared.")],
    source: Annotated[
        str, typer.Option("--from", help="VERSION, NAME@VERSION, packaged@VERSION or active.")
    ] = "active",
    target: Annotated[str, typer.Option("--to", help="As --from; default: the newest version.")] = "",
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what is different between two sets: each place by its JSON pointer, old and new."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        found = client.parameter_sets.diff(name, source=source, target=target)
    if as_json:
        print_json(found)
        return
    title = f"{found['from']['set']} → {found['to']['set']}"
    rows = [[one["pointer"], _shown(one.get("old")), _shown(one.get("new"))] for one in found["changes"]]
    print_table(title, ("pointer", "old", "new"), rows) if rows else typer.echo(f"{title}: equal.")


@params.command("submit")
def submit(
    name: Name,
    reason: Reason = "",
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Hand a draft to a second person."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        _step(client.parameter_sets.submit(*_split(name), reason=reason), as_json=as_json)


@params.command("approve")
def approve(
    name: Name,
    reason: Reason = "",
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Approve a submitted version; its author cannot."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        _step(client.parameter_sets.approve(*_split(name), reason=reason), as_json=as_json)


@params.command("withdraw")
def withdraw(
    name: Name,
    reason: Reason = "",
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Give up a version that was never activated; it stays readable."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        _step(client.parameter_sets.withdraw(*_split(name), reason=reason), as_json=as_json)


@params.command("activate")
def activate(
    name: Name,
    active_from: From = None,
    reason: Reason = "",
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Make an approved version what its model computes with, from a date."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        found = client.parameter_sets.activate(*_split(name), active_from=active_from, reason=reason)
    _activated(found, as_json=as_json)


@params.command("rollback")
def rollback(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The margin model.")],
    to: Annotated[str | None, typer.Option("--to", help="NAME@VERSION or packaged@VERSION that was active.")] = None,
    active_from: From = None,
    reason: Reason = "",
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Make active again what was active before."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        found = client.parameter_sets.roll_back(model, to=to, active_from=active_from, reason=reason)
    _activated(found, as_json=as_json)


@params.command("active")
def active(
    on: Annotated[str | None, typer.Option("--on", help="ISO date; default: today in UTC.")] = None,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what each model computes with on a date."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        found = client.parameter_sets.active(on)
    _table(f"Active on {found['on']}", ("model", "set", "since", "activation"), found["items"], as_json=as_json)


@params.command("history")
def history(
    model: Model = None,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """List activations and roll backs, newest first."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        found = list(client.parameter_sets.history(model))
    names = ("id", "model", "set", "active_from", "action", "created", "withdrawn", "reason")
    _table("Activations", names, found, as_json=as_json)


@params.command("cancel")
def cancel(
    activation: Annotated[int, typer.Argument(metavar="ID", help="Id of a planned activation; `history` lists them.")],
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Withdraw an activation whose date is still to come."""
    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        _activated(client.parameter_sets.withdraw_activation(activation), as_json=as_json)


@params.command("preview")
def preview(
    name: Name,
    against: Annotated[str, typer.Option("--against", help="NAME@VERSION, packaged@VERSION or active.")] = "active",
    param: Params = None,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait.")] = 3_600.0,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the result and print it.")] = True,
    url: Url = None,
    token: Token = None,
    tenant: Tenant = DEFAULT_TENANT,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Compute every stored portfolio under a version and under what is active: before, change, after."""
    from cli.following import await_job
    from cli.impact import show_impact
    from cli.parameters import given_parameters

    with connected(state_dir, url=url, token=token, tenant=tenant) as client:
        model = client.parameter_sets.get(*_split(name))["model"]
        parameters = given_parameters("impact", [f"model={model}", *(param or [])])
        del parameters["model"]  # the set's, which the cluster knows
        job = client.parameter_sets.preview(*_split(name), against=against, parameters=parameters)
        if not wait:
            print_json({"id": job.id, "state": job.state}) if as_json else typer.echo(job.id)
            return
        found = client.finished(await_job(client, job.id, timeout=timeout))
    print_json({"job_id": job.id, **found}) if as_json else show_impact(found)
    raise typer.Exit(FAILED if found["failed"] else 0)


def _split(reference: str) -> tuple[str, int | None]:
    name, at, version = reference.partition("@")
    if at and not (version.isascii() and version.isdecimal()):
        raise UsageError(f"{reference!r} names no version.", remedy="Write NAME or NAME@VERSION.")
    return name, int(version) if at else None


def _document(source: Path) -> dict[str, Any]:
    from cli.structures import read_structure

    found = read_structure(source)
    if not isinstance(found, dict):
        raise UsageError(f"{source} holds no parameter set.", remedy="Write one as TOML, or as one JSON object.")
    return found


def _model(given: str | None, document: Mapping[str, Any]) -> str:
    model = given or document.get("model")
    if not isinstance(model, str):
        raise UsageError("Which model the set is for is not said.", remedy="Add --model MODEL.")
    return model


def _step(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['name']}@{found['version']} ({found['model']}) is {found['state']}.")


def _activated(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    verb = "is withdrawn: it would have been" if found["withdrawn"] else "is"
    typer.echo(f"{found['set']} {verb} what {found['model']} computes with from {found['active_from']}.")
    for one in found.get("planned", []):
        typer.echo(f"Planned: {one['set']} from {one['active_from']} (activation {one['id']}).")


def _table(title: str, names: tuple[str, ...], found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            print_json(one)
        return
    print_table(title, names, [[_cell(one.get(name)) for name in names] for one in found])


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{value['by']} {str(value['at'])[:10]}"
    return "-" if value is None or value == "" else str(value)


def _shown(value: Any) -> str:
    import json

    return "-" if value is None else json.dumps(value, ensure_ascii=False)
