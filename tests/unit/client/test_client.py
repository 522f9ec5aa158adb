"""The client against an application in memory: what it sends, what it repeats, what it raises."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from client import Client, JobFailedError, ProblemError, UnreachableError, WaitTimeoutError
from client.errors import ConflictError, InvalidError, NotFoundError, TooManyError, UnavailableError
from client.models import Progress

Handler = Callable[[httpx.Request], httpx.Response]
JOB = {"id": "j1", "measure": "var", "state": "queued", "links": {}}
DONE = {**JOB, "state": "done", "attempt": 1, "result": {"var": 1.5}, "progress": {"done": 4, "total": 4}}


class Recorder:
    """Answers in order, the last for ever, and keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = answers

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
        self.requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.requests]


def client(handler: Handler, *, retries: int = 3) -> Client:
    return Client("http://cluster", "secret", retries=retries, transport=httpx.MockTransport(handler))


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr("client.transport.time.sleep", slept.append)
    return slept


def problem(status: int, **members: Any) -> httpx.Response:
    document = {"type": f"/problems/{status}", "title": "A title", "status": status, "detail": "A detail.", **members}
    return httpx.Response(status, json=document, headers={"Content-Type": "application/problem+json"})


def test_submit_sends_what_was_given_and_nothing_else() -> None:
    handler = Recorder(httpx.Response(202, json=JOB))
    job = client(handler).submit("var", {"id": "p"}, parameters={"paths": 10}, lane="bulk", wait=5.0)
    assert (job.id, job.state, job.is_final) == ("j1", "queued", False)
    assert handler.bodies == [
        {
            "measure": "var",
            "portfolio": {"id": "p"},
            "parameters": {"paths": 10},
            "device": "auto",
            "fallback": False,
            "lane": "bulk",
        }
    ]
    headers = handler.requests[0].headers
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Prefer"] == "wait=5"
    assert headers["Idempotency-Key"]


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        problem(503),
        problem(429),
        httpx.Response(409, json={"detail": "in flight"}, headers={"Retry-After": "1"}),
    ],
)
def test_a_repeat_carries_the_same_key(failure: httpx.Response | Exception) -> None:
    handler = Recorder(failure, failure, httpx.Response(202, json=JOB))
    assert client(handler).submit("var").id == "j1"
    assert len({request.headers["Idempotency-Key"] for request in handler.requests}) == 1
    assert len(handler.requests) == 3


def test_two_submissions_carry_two_keys() -> None:
    handler = Recorder(httpx.Response(202, json=JOB))
    cluster = client(handler)
    cluster.submit("var")
    cluster.submit("var")
    assert len({request.headers["Idempotency-Key"] for request in handler.requests}) == 2


def test_retry_after_is_honoured_up_to_a_bound(pauses: list[float]) -> None:
    answers = [httpx.Response(503, json={}, headers={"Retry-After": text}) for text in ("2", "3600")]
    client(Recorder(*answers, httpx.Response(202, json=JOB))).submit("var")
    assert pauses == [2.0, 10.0]


def test_retries_end() -> None:
    handler = Recorder(httpx.ConnectError("refused"))
    with pytest.raises(UnreachableError, match="refused"):
        client(handler, retries=2).job("j1")
    assert len(handler.requests) == 3
    with pytest.raises(UnavailableError):
        client(Recorder(problem(503)), retries=1).job("j1")


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFoundError), (409, ConflictError), (422, InvalidError), (429, TooManyError)]
)
def test_a_problem_document_becomes_its_error(status: int, kind: type[ProblemError]) -> None:
    fault = {"pointer": "/portfolio/positions/3/quantity", "detail": "NaN.", "remedy": "Send a number."}
    answer = problem(status, errors=[fault], remedy="Mend it.")
    with pytest.raises(kind) as caught:
        client(Recorder(answer), retries=0).job("j1")
    error = caught.value
    assert (error.status, error.detail, error.remedy, error.title) == (status, "A detail.", "Mend it.", "A title")
    assert [(one.pointer, one.detail, one.remedy) for one in error.faults] == [tuple(fault.values())]


def test_an_answer_that_is_no_problem_document_is_an_error_all_the_same() -> None:
    with pytest.raises(ProblemError, match="Bad gateway"):
        client(Recorder(httpx.Response(502, text="Bad gateway")), retries=0).job("j1")


def test_wait_polls_until_the_job_is_final(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("client.client.time.sleep", lambda _seconds: None)
    running = {**JOB, "state": "running", "progress": {"done": 1, "total": 4}}
    handler = Recorder(httpx.Response(200, json=running), httpx.Response(200, json=DONE))
    seen: list[Progress] = []
    job = client(handler).wait("j1", on_progress=seen.append)
    assert job.result == {"var": 1.5}
    assert seen == [Progress(done=1, total=4), Progress(done=4, total=4)]


def test_wait_gives_up_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("client.client.time.sleep", lambda _seconds: None)
    with pytest.raises(WaitTimeoutError) as caught:
        client(Recorder(httpx.Response(200, json=JOB))).wait("j1", timeout=0.0)
    assert caught.value.job.state == "queued"


def test_run_returns_the_result_or_says_why_there_is_none() -> None:
    assert client(Recorder(httpx.Response(202, json=DONE))).run("var", {"id": "p"}) == {"var": 1.5}
    failed = {**JOB, "state": "failed", "error": {"title": "No", "detail": "The history is too short."}}
    with pytest.raises(JobFailedError, match="failed: The history is too short"):
        client(Recorder(httpx.Response(202, json=failed))).run("var", {"id": "p"})


def test_run_fetches_a_result_that_did_not_come_along() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/result"):
            return httpx.Response(200, json={"var": 2.0})
        return httpx.Response(202, json={**JOB, "state": "done"})

    assert client(handler).run("var") == {"var": 2.0}


def test_listings_go_through_every_page() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("cursor")
        assert request.url.params["state"] == "dead"
        page = {"items": [{**JOB, "id": f"{cursor}-{n}"} for n in range(2)], "next": None if cursor else "c2"}
        return httpx.Response(200, json=page)

    cluster = client(handler)
    assert [job.id for job in cluster.jobs(state="dead")] == ["None-0", "None-1", "c2-0", "c2-1"]
    assert len(list(cluster.jobs(state="dead", limit=3))) == 3


def test_margin_comes_out_of_its_envelope() -> None:
    handler = Recorder(httpx.Response(200, json={"success": True, "data": {"portfolio_id": "p"}}))
    assert client(handler).calculate_margin({"id": "p"}, positions=True) == {"portfolio_id": "p"}
    assert handler.requests[0].url.params["include"] == "positions"
    assert handler.bodies[0] == {"portfolio": {"id": "p"}, "optimize": True, "include_stress_test": False}


def test_prices_and_histories_are_sent_as_the_routes_take_them() -> None:
    handler = Recorder(httpx.Response(200, json={}))
    cluster = client(handler)
    cluster.put_prices({"AAPL": 150.0, "MSFT": {"price": 1.0, "as_of": "2022-12-28"}})
    assert handler.bodies[0] == {"prices": {"AAPL": {"price": 150.0}, "MSFT": {"price": 1.0, "as_of": "2022-12-28"}}}
    cluster.upload_history(b"\x1f\x8b rest")
    cluster.upload_history(b"Date,AAPL\n")
    assert [request.headers.get("Content-Encoding") for request in handler.requests[1:]] == ["gzip", None]
    assert handler.requests[1].headers["Content-Type"] == "text/csv"


def test_ids_are_quoted_in_paths() -> None:
    handler = Recorder(httpx.Response(200, json={}))
    client(handler).portfolio("a/b c")
    assert handler.requests[0].url.raw_path == b"/api/v1/portfolios/a%2Fb%20c"


class Stream(httpx.SyncByteStream):
    """A body that may break off."""

    def __init__(self, text: str, *, breaks: bool = False) -> None:
        self._text = text
        self._breaks = breaks

    def __iter__(self) -> Iterator[bytes]:
        yield self._text.encode()
        if self._breaks:
            raise httpx.ReadError("connection reset")


def test_a_stream_resumes_where_it_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("client.client.time.sleep", lambda _seconds: None)
    first = 'id: 1\nevent: state\ndata: {"state": "running"}\n\nid: 2\nevent: progress\ndata: {"done": 1}\n\n'
    second = ': heartbeat\n\nid: 3\nevent: state\ndata: {"state": "done"}\n\nid: 4\ndata: {"never": "read"}\n\n'
    seen: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("Last-Event-ID"))
        text, breaks = ((first, True), (second, False))[len(seen) - 1]
        return httpx.Response(200, stream=Stream(text, breaks=breaks))

    events = list(client(handler).follow("j1"))
    assert [event.id for event in events] == ["1", "2", "3"]
    assert seen == [None, "2"]


def test_a_stream_that_is_refused_raises_the_problem() -> None:
    with pytest.raises(NotFoundError):
        list(client(Recorder(problem(404))).follow("j1"))
