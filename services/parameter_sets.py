"""Stored parameter sets: drafts, their way to approval by a second person, and what is different between versions."""

from collections.abc import Callable
from typing import Any

from compute.margin.differences import differences
from compute.margin.sets import MODELS
from core.clock import isoformat
from core.names import Permission, SetState
from core.security import Principal
from services.errors import ConflictError, NotFoundError, PreconditionFailedError
from services.idempotency import Answer, Held, keep
from services.parameter_set_errors import NotApprovedError, OwnApprovalError, SetInUseError
from services.parameter_set_names import Named, named, new_name, packaged, require_name, stored
from services.parameter_set_request import SetDraft, Wish, check_sound
from services.runtime import Runtime
from storage import audit, parameter_activations, parameter_sets
from storage.database import Connection
from storage.parameter_sets import SetInfo, StoredSet

Tags = frozenset[str] | None
OPEN = (SetState.DRAFT, SetState.SUBMITTED, SetState.APPROVED)


def store(
    runtime: Runtime,
    principal: Principal,
    name: str,
    draft: SetDraft,
    *,
    if_match: Tags = None,
    if_none_match: Tags = None,
) -> tuple[StoredSet, bool]:
    """Store a draft version where the preconditions hold; also say whether the version is new."""
    principal.require(Permission.PROPOSE)
    new_name(name)
    with runtime.database.unit_of_work() as conn:
        parameter_sets.turn(conn, principal.tenant, "parameter-set", name)
        before = parameter_sets.get(conn, principal.tenant, name)
        if before is not None and before.model != draft.model:
            raise ConflictError(
                f"{name} is a parameter set of {before.model}, not of {draft.model}.", remedy="Choose another name."
            )
        check_tags(before, if_match, if_none_match)
        found, new = parameter_sets.put(
            conn,
            principal.tenant,
            name,
            model=draft.model,
            document=draft.document,
            content_hash=draft.content_hash,
            note=draft.note,
            actor=principal.subject,
        )
        if new:
            record(conn, principal, "stored", found)
    return found, new


def show(runtime: Runtime, principal: Principal, name: str, version: int | None = None) -> StoredSet:
    """Return the newest version, or a certain one."""
    principal.require(Permission.READ)
    with runtime.database.read() as conn:
        return stored(conn, principal.tenant, name, version)


def listing(
    runtime: Runtime, principal: Principal, *, model: str | None = None, cursor: str | None = None, limit: int = 50
) -> tuple[list[SetInfo], str | None]:
    """Return a page of the tenant's sets by name, the newest version of each."""
    principal.require(Permission.READ)
    with runtime.database.read() as conn:
        return parameter_sets.page(conn, principal.tenant, model=model, cursor=cursor, limit=limit)


def versions(
    runtime: Runtime, principal: Principal, name: str, *, cursor: str | None = None, limit: int = 50
) -> tuple[list[SetInfo], str | None]:
    """Return a page of a set's versions, newest first."""
    principal.require(Permission.READ)
    require_name(name)
    with runtime.database.read() as conn:
        found = parameter_sets.versions(conn, principal.tenant, name, cursor=cursor, limit=limit)
    if not found[0] and cursor is None:
        raise NotFoundError("parameter set", name)
    return found


def diff(runtime: Runtime, principal: Principal, name: str, *, source: str, target: str) -> dict[str, Any]:
    """Return what is different between two sets of one model, packaged and active ones included."""
    principal.require(Permission.READ)
    with runtime.database.read() as conn:
        model = stored(conn, principal.tenant, name).model
        one, other = (
            named(conn, principal.tenant, _full(name, text), model, f"/{place}")
            for place, text in (("from", source), ("to", target))
        )
    found = [item.document() for item in differences(one.document, other.document)]
    return {"model": model, "from": _side(one), "to": _side(other), "equal": not found, "changes": found}


def _full(name: str, reference: str) -> str:
    if not reference:
        return name
    return f"{name}@{reference}" if reference.isascii() and reference.isdecimal() else reference


def _side(found: Named) -> dict[str, Any]:
    return {"set": found.reference, "content_hash": found.content_hash}


def submit(
    runtime: Runtime, principal: Principal, name: str, wish: Wish, *, held: Held | None = None, if_match: Tags = None
) -> Answer:
    """Hand a draft to a second person."""
    principal.require(Permission.PROPOSE)

    def judge(_conn: Connection, found: StoredSet) -> None:
        _require_state(found, SetState.DRAFT, "submitted")

    return _step(runtime, principal, name, wish, SetState.SUBMITTED, judge, held=held, if_match=if_match)


def approve(
    runtime: Runtime, principal: Principal, name: str, wish: Wish, *, held: Held | None = None, if_match: Tags = None
) -> Answer:
    """Approve a submitted version; its author cannot."""
    principal.require(Permission.APPROVE)

    def judge(_conn: Connection, found: StoredSet) -> None:
        if found.created_by == principal.subject:
            raise OwnApprovalError(
                f"{found.name}@{found.version} was written by {principal.subject}, who cannot approve it."
            )
        _require_state(found, SetState.SUBMITTED, "approved")

    return _step(runtime, principal, name, wish, SetState.APPROVED, judge, held=held, if_match=if_match)


def withdraw(
    runtime: Runtime, principal: Principal, name: str, wish: Wish, *, held: Held | None = None, if_match: Tags = None
) -> Answer:
    """Give up a version that was never activated; it stays readable for the jobs that used it."""
    principal.require(Permission.PROPOSE)

    def judge(conn: Connection, found: StoredSet) -> None:
        if found.state is SetState.WITHDRAWN:
            raise ConflictError(f"{found.name}@{found.version} is withdrawn already.")
        if found.state is SetState.APPROVED:
            principal.require(Permission.APPROVE)
        if parameter_activations.uses(conn, found.tenant, found.name, found.version):
            raise SetInUseError(f"{found.name}@{found.version} was activated: it stays.")

    return _step(runtime, principal, name, wish, SetState.WITHDRAWN, judge, held=held, if_match=if_match)


def _step(
    runtime: Runtime,
    principal: Principal,
    name: str,
    wish: Wish,
    target: SetState,
    judge: Callable[[Connection, StoredSet], None],
    *,
    held: Held | None,
    if_match: Tags,
) -> Answer:
    require_name(name)
    with runtime.database.unit_of_work() as conn:
        parameter_sets.turn(conn, principal.tenant, "parameter-set", name)
        before = stored(conn, principal.tenant, name, wish.version)
        check_tags(before, if_match, None)
        judge(conn, before)
        if target is not SetState.WITHDRAWN:
            check_sound(before.model, before.document)
        found = parameter_sets.move(conn, before, sources=OPEN, target=target, actor=principal.subject)
        if found is None:
            raise ConflictError(f"{name}@{before.version} was changed by somebody else in between.")
        record(conn, principal, target.value, found, reason=wish.reason)
        return keep(conn, held, info_document(found), headers={"ETag": f'"{found.tag}"'})


def _require_state(found: StoredSet, wanted: SetState, step: str) -> None:
    if found.state is wanted:
        return
    text = f"{found.name}@{found.version} is {found.state.value}; only what is {wanted.value} can be {step}."
    if wanted is SetState.SUBMITTED and found.state is SetState.DRAFT:
        raise NotApprovedError(text, remedy="Submit it first.")
    raise ConflictError(text)


def check_tags(before: SetInfo | None, if_match: Tags, if_none_match: Tags) -> None:
    """Raise PreconditionFailedError where If-Match or If-None-Match do not hold for what is stored."""
    present = {"*", before.tag} if before is not None else set()
    if (if_match is not None and not if_match & present) or (if_none_match is not None and if_none_match & present):
        raise PreconditionFailedError(
            f"The present version has the tag {before.tag}." if before else "No version is stored."
        )


def record(conn: Connection, principal: Principal, step: str, found: SetInfo, **more: Any) -> None:
    """Write the audit row of a step."""
    detail = {"version": found.version, "model": found.model, "content_hash": found.content_hash, "note": found.note}
    audit.write(
        conn,
        tenant=principal.tenant,
        actor=principal.subject,
        action=f"parameter_set.{step}",
        subject=f"parameter-set:{found.name}",
        detail={**detail, "author": found.created_by, **more},
    )


def info_document(found: SetInfo) -> dict[str, Any]:
    """Return one version without its document."""
    steps = {
        step: {"by": getattr(found, f"{step}_by"), "at": isoformat(at)}
        for step in ("created", "submitted", "approved", "withdrawn")
        if (at := getattr(found, f"{step}_at")) is not None
    }
    return {
        "name": found.name,
        "version": found.version,
        "model": found.model,
        "state": found.state.value,
        "note": found.note,
        "content_hash": found.content_hash,
        "etag": found.tag,
        **{step: steps.get(step) for step in ("created", "submitted", "approved", "withdrawn")},
    }


def set_document(found: StoredSet) -> dict[str, Any]:
    """Return one version with its document."""
    return {**info_document(found), "document": found.document}


def packaged_listing() -> list[dict[str, Any]]:
    """Return the packaged versions of every model that takes parameter sets."""
    return [
        {"model": model, "version": version, "default": version == item.default}
        for model, item in MODELS.items()
        for version in item.versions()
    ]


def packaged_set(model: str, version: str) -> dict[str, Any]:
    """Return a packaged set in the shape that stores it as a draft."""
    if model not in MODELS or version not in MODELS[model].versions():
        remedy = "`collateral params ls --packaged` lists them."
        raise NotFoundError("packaged parameter set", f"{model}@{version}"[:128], remedy=remedy)
    found = packaged(model, version)
    return {"model": model, "version": version, "content_hash": found.content_hash, "document": found.document}
