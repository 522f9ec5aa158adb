"""The demo: real prices, real margin, real Monte Carlo, real queue jobs, through the HTTP interface alone."""

import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.output import make_table, milliseconds, money, percent
from client import Client, Job, JobFailedError

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PRICES = EXAMPLES / "data" / "sp500_20_prices_1990_2022.csv.gz"
SUB_BOOKS = 200
SEED = 20221228
PATHS = 262_144
CONFIDENCES = [0.95, 0.99]
Book = dict[str, Any]
_METHODS = {"plain": "Monte Carlo, EWMA", "historical": "historical"}


def run_demo(base_url: str, token: str, console: Console) -> None:
    """Run the three parts against a cluster and print their tables; takes well under half a minute."""
    with Client(base_url, token) as client:
        _margin(client, console)
        book = json.loads((EXAMPLES / "long_short_sp500.json").read_text())
        _risk(client, console, book)
        _sub_books(client, console, book)


def _margin(client: Client, console: Console) -> None:
    request = json.loads((EXAMPLES / "readme_request.json").read_text())
    began = time.perf_counter()
    data = client.calculate_margin(
        request["portfolio"], optimize=request["optimize"], include_stress_test=request["include_stress_test"]
    )
    taken = 1e3 * (time.perf_counter() - began)
    margin, currency = data["margin_requirement"], request["portfolio"].get("currency", "USD")
    rows = [
        (
            position["id"],
            position["symbol"],
            f"{position['quantity']:,}",
            money(margin["position_margins"][position["id"]]["initial_margin"], currency),
            money(margin["position_margins"][position["id"]]["maintenance_margin"], currency),
        )
        for position in request["portfolio"]["positions"]
    ]
    table = make_table(
        "1  House margin of the README example, POST /api/v1/collateral/margin/calculate",
        ("position", "symbol", "quantity", "initial margin", "maintenance margin"),
        rows,
        right=("quantity", "initial margin", "maintenance margin"),
    )
    optimization = data.get("optimization") or {}
    summary = (
        f"Total Margin Required: {money(margin['total_margin'], currency)}\n"
        f"Margin Utilization: {_points(margin['margin_utilization_percent'])}\n"
        f"Capital Efficiency Improvement: {_points(optimization.get('capital_efficiency_improvement'))}\n"
        f"[dim]{milliseconds(data['calculation_metadata']['calculation_time_ms'])} computed, "
        f"{milliseconds(taken)} seen from here; "
        f"not computed yet: {', '.join(data.get('not_computed') or ['nothing'])}[/dim]"
    )
    console.print(Group(table, summary, ""))


def _risk(client: Client, console: Console, book: Book) -> None:
    client.upload_history(PRICES.read_bytes())
    common = {"confidence": CONFIDENCES, "horizon_days": 1}
    simulated = {**common, "method": "plain", "factor_model": "ewma", "paths": PATHS, "seed": SEED}
    jobs = [
        client.submit("var", book, parameters=parameters, wait=20.0)
        for parameters in (simulated, {**common, "method": "historical"})
    ]
    finished = [job if job.is_final else client.wait(job.id, timeout=60.0) for job in jobs]
    rows = [row for job in finished for row in _risk_rows(job, client.finished(job))]
    table = make_table(
        f"2  One-day value at risk of {book['name']} ({len(book['positions'])} names, as of {book['as_of']})",
        ("method", "confidence", "VaR", "expected shortfall", "± VaR", "device", "kernel"),
        rows,
        right=("confidence", "VaR", "expected shortfall", "± VaR", "kernel"),
    )
    gross = sum(abs(position["quantity"] * position["price"]) for position in book["positions"])
    note = f"[dim]Gross {money(gross, book['currency'])}; {PATHS:,} paths, EWMA covariance of the stored returns.[/dim]"
    console.print(Group(table, note, ""))


def _risk_rows(job: Job, result: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    for figure in result["measures"]:
        yield (
            _METHODS.get(figure["method"], figure["method"]),
            percent(figure["confidence"]),
            money(figure["var"], result["currency"]),
            money(figure["es"], result["currency"]),
            money(figure.get("se_var"), result["currency"]),
            job.device or "-",
            milliseconds(job.timings.get("run_ms")),
        )


def _sub_books(client: Client, console: Console, book: Book) -> None:
    books = sub_books(book, SUB_BOOKS, SEED)
    began = time.perf_counter()
    jobs = _submitted(client, console, books)
    finished = _awaited(client, console, jobs)
    taken = time.perf_counter() - began
    results = [client.finished(job) for job in finished]
    margins = sorted(float(result["total_margin"]) for result in results)
    middle = margins[len(margins) // 2]
    currency = book["currency"]
    rows = [
        ("jobs done", f"{len(results)} of {len(books)}"),
        (
            "smallest, median, largest margin",
            " · ".join(money(value, currency) for value in (margins[0], middle, margins[-1])),
        ),
        ("queue and device", ", ".join(sorted({f"{job.queue} on {job.device}" for job in finished}))),
        ("median time queued", milliseconds(_median(job.timings.get("queued_ms") for job in finished))),
        ("median time in the kernel", milliseconds(_median(job.timings.get("run_ms") for job in finished))),
        ("submit to last result", f"{taken:.1f} s, {len(results) / taken:,.0f} jobs a second"),
    ]
    console.print(
        make_table(f"3  {len(books)} random sub-books as queue jobs on the bulk lane", ("", ""), rows, head=False)
    )


def sub_books(book: Book, count: int, seed: int) -> list[Book]:
    """Return random sub-books of a book: 5 to 15 of its names, each at a quarter to the whole of its quantity."""
    draw = random.Random(seed)  # noqa: S311 - reproducible sampling, not a secret
    return [
        {
            **{name: value for name, value in book.items() if name != "positions"},
            "id": f"{book['id']}-{number:03d}",
            "name": f"{book['name']}, sample {number}",
            "positions": [
                {**position, "quantity": round(position["quantity"] * draw.uniform(0.25, 1.0))}
                for position in draw.sample(book["positions"], draw.randint(5, 15))
            ],
        }
        for number in range(count)
    ]


def _submitted(client: Client, console: Console, books: Sequence[Book]) -> list[Job]:
    with _bar(console) as bar, ThreadPoolExecutor(4) as pool:
        task = bar.add_task("submitted", total=len(books))
        jobs = []
        for job in pool.map(lambda one: client.submit("margin", one, lane="bulk"), books):
            jobs.append(job)
            bar.advance(task)
    return jobs


def _awaited(client: Client, console: Console, jobs: Sequence[Job]) -> list[Job]:
    with _bar(console) as bar, ThreadPoolExecutor(4) as pool:
        task = bar.add_task("computed ", total=len(jobs))
        finished = []
        for job in pool.map(lambda one: client.wait(one.id, timeout=120.0), jobs):
            if job.state != "done":
                raise JobFailedError(job)
            finished.append(job)
            bar.advance(task)
    return finished


def _bar(console: Console) -> Progress:
    columns = (TextColumn("   {task.description}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _points(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}%"


def _median(values: Iterator[float | None]) -> float | None:
    known = sorted(value for value in values if value is not None)
    return known[len(known) // 2] if known else None
