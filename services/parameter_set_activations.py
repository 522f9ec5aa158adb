"""Which parameter set a model computes with from which date: activation, roll back, and what was active when."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from compute.margin.sets import MODELS, set_model
from core.clock import isoformat
from core.names import Permission, SetState
from core.security import Principal
from services.errors import ConflictError, InvalidInputError, NotFoundError
from services.idempotency import Answer, Held, keep
from services.intake.faults import quote
from services.parameter_set_errors import ActivationInPastError, NotApprovedError
from services.parameter_set_names import PACKAGED, packaged, require_name, split, stored
from services.parameter_set_request import Wish, check_sound
from services.parameter_sets import Tags, check_tags, record
from services.runtime import Runtime
from storage import audit, parameter_activations, parameter_sets
from storage.database import Connection
from storage.parameter_activations import Activation, Active
from storage.parameter_sets import StoredSet

ACTIVATE, ROLL_BACK = "activate", "roll_back"


def activate(
    runtime: Runtime, principal: Principal, name: str, wish: Wish, *, held: Held | None = None, if_match: Tags = None
) -> Answer:
    """Make an approved version what its model computes with, from a date that is not past."""
    principal.require(Permission.APPROVE)
    require_name(name)
    with runtime.database.unit_of_work() as conn:
        parameter_sets.turn(conn, principal.tenant, "parameter-set", name)
        found = _approved(conn, principal.tenant, name, wish.version)
        check_tags(found, if_match, None)
        parameter_sets.turn(conn, principal.tenant, "parameter-activation", found.model)
        _refuse_past(conn, wish.active_from)
        _refuse_twice(conn, found, wish.active_from)
        added = parameter_activations.add(
            conn,
            tenant=principal.tenant,
            model=found.model,
            set_name=found.name,
            set_version=found.version,
            active_from=wish.active_from,
            action=ACTIVATE,
            reason=wish.reason,
            actor=principal.subject,
        )
        record(conn, principal, "activated", found, **_trace(added))
        return keep(conn, held, _with_planned(conn, added), status=201)


def roll_back(runtime: Runtime, principal: Principal, wish: Wish, *, held: Held | None = None) -> Answer:
    """Make active again what was active before: an activation of its own, nothing is taken back."""
    principal.require(Permission.APPROVE)
    model = wish.model
    if model is None:
        raise InvalidInputError.at("/model", "model is required.", remedy=f"Use one of: {', '.join(MODELS)}.")
    with runtime.database.unit_of_work() as conn:
        parameter_sets.turn(conn, principal.tenant, "parameter-activation", model)
        _refuse_past(conn, wish.active_from)
        target = _target(conn, principal.tenant, model, wish.to)
        if target.get("set_name"):
            _check_stored(conn, principal.tenant, target)
        added = parameter_activations.add(
            conn,
            tenant=principal.tenant,
            model=model,
            **target,
            active_from=wish.active_from,
            action=ROLL_BACK,
            reason=wish.reason,
            actor=principal.subject,
        )
        audit.write(
            conn,
            tenant=principal.tenant,
            actor=principal.subject,
            action="parameter_set.rolled_back",
            subject=f"parameter-set:{added.set_name or PACKAGED}",
            detail={"model": model, **_trace(added)},
        )
        return keep(conn, held, _with_planned(conn, added), status=201)


def withdraw(runtime: Runtime, principal: Principal, activation_id: int, *, held: Held | None = None) -> Answer:
    """Withdraw an activation whose date is still to come."""
    principal.require(Permission.APPROVE)
    with runtime.database.unit_of_work() as conn:
        before = parameter_activations.get(conn, principal.tenant, activation_id)
        if before is None:
            raise NotFoundError("activation", str(activation_id))
        parameter_sets.turn(conn, principal.tenant, "parameter-activation", before.model)
        found = parameter_activations.withdraw(conn, principal.tenant, activation_id, actor=principal.subject)
        if found is None:
            raise ConflictError(
                f"The activation {activation_id} has begun or is withdrawn already.", remedy="Roll back instead."
            )
        audit.write(
            conn,
            tenant=principal.tenant,
            actor=principal.subject,
            action="parameter_set.activation_withdrawn",
            subject=f"parameter-set:{found.set_name or PACKAGED}",
            detail={"model": found.model, **_trace(found)},
        )
        return keep(conn, held, activation_document(found))


def history(
    runtime: Runtime, principal: Principal, *, model: str | None = None, cursor: str | None = None, limit: int = 50
) -> tuple[list[Activation], str | None]:
    """Return a page of activations, newest first, withdrawn ones included."""
    principal.require(Permission.READ)
    with runtime.database.read() as conn:
        return parameter_activations.page(conn, principal.tenant, model=model, cursor=cursor, limit=limit)


def active(
    runtime: Runtime, principal: Principal, *, on: date | None = None, known_at: datetime | None = None
) -> dict[str, Any]:
    """Return what each model computes with on a date (today), as it stood at a moment (now)."""
    principal.require(Permission.READ)
    with runtime.database.read() as conn:
        day = on or parameter_activations.today(conn)
        found = {
            model: parameter_activations.active(conn, principal.tenant, model, day, known_at=known_at)
            for model in MODELS
        }
    return {
        "on": day.isoformat(),
        "known_at": None if known_at is None else isoformat(known_at),
        "items": [_active_document(model, item) for model, item in found.items()],
    }


def _approved(conn: Connection, tenant: str, name: str, version: int | None) -> StoredSet:
    found = parameter_sets.latest_approved(conn, tenant, name) if version is None else None
    found = found or stored(conn, tenant, name, version)
    if found.state is not SetState.APPROVED:
        raise NotApprovedError(f"{found.name}@{found.version} is {found.state.value}, not approved.")
    check_sound(found.model, found.document)
    return found


def _refuse_past(conn: Connection, active_from: date | None) -> None:
    today = parameter_activations.today(conn)
    if active_from is not None and active_from < today:
        raise ActivationInPastError(active_from, today)


def _refuse_twice(conn: Connection, found: StoredSet, active_from: date | None) -> None:
    present = parameter_activations.active(conn, found.tenant, found.model, active_from)
    if present is None or (present.activation.set_name, present.activation.set_version) != (found.name, found.version):
        return
    raise ConflictError(
        f"{present.activation.reference} is what {found.model} computes with from "
        f"{present.activation.active_from.isoformat()} already.",
        remedy="Nothing needs to be done.",
    )


def _target(conn: Connection, tenant: str, model: str, wanted: str | None) -> dict[str, Any]:
    """Return what to roll back to: what was active before the present one, or one of those that ever were."""
    began = parameter_activations.began(conn, tenant, model)
    if not began:
        raise ConflictError(f"Nothing was ever activated for {model}: there is nothing to roll back.")
    present, earlier = began[0], [item for item in began if item.reference != began[0].reference]
    if wanted is None:
        return _beneath(model, began)
    name, _, version = wanted.partition("@")
    if name == PACKAGED:
        packaged(model, version, "/to")
        reference, target = wanted, {"packaged": version}
    else:
        split(wanted, "/to")
        reference = wanted
        target = next((_of(item) for item in earlier if item.reference == wanted), {})
    if reference == present.reference:
        raise ConflictError(f"{reference} is active already.")
    if not target:
        raise ConflictError(
            f"{quote(wanted)} was never active for {model}.",
            remedy="Name one of its earlier activations, NAME@VERSION, or activate it.",
        )
    return target


def _beneath(model: str, began: Sequence[Activation]) -> dict[str, Any]:
    """Return what was active before the present one; what a roll back has left does not come back by another one."""
    stack: list[Activation] = []
    for item in reversed(began):
        if item.action == ROLL_BACK:
            left = [place for place, each in enumerate(stack) if each.reference == item.reference]
            del stack[left[-1] if left else 0 :]
        stack.append(item)
    if len(stack) > 1:
        return _of(stack[-2])
    default = set_model(model).default
    if stack[0].reference == f"{PACKAGED}@{default}":
        raise ConflictError(
            f"{model} is back at {stack[0].reference}: nothing was active before it.",
            remedy="Name one of its earlier activations with `to`, or activate a set.",
        )
    return {"packaged": default}


def _check_stored(conn: Connection, tenant: str, target: Mapping[str, Any]) -> None:
    """Raise where this release can no longer compute with the version that is to be active again."""
    found = stored(conn, tenant, target["set_name"], target["set_version"])
    check_sound(found.model, found.document)


def _of(item: Activation) -> dict[str, Any]:
    return {"set_name": item.set_name, "set_version": item.set_version, "packaged": item.packaged}


def _with_planned(conn: Connection, added: Activation) -> dict[str, Any]:
    planned = parameter_activations.planned(conn, added.tenant, added.model)
    others = [activation_document(item) for item in planned if item.id != added.id]
    return {**activation_document(added), "planned": others}


def _trace(found: Activation) -> dict[str, Any]:
    return {
        "activation": found.id,
        "set": found.reference,
        "active_from": found.active_from.isoformat(),
        "reason": found.reason,
    }


def _active_document(model: str, found: Active | None) -> dict[str, Any]:
    default = f"{PACKAGED}@{set_model(model).default}"
    if found is None:
        return {"model": model, "set": default, "since": None, "activation": None}
    since = found.activation.active_from.isoformat()
    return {"model": model, "set": found.activation.reference, "since": since, "activation": found.activation.id}


def activation_document(found: Activation) -> dict[str, Any]:
    """Return an activation as it goes over the wire."""
    withdrawn = None if found.withdrawn_at is None else {"by": found.withdrawn_by, "at": isoformat(found.withdrawn_at)}
    return {
        "id": found.id,
        "model": found.model,
        "set": found.reference,
        "active_from": found.active_from.isoformat(),
        "action": found.action,
        "reason": found.reason,
        "created": {"by": found.created_by, "at": isoformat(found.created_at)},
        "withdrawn": withdrawn,
    }
