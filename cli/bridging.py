"""A bridge in this process: its earlier side from a running cluster, or from a file of pinned inputs; its tables."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cli.output import money, print_table
from cli.problems import UsageError

if TYPE_CHECKING:
    from compute.analysis.bridge.earlier import Earlier
    from compute.market import Market
    from compute.measure import Book
    from services.intake.faults import Faults

EARLIER = "earlier"
_POINTER = "/parameters/earlier"
_SHOWN = 20
_OWN_HISTORY = (
    "The price histories that the earlier result read are not at hand: its side is computed with those given here, and "
    "what they change is in model_version. A bridge on the cluster has them."
)


def take_enclosed(given: dict[str, Any]) -> Mapping[str, Any] | None:
    """Return the document of `earlier=@file.json`, and leave the name of what it is of in its place."""
    document = given.get(EARLIER)
    if not isinstance(document, dict):
        return None
    given[EARLIER] = str(document.get("job_id") or "a file")
    return document


def with_earlier(
    market: "Market", parameters: Mapping[str, Any], enclosed: Mapping[str, Any] | None, state_dir: Path | None
) -> "Market":
    """Return the market with the earlier side of a bridge; for any other measure as it is."""
    if EARLIER not in parameters:
        return market
    document = enclosed if enclosed is not None else _fetched(str(parameters[EARLIER]), state_dir)
    return replace(market, earlier=_side(document, str(parameters[EARLIER]), parameters, market))


def _fetched(job_id: str, state_dir: Path | None) -> Mapping[str, Any]:
    """Return a job's pinned inputs and its result from the cluster."""
    from cli.connect import connected

    url, token = os.environ.get("COLLATERAL_URL"), os.environ.get("COLLATERAL_TOKEN")
    with connected(state_dir, url=url, token=token) as client:
        given = client.inputs(job_id)
        if given["state"] != "done":
            raise UsageError(f"The job {job_id} is {given['state']} and has no figures.", remedy="Name a finished job.")
        return {**given, "result": client.result(job_id)}


def _side(document: Mapping[str, Any], name: str, parameters: Mapping[str, Any], market: "Market") -> "Earlier":
    from compute.analysis.bridge.earlier import Earlier
    from compute.analysis.figures import figures
    from compute.measures import measure
    from compute.result import Result
    from services.intake.faults import Faults
    from workers.version import code_version

    if document.get("measure", "margin") != "margin":
        raise UsageError(f"The earlier job is of the measure {document['measure']}, not margin.")
    faults = Faults()
    before = _parameters(document.get("parameters") or {}, str(parameters["model"]), faults)
    book = _book(document, before, faults)
    faults.settle()
    result = document.get("result")
    reads_history = measure("margin").chosen(before).needs_history(before)
    return Earlier(
        name=name,
        book=book,
        history=market.history,
        parameters=before,
        figures=None if result is None else figures(Result(document=result)),
        version=None if result is None else result.get("version"),
        code_version=document.get("code_version"),
        present_code_version=code_version(),
        facts={fact: document[fact] for fact in ("job_id",) if document.get(fact)},
        notes=(_OWN_HISTORY,) if reads_history else (),
    )


def _parameters(given: Mapping[str, Any], model: str, faults: "Faults") -> dict[str, Any]:
    """Return the earlier parameters with defaults; what today's model does not know stays, for the bridge to name."""
    from compute.measures import measure
    from services.intake.parameters import collect_parameters

    named = {"model": model, **given}
    known = measure("margin").chosen(named).parameters
    ours = {name: value for name, value in named.items() if name in known}
    return {**named, **collect_parameters("margin", ours, f"{_POINTER}/parameters", faults)}


def _book(document: Mapping[str, Any], parameters: Mapping[str, Any], faults: "Faults") -> "Book":
    from services.intake.crif import read_crif
    from services.intake.portfolio import read_portfolio
    from services.intake.pricing import fill_prices

    if document.get("crif") is not None:
        text = str(document["crif"]).encode()
        return read_crif(text, "margin", parameters, name="crif", pointer=f"{_POINTER}/crif")
    if document.get("portfolio") is None:
        raise UsageError(
            "The earlier file holds neither a portfolio nor a crif.",
            remedy='Save GET /api/v1/jobs/JOB_ID/inputs, or write {"portfolio": …, "parameters": …, "result": …}.',
        )
    portfolio, _assumed = read_portfolio(document["portfolio"], f"{_POINTER}/portfolio", faults)
    faults.settle()
    return fill_prices(portfolio, {}, pointer=f"{_POINTER}/portfolio")


def show_bridge(result: Mapping[str, Any]) -> None:
    """Print the steps of a bridge, and the trades."""
    currency = result["currency"]
    what = {one["step"]: one["what"] for one in result["steps"]}
    rows = [
        (
            one["step"].replace("_", " "),
            money(one["amount"], currency),
            money(one["running"], currency),
            what.get(one["step"], ""),
        )
        for one in result["waterfall"]
    ]
    title = f"{result['figure'].replace('_', ' ').capitalize()}, {result['earlier']['as_of']} to {result['as_of']}"
    print_table(title, ("step", "amount", "comes to", "what changed"), rows, right=("amount", "comes to"))
    trades = result.get("trades") or []
    if trades:
        columns = tuple(trades[0])
        more = f"; {len(trades) - _SHOWN:,} more with --json" if len(trades) > _SHOWN else ""
        print_table(f"Trades{more}", columns, [tuple(str(one[name]) for name in columns) for one in trades[:_SHOWN]])
    for note in result["notes"]:
        typer.echo(note)
