"""`collateral calc`: a measure in this process, without services; the same intake and kernels as the cluster."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.files import FileArguments, with_files
from cli.lines import by_netting_set
from cli.options import AsJson, Params, StateDir
from cli.output import print_json, quiet_logs
from cli.plot import Plot, Plotter
from cli.problems import FAILED, UNREADABLE, UsageError, document, report
from compute.errors import ComputeError
from core.errors import CollateralError

if TYPE_CHECKING:
    from cli.documents import Document
    from compute.market import Market
    from compute.measures import Book
    from compute.result import Checkpoint

History = Annotated[
    Path | None,
    typer.Option("--history", metavar="PRICES.csv[.gz]", help="Daily closes: Date,SYM1,SYM2,… for var and volatility."),
]


def register(app: typer.Typer) -> None:
    """Add `calc`."""
    app.command("calc", help="Compute a measure in this process, without services.")(with_files(calc))


def calc(
    measure: Annotated[str, typer.Argument(help="margin, whatif, explain, compare, bridge, backtest, price, var …")],
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="JSON or JSON lines of portfolios; CSV, Parquet or XLSX of positions; a CRIF; - is stdin.",
        ),
    ],
    files: FileArguments,
    param: Params = None,
    history: History = None,
    plot: Plot = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Compute a measure for each portfolio of an input; only a bridge to a stored job asks the cluster."""
    from cli.bridging import with_earlier
    from cli.present import show_result

    quiet_logs()
    parameters, enclosed = _parameters(measure, param, source)
    partly = _values_itself(measure, parameters)
    market = with_earlier(_market(history, measure, parameters), parameters, enclosed, state_dir)
    plotter = Plotter(plot, measure)
    documents = _documents(source, measure, parameters, files, as_json=as_json)
    unread = failed = 0
    for item in documents:
        try:
            portfolio = _book(item, partly=partly)
        except CollateralError as error:
            unread += 1
            _failed(error, item, measure, parameters, as_json=as_json)
            continue
        try:
            line = _computed(measure, portfolio, market, parameters)
        except (CollateralError, ComputeError) as error:
            failed += 1
            _failed(error, item, measure, parameters, as_json=as_json, portfolio_id=portfolio.id)
            continue
        for one in by_netting_set(line):
            print_json(one) if as_json else show_result(one)
            plotter.draw(one)
    if unread == len(documents):
        raise typer.Exit(UNREADABLE)
    raise typer.Exit(FAILED if unread or failed else 0)


def _documents(
    source: Path, measure: str, parameters: Mapping[str, Any], files: FileArguments, *, as_json: bool
) -> "list[Document]":
    """Return the portfolios of the input; with `--json` what stands against the whole of it is an object too."""
    from cli.documents import read_input

    try:
        return read_input(source, measure, parameters, files)
    except CollateralError as error:
        if as_json:
            print_json(
                {"portfolio_id": None, "measure": measure, "parameters": dict(parameters), "error": document(error)}
            )
        raise


def _parameters(measure: str, param: list[str] | None, source: Path) -> tuple[dict[str, Any], Mapping[str, Any] | None]:
    """Return the parameters, and the earlier side of a bridge where it came with them."""
    from cli.bridging import take_enclosed
    from cli.parameters import check_measure, given_parameters
    from compute.measures import measure as spec_of
    from services.intake.parameters import read_parameters

    check_measure(measure)
    if not spec_of(measure).needs_portfolio:
        raise UsageError(
            f"{measure} runs on a cluster alone.", remedy=f"Run it there: collateral submit {measure} --wait"
        )
    given = given_parameters(measure, param, source)
    device = given.pop("device", "auto")
    if device not in {"auto", "cpu"}:
        raise UsageError(f"This process computes on cpu, not on {device}.", remedy="Submit the job to a cluster.")
    enclosed = take_enclosed(given)
    return read_parameters(measure, given), enclosed


def _market(history: Path | None, measure: str, parameters: Mapping[str, Any]) -> "Market":
    from compute.market import Market
    from compute.measures import measure as spec_of

    if history is not None:
        from cli.history import read_history

        return Market(history=read_history(history))
    if spec_of(measure).chosen(parameters).needs_history(parameters):
        raise UsageError(f"{measure} needs price history.", remedy="Add --history PRICES.csv[.gz].")
    return Market()


def _values_itself(measure: str, parameters: Mapping[str, Any]) -> bool:
    from compute.measures import measure as spec_of

    return spec_of(measure).chosen(parameters).values_itself


def _book(item: "Document", *, partly: bool) -> "Book":
    from services.errors import InvalidInputError
    from services.intake.faults import Faults
    from services.intake.files import by_row
    from services.intake.portfolio import read_portfolio
    from services.intake.pricing import fill_prices

    if item.crif is not None:
        return item.crif
    if item.ready is not None:
        try:
            return fill_prices(item.ready.portfolio, {}, pointer=item.pointer, partly=partly)
        except InvalidInputError as error:
            raise by_row(error, item.ready) from None
    faults = Faults()
    portfolio, _ = read_portfolio(item.tree, item.pointer, faults)
    faults.settle()
    return fill_prices(portfolio, {}, pointer=item.pointer, partly=partly)


def _computed(measure: str, portfolio: "Book", market: "Market", parameters: Mapping[str, Any]) -> dict[str, Any]:
    from compute.measures import measure as spec_of
    from core.names import Measure
    from services.execute import compute_result
    from services.inputs import settled
    from services.wire import result_document

    parameters = settled(spec_of(measure).chosen(parameters), parameters, portfolio, lambda _symbols: {})
    with _progress(measure) as checkpoint:
        began = time.perf_counter()
        found = compute_result(Measure(measure), portfolio, market, parameters, checkpoint)
        run_ms = 1e3 * (time.perf_counter() - began)
    return {
        "portfolio_id": found.document.get("portfolio_id", portfolio.id),
        "measure": measure,
        "model": _model(found.document, parameters),
        "parameters": dict(parameters),
        "currency": found.document["currency"],
        "as_of": portfolio.as_of.isoformat(),
        "device": found.device,
        "run_ms": run_ms,
        "result": result_document(found.document, found.tables),
    }


def _model(result: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    return result.get("model", parameters.get("model"))


def _failed(
    error: CollateralError | ComputeError,
    item: "Document",
    measure: str,
    parameters: Mapping[str, Any],
    *,
    as_json: bool,
    portfolio_id: str | None = None,
) -> None:
    given = item.tree.get("id") if isinstance(item.tree, dict) else None
    name = portfolio_id or (given if isinstance(given, str) else None)
    place = name or (f"line {item.line}" if item.line else item.pointer) or "the portfolio"
    typer.echo(f"{place}:", err=True)
    report(error)
    if as_json:
        print_json({"portfolio_id": name, "measure": measure, "parameters": dict(parameters), "error": document(error)})


@contextmanager
def _progress(measure: str) -> Iterator["Checkpoint"]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(measure, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
