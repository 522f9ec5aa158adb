"""Which parameter set a job computes with: the one it names, or the one that is active on its date; pinned whole."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from compute.analysis.compare.request import settled
from compute.margin.models import MODELS as MODELS_BY_NAME
from compute.margin.sets import MODELS, fixed
from compute.measures import MeasureSpec
from core.names import Measure, SetState
from services.errors import InvalidInputError
from services.intake.request import JobRequest
from services.parameter_set_names import ACTIVE, PACKAGED, packaged, split
from storage import parameter_activations, parameter_sets
from storage.database import Connection
from storage.parameter_sets import StoredSet

POINTER = "/parameters/parameter_set"
_NOT_GIVEN = frozenset({"", ACTIVE})


def with_set(
    conn: Connection, tenant: str, spec: MeasureSpec, request: JobRequest, as_of: date | None
) -> Mapping[str, Any]:
    """Return the parameters with the stored set that they mean written out; raise InvalidInputError."""
    parameters = request.parameters
    model = str(parameters.get("model", ""))
    if "parameter_set" not in spec.parameters or model not in MODELS or parameters.get("tables"):
        return parameters
    reference = str(parameters.get("parameter_set", ""))
    if reference.startswith(f"{PACKAGED}@"):
        version = reference.partition("@")[2]
        packaged(model, version, POINTER)
        return {**parameters, "version": version, "parameter_set": ""}
    if reference not in _NOT_GIVEN:
        found = usable(conn, tenant, model, reference)
        return _pinned(spec, request, f"{found.name}@{found.version}", found.document)
    if reference != ACTIVE and was_given(spec, request, "version"):
        return parameters
    return _active(conn, tenant, spec, request, model, as_of)


def with_sets_of_models(
    conn: Connection, tenant: str, parameters: Mapping[str, Any], as_of: date | None
) -> Mapping[str, Any]:
    """Return the parameters with the stored set of each model that is compared written out, as `margin` would have."""
    entries = parameters.get("models")
    if not entries:
        return parameters
    found = [_with_set(conn, tenant, entry, place, as_of) for place, entry in enumerate(entries)]
    return {**parameters, "models": settled(found)}


def _with_set(
    conn: Connection, tenant: str, entry: Mapping[str, Any], place: int, as_of: date | None
) -> dict[str, Any]:
    asked = JobRequest(
        measure=Measure.MARGIN,
        portfolio=None,
        portfolio_id=None,
        parameters=dict(entry["parameters"]),
        given=frozenset(entry["given"]) if "given" in entry else None,
    )
    try:
        found = with_set(conn, tenant, MODELS_BY_NAME[entry["model"]], asked, as_of)
    except InvalidInputError as error:
        inner = f"/parameters/models/{place}"
        raise InvalidInputError([replace(fault, pointer=f"{inner}{fault.pointer}") for fault in error.faults]) from None
    return {**entry, "parameters": dict(found)}


def usable(conn: Connection, tenant: str, model: str, reference: str, pointer: str = POINTER) -> StoredSet:
    """Return the stored version that a job may compute with: NAME is the newest approved one, NAME@VERSION any."""
    name, version = split(reference, pointer)
    found = (
        parameter_sets.latest_approved(conn, tenant, name)
        if version is None
        else parameter_sets.get(conn, tenant, name, version)
    )
    if found is None:
        detail = f"There is no approved version of the parameter set {name}." if version is None else ""
        raise InvalidInputError.at(
            pointer,
            detail or f"There is no parameter set {name}@{version}.",
            remedy="`collateral params ls` lists them; an unapproved one is named with its version.",
        )
    if found.model != model:
        raise InvalidInputError.at(pointer, f"{name} is a parameter set of {found.model}, not of {model}.")
    if found.state is SetState.WITHDRAWN:
        raise InvalidInputError.at(pointer, f"{name}@{found.version} is withdrawn.", remedy="Choose another version.")
    return found


def was_given(spec: MeasureSpec, request: JobRequest, name: str) -> bool:
    """Whether the caller gave a parameter; where nobody knows, whether it is not the default."""
    if request.given is not None:
        return name in request.given
    default = spec.parameters[name].default
    return bool(request.parameters.get(name, default) != default)


def not_given(spec: MeasureSpec, request: JobRequest, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the values that the caller left to the set."""
    return {name: value for name, value in values.items() if not was_given(spec, request, name)}


def _active(
    conn: Connection, tenant: str, spec: MeasureSpec, request: JobRequest, model: str, as_of: date | None
) -> Mapping[str, Any]:
    found = parameter_activations.active(conn, tenant, model, as_of)
    if found is None:
        return {**request.parameters, "parameter_set": ""}
    if found.document is None:
        return {**request.parameters, "version": found.activation.packaged, "parameter_set": ""}
    return _pinned(spec, request, found.activation.reference, found.document)


def _pinned(spec: MeasureSpec, request: JobRequest, reference: str, document: Mapping[str, Any]) -> dict[str, Any]:
    pinned = {**request.parameters, "parameter_set": reference, "tables": dict(document)}
    return pinned | not_given(spec, request, fixed(pinned))
