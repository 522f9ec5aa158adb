"""The calculation routes from bytes to answer: computed and stored here, or handed to a queue and waited for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from api.accepting import SVG
from api.once import Post, once
from api.presenting import accepted_answer, document_answer
from api.problems import MEDIA_TYPE
from compute.result import Result
from core.clock import utcnow
from core.names import JobState, Measure
from core.security import Principal
from services import jobs, spec_shapes
from services.calculate import Calculated, calculate
from services.idempotency import Answer, Held
from services.intake.decode import decode_bare, decode_margin, decode_of, decode_stress_test
from services.intake.files import Rows
from services.intake.request import JobRequest, MarginRequest
from services.pictures import draw, require_picture
from services.runtime import Runtime
from services.stress_shape import stress_test_document
from services.submit import submit
from services.wire import links, result_document
from storage.columns import unpack
from storage.jobs import Job

Shape = Callable[[Calculated], Mapping[str, Any]]
_CONFLICT = 409  # a job that was cancelled has no problem of its own


@dataclass(frozen=True, kw_only=True)
class Calculation:
    """What a calculation route was asked for: the job, what is computed beside it, and the shape of `data`."""

    request: JobRequest
    beside: Measure | None
    shape: Shape
    picture: bool = False

    def answer(self, found: Calculated) -> Answer:
        """Return the 200: `data` in its envelope, or the picture of it."""
        data = {**self.shape(found), **_how_read(found.result)}
        if not self.picture:
            return document_answer({"success": True, "data": data}, 200, _where(found.job))
        drawn = draw(self.request.measure, data, portfolio_id=str(data.get("portfolio_id") or ""))
        return Answer(status=200, headers={**_where(found.job), "Content-Type": SVG}, body=drawn.encode())


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """An answer, and the jobs that it would be worth to wait for."""

    answer: Answer
    waiting: tuple[Job, ...] = ()


def read_margin(body: bytes | Rows, *, positions: bool) -> Calculation:
    """Read a body of /margin/calculate; `positions` asks for them whatever their number."""
    wanted = decode_margin(body)

    def shape(found: Calculated) -> Mapping[str, Any]:
        return _margin_data(wanted, found, positions=positions)

    offsets = wanted.optimize and wanted.job.parameters["model"] == spec_shapes.HOUSE
    beside = Measure.OPTIMISE if offsets else None
    return Calculation(request=wanted.job, beside=beside, shape=shape)


def read_optimise(body: bytes | Rows) -> Calculation:
    """Read a body of /margin/optimize, a bare portfolio."""

    def shape(found: Calculated) -> Mapping[str, Any]:
        document = spec_shapes.margin_optimize_document(found.result, run_ms=found.job.run_ms or 0.0)
        return {"portfolio_id": _portfolio_id(request, found), **document, "job_id": str(found.job.id)}

    request = decode_bare(body, Measure.OPTIMISE)
    return Calculation(request=request, beside=None, shape=shape)


def read_analysis(body: bytes | Rows, *, measure: Measure, picture: bool) -> Calculation:
    """Read a body of one of the analyses: a job without its measure."""

    def shape(found: Calculated) -> Mapping[str, Any]:
        return {
            "portfolio_id": _portfolio_id(request, found),
            **result_document(found.result.document, found.result.tables),
            "job_id": str(found.job.id),
            "device": found.result.device,
        }

    if picture:
        require_picture(measure)
    request = decode_of(body, measure)
    return Calculation(request=request, beside=None, shape=shape, picture=picture)


def read_stress_test(body: bytes | Rows) -> Calculation:
    """Read a body of /stress-test: a portfolio and names of scenarios."""

    def shape(found: Calculated) -> Mapping[str, Any]:
        return stress_test_document(
            _portfolio_id(request, found),
            found.result,
            tested_at=found.job.finished_at or utcnow(),
            assumed=request.assumed,
            job_id=str(found.job.id),
        )

    request = decode_stress_test(body)
    return Calculation(request=request, beside=None, shape=shape)


def run_calculation(runtime: Runtime, post: Post, wanted: Calculation, *, respond_async: bool) -> Outcome:
    """Compute and answer 200, or submit and answer 202."""
    waiting: list[Job] = []

    def work(held: Held | None) -> Answer:
        if respond_async:
            return accepted_answer(_submitted(runtime, post, wanted.request, held))
        found = calculate(
            runtime,
            post.principal,
            wanted.request,
            trace=post.trace,
            claim=held,
            answer=None if held is None else wanted.answer,
            accepted=accepted_answer,
            beside=wanted.beside,
        )
        if isinstance(found, Calculated):
            return wanted.answer(found)
        waiting.append(found)
        if wanted.beside is not None:
            waiting.append(_submitted(runtime, post, replace(wanted.request, measure=wanted.beside), None))
        return accepted_answer(found)

    return Outcome(answer=once(runtime, post, work), waiting=tuple(waiting))


def _submitted(runtime: Runtime, post: Post, request: JobRequest, held: Held | None) -> Job:
    return submit(runtime, post.principal, request, trace=post.trace, claim=held, answer=accepted_answer)


def answer_of_queued(runtime: Runtime, principal: Principal, wanted: Calculation, ended: Sequence[Job]) -> Answer:
    """Return the data of a calculation whose jobs went to a queue, or the problem of the one that failed."""
    for job in ended:
        if job.state is not JobState.DONE:
            problem = job.error or {}
            status = int(problem.get("status", _CONFLICT))
            return document_answer(problem, status, {**_where(job), "Content-Type": MEDIA_TYPE})
    results = [_stored(runtime, principal, job) for job in ended]
    found = Calculated(
        job=ended[0],
        result=results[0],
        beside=results[1] if len(results) > 1 else None,
        beside_ms=ended[1].run_ms if len(ended) > 1 else None,
    )
    return wanted.answer(found)


def _stored(runtime: Runtime, principal: Principal, job: Job) -> Result:
    document, tables = unpack(jobs.packed_result(runtime, principal, job.id))
    return Result(document=document, tables=tables, device=job.device or "")


def _margin_data(wanted: MarginRequest, found: Calculated, *, positions: bool) -> Mapping[str, Any]:
    return spec_shapes.margin_calculate_document(
        _portfolio_id(wanted.job, found),
        found.result,
        run_ms=found.job.run_ms or 0.0,
        calculated_at=found.job.finished_at or utcnow(),
        optimise=found.beside,
        optimise_ms=found.beside_ms,
        wants_optimisation=wanted.optimize,
        include_positions=positions,
        include_stress_test=wanted.include_stress_test,
        assumed=wanted.job.assumed,
        job_id=str(found.job.id),
        code_version=found.job.code_version,
    )


def _portfolio_id(request: JobRequest, found: Calculated) -> str:
    if request.portfolio is not None:
        return request.portfolio.id
    return found.job.portfolio_id or ""


def _how_read(result: Result) -> dict[str, Any]:
    """Return how the portfolio's file was read, where it came as one."""
    return {"input": result.document["input"]} if "input" in result.document else {}


def _where(job: Job) -> dict[str, str]:
    return {"Content-Location": links(job.id)["self"]}
