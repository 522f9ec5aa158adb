"""A preview of a parameter set: a bulk job that computes every stored portfolio under it and under what is active."""

from collections.abc import Mapping
from typing import Any

from core.errors import Fault
from core.names import Lane, Measure, Permission
from core.security import Principal
from services.errors import InvalidInputError
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
    _refuse_given(own, wish)
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


def _refuse_given(own: Mapping[str, Any], wish: Wish) -> None:
    """Raise where the parameters hold what the path and the body's other fields say."""
    twice = [name for name in wish.parameters if name in own]
    if twice:
        raise InvalidInputError(
            [
                Fault(
                    pointer=f"/parameters/{name}",
                    detail=f"{name} is not given here: the previewed version says it.",
                    remedy="Leave it out; `against` stands beside `parameters`.",
                )
                for name in twice
            ]
        )
