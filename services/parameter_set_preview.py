"""A preview of a parameter set: a bulk job that computes every stored portfolio under it and under what is active."""

from core.names import Lane, Measure, Permission
from core.security import Principal
from services.idempotency import Answer, Answering, Held
from services.intake.parameters import read_parameters
from services.intake.request import JobRequest
from services.parameter_set_names import require_name, stored
from services.parameter_set_request import Wish
from services.runtime import Runtime
from services.submit import submit


def preview(
    runtime: Runtime,
    principal: Principal,
    name: str,
    wish: Wish,
    *,
    trace: str,
    held: Held | None = None,
    answering: Answering,
) -> Answer:
    """Submit the job of a version, a draft's too; its result is before, change and after."""
    principal.require(Permission.SUBMIT)
    require_name(name)
    with runtime.database.read() as conn:
        found = stored(conn, principal.tenant, name, wish.version)
    own = {"model": found.model, "parameter_set": f"{found.name}@{found.version}", "against": wish.against}
    given = {**wish.parameters, **own}
    request = JobRequest(
        measure=Measure.IMPACT,
        portfolio=None,
        portfolio_id=None,
        parameters=read_parameters(Measure.IMPACT, given),
        given=frozenset(given),
        lane=Lane.BULK,
        deadline_seconds=wish.deadline_seconds,
    )
    return answering(submit(runtime, principal, request, trace=trace, claim=held, answer=answering))
