"""The client: jobs, calculations, portfolios, prices and schedules of one tenant."""

import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

from client.errors import JobFailedError, ProblemError, UnreachableError, WaitTimeoutError
from client.events import read_events
from client.models import FINAL_STATES, Event, Job, Page, Progress
from client.parameter_sets import ParameterSets
from client.transport import Transport

_LONGEST_WAIT = 20.0
_JOBS = "/api/v1/jobs"
_COLLATERAL = "/api/v1/collateral"
Document = Mapping[str, Any]
OnProgress = Callable[[Progress], None]


class Client:
    """Talks to one cluster with one bearer token; use it as a context manager.

    Parameters
    ----------
    base_url
        Address of the API, for example `http://127.0.0.1:9000`.
    token
        Bearer token; `collateral token` prints one.
    timeout
        Seconds to wait for an answer that was not asked to wait.
    retries
        Repeats after a broken connection, a 429 or a 503; a POST is repeated under the same Idempotency-Key.
    transport
        An httpx transport, for tests against an application in memory.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        *,
        timeout: float = 30.0,
        retries: int = 3,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._transport = Transport(base_url, token, timeout=timeout, retries=retries, transport=transport)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    @property
    def parameter_sets(self) -> ParameterSets:
        """The tenant's parameter sets."""
        return ParameterSets(self._transport, self._items)

    # Jobs

    def submit(
        self,
        measure: str,
        portfolio: Document | None = None,
        *,
        portfolio_id: str | None = None,
        crif: str | None = None,
        parameters: Document | None = None,
        device: str = "auto",
        fallback: bool = False,
        lane: str = "rt",
        deadline_seconds: float | None = None,
        max_attempts: int | None = None,
        wait: float = 0.0,
        idempotency_key: str | None = None,
    ) -> Job:
        """Submit a job; with `wait` seconds the answer comes when the job has finished or the time is over."""
        body = {
            "measure": measure,
            "portfolio": portfolio,
            "portfolio_id": portfolio_id,
            "crif": crif,
            "parameters": dict(parameters or {}),
            "device": device,
            "fallback": fallback,
            "lane": lane,
            "deadline_seconds": deadline_seconds,
            "max_attempts": max_attempts,
        }
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        if wait > 0:
            headers["Prefer"] = f"wait={wait:g}"
        sent = {name: value for name, value in body.items() if value is not None}
        return Job.read(self._transport.call("POST", _JOBS, body=sent, headers=headers, wait=wait).json())

    def job(self, job_id: str, *, wait: float = 0.0) -> Job:
        """Return a job as it stands; with `wait` the cluster may hold the answer until it has finished."""
        headers = {"Prefer": f"wait={wait:g}"} if wait > 0 else {}
        return Job.read(self._transport.call("GET", _path(_JOBS, job_id), headers=headers, wait=wait).json())

    def jobs(self, *, state: str | None = None, measure: str | None = None, limit: int | None = None) -> Iterator[Job]:
        """Yield the tenant's jobs, newest first, page by page, at most `limit` of them."""
        for document in self._items(_JOBS, {"state": state, "measure": measure}, limit):
            yield Job.read(document)

    def wait(self, job_id: str, *, timeout: float = 600.0, on_progress: OnProgress | None = None) -> Job:
        """Return a job once it is final; raise WaitTimeoutError when the time is over."""
        end = time.monotonic() + timeout
        pause = 0.02
        while True:
            remaining = end - time.monotonic()
            began = time.monotonic()
            job = self.job(job_id, wait=0.0 if on_progress else min(_LONGEST_WAIT, max(0.0, remaining)))
            if on_progress:
                on_progress(job.progress)
            if job.is_final:
                return job
            if time.monotonic() >= end:
                raise WaitTimeoutError(job)
            if time.monotonic() - began < pause:
                time.sleep(pause)
                pause = min(pause * 1.5, 1.0)

    def follow(self, job_id: str, *, last_event_id: str | None = None) -> Iterator[Event]:
        """Yield a job's events (state, progress) until its final state; resumes where a broken line left off."""
        breaks = 0
        while breaks <= 3:
            headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
            try:
                with self._transport.stream(_path(_JOBS, job_id, "events"), headers=headers) as response:
                    for event in read_events(response.iter_lines()):
                        last_event_id, breaks = event.id or last_event_id, 0
                        yield event
                        if event.data.get("state") in FINAL_STATES:
                            return
            except UnreachableError:
                if breaks == 3:
                    raise
            breaks += 1
            time.sleep(0.1 * 2.0**breaks)

    def run(
        self, measure: str, portfolio: Document | None = None, *, timeout: float = 600.0, **options: Any
    ) -> Document:
        """Submit a job, wait for it and return its result; raise JobFailedError when it ends without one."""
        job = self.submit(measure, portfolio, wait=min(timeout, _LONGEST_WAIT), **options)
        if not job.is_final:
            job = self.wait(job.id, timeout=timeout)
        return self.finished(job)

    def finished(self, job: Job) -> Document:
        """Return a final job's result, fetched where the job came without it; raise JobFailedError if it has none."""
        if job.state != "done":
            raise JobFailedError(job)
        return job.result if job.result is not None else self.result(job.id)

    def result(self, job_id: str) -> dict[str, Any]:
        """Return a finished job's result alone."""
        return self._get(_path(_JOBS, job_id, "result"))

    def cancel(self, job_id: str) -> Job:
        """Ask for a job to stop; a queued one stops at once."""
        return Job.read(self._transport.call("POST", _path(_JOBS, job_id, "cancel")).json())

    def retry(self, job_id: str) -> Job:
        """Queue a dead job again with its attempts renewed; the replay is audited."""
        return Job.read(self._transport.call("POST", _path(_JOBS, job_id, "retry")).json())

    def inputs(self, job_id: str) -> dict[str, Any]:
        """Return what a job's number was made from, in the shape in which it can be sent again."""
        return self._get(_path(_JOBS, job_id, "inputs"))

    def replay(self, job_id: str, *, wait: float = 0.0) -> dict[str, Any]:
        """Have a done job's number computed again; with `wait` seconds the answer is the verdict, if it is there."""
        headers = {"Prefer": f"wait={wait:g}"} if wait > 0 else {}
        path = _path(_JOBS, job_id, "replay")
        found: dict[str, Any] = self._transport.call("POST", path, headers=headers, wait=wait).json()
        return found

    def verdict(self, job_id: str, *, wait: float = 0.0) -> dict[str, Any]:
        """Return what came of a job's latest replay, or of a replay itself; `verdict` is None until it has ended."""
        headers = {"Prefer": f"wait={wait:g}"} if wait > 0 else {}
        path = _path(_JOBS, job_id, "replay")
        found: dict[str, Any] = self._transport.call("GET", path, headers=headers, wait=wait).json()
        return found

    # Calculations

    def calculate_margin(
        self, portfolio: Document, *, optimize: bool = True, include_stress_test: bool = False, positions: bool = False
    ) -> dict[str, Any]:
        """Return the margin of a portfolio, computed while you wait; `positions` asks for them beyond 1,000 too."""
        body = {"portfolio": portfolio, "optimize": optimize, "include_stress_test": include_stress_test}
        query = {"include": "positions"} if positions else None
        return self._data(f"{_COLLATERAL}/margin/calculate", body, query)

    def optimize_margin(self, portfolio: Document) -> dict[str, Any]:
        """Return the offsets that a portfolio's margin recognises, and what remains gross."""
        return self._data(f"{_COLLATERAL}/margin/optimize", portfolio, None)

    # Portfolios and prices

    def put_portfolio(self, portfolio: Document, *, if_match: str | None = None) -> dict[str, Any]:
        """Store a portfolio under its id as a new version; with `if_match` only over that version."""
        headers = {"If-Match": if_match} if if_match else {}
        path = _path("/api/v1/portfolios", str(portfolio["id"]))
        found: dict[str, Any] = self._transport.call("PUT", path, body=dict(portfolio), headers=headers).json()
        return found

    def portfolio(self, portfolio_id: str) -> dict[str, Any]:
        """Return a stored portfolio, newest version."""
        return self._get(_path("/api/v1/portfolios", portfolio_id))

    def portfolios(self, *, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield what is stored, without the positions."""
        return self._items("/api/v1/portfolios", {}, limit)

    def delete_portfolio(self, portfolio_id: str) -> None:
        """Delete a portfolio; its versions stay for the jobs that used them."""
        self._transport.call("DELETE", _path("/api/v1/portfolios", portfolio_id))

    def put_prices(self, prices: Mapping[str, Document | float]) -> dict[str, Any]:
        """Store the latest price of some symbols: a number, or `{"price": …, "as_of": …}`."""
        body = {symbol: value if isinstance(value, Mapping) else {"price": value} for symbol, value in prices.items()}
        found: dict[str, Any] = self._transport.call("POST", "/api/v1/prices", body={"prices": body}).json()
        return found

    def upload_history(self, csv: bytes) -> dict[str, Any]:
        """Store daily closes from a wide CSV (Date,SYM1,SYM2,…), plain or gzipped."""
        headers = {"Content-Type": "text/csv"}
        if csv[:2] == b"\x1f\x8b":
            headers["Content-Encoding"] = "gzip"
        path = "/api/v1/prices/history"
        found: dict[str, Any] = self._transport.call("POST", path, content=csv, headers=headers, wait=60.0).json()
        return found

    # Schedules

    def add_schedule(self, schedule: Document) -> dict[str, Any]:
        """Add a schedule: name, measure, portfolio_ids, every_seconds, and as you like parameters, aligned, misfire."""
        found: dict[str, Any] = self._transport.call("POST", "/api/v1/schedules", body=dict(schedule)).json()
        return found

    def schedules(self) -> Iterator[dict[str, Any]]:
        """Yield the tenant's schedules."""
        return self._items("/api/v1/schedules", {}, None)

    def remove_schedule(self, schedule: str) -> None:
        """Remove a schedule by id or name; it stops at once."""
        self._transport.call("DELETE", _path("/api/v1/schedules", schedule))

    def run_schedule(self, schedule: str) -> dict[str, Any]:
        """Run a schedule once, now."""
        found: dict[str, Any] = self._transport.call("POST", _path("/api/v1/schedules", schedule, "run")).json()
        return found

    # Shared

    def _get(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self._transport.call("GET", path).json()
        return found

    def _data(self, path: str, body: Document, query: Document | None) -> dict[str, Any]:
        answer = self._transport.call("POST", path, body=dict(body), query=query).json()
        if not answer.get("success", True):
            raise ProblemError(200, answer)
        found: dict[str, Any] = answer["data"]
        return found

    def _items(self, path: str, query: Document, limit: int | None) -> Iterator[dict[str, Any]]:
        cursor, seen = None, 0
        while True:
            page = self._page(path, {**query, "cursor": cursor})
            for item in page.items:
                if limit is not None and seen >= limit:
                    return
                seen += 1
                yield item
            cursor = page.next
            if cursor is None:
                return

    def _page(self, path: str, query: Document) -> Page:
        answer = self._transport.call("GET", path, query=query).json()
        return Page(items=list(answer["items"]), next=answer.get("next"))


def _path(*parts: str) -> str:
    head, *rest = parts
    return "/".join([head, *(quote(part, safe="") for part in rest)])
