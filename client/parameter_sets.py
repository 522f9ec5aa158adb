"""Parameter sets of one tenant: drafts, approval, activation, and a preview of the impact."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from client.models import Job
from client.transport import Transport

_SETS, _ACTIVATIONS, _PACKAGED = (
    "/api/v1/parameter-sets",
    "/api/v1/parameter-set-activations",
    "/api/v1/packaged-parameter-sets",
)
Document = Mapping[str, Any]
Items = Callable[[str, Document, int | None], Iterator[dict[str, Any]]]


class ParameterSets:
    """What `Client.parameter_sets` offers; `version` None is the newest, for `activate` the newest approved one."""

    def __init__(self, transport: Transport, items: Items) -> None:
        self._transport = transport
        self._items = items

    def put(
        self, name: str, model: str, document: Document, *, note: str = "", if_match: str | None = None
    ) -> dict[str, Any]:
        """Store a draft; where the newest version says the same, that one stays the newest."""
        body = {"model": model, "document": dict(document), "note": note}
        headers = {"If-Match": if_match} if if_match else {}
        return self._json("PUT", _path(_SETS, name), body=body, headers=headers)

    def get(self, name: str, version: int | None = None) -> dict[str, Any]:
        """Return a version with its document."""
        return self._json("GET", _path(_SETS, name), query={"version": version})

    def list(self, model: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield the newest version of each set, without documents."""
        return self._items(_SETS, {"model": model}, None)

    def versions(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield the versions of a set, newest first."""
        return self._items(_path(_SETS, name, "versions"), {}, None)

    def packaged(self) -> Iterator[dict[str, Any]]:
        """Yield model and version of the sets that come with the release."""
        return self._items(_PACKAGED, {}, None)

    def packaged_set(self, model: str, version: str) -> dict[str, Any]:
        """Return a packaged set with its document."""
        return self._json("GET", _path(_PACKAGED, model, version))

    def diff(self, name: str, *, source: str = "active", target: str = "") -> dict[str, Any]:
        """Return what is different between two sets of one model."""
        return self._json("GET", _path(_SETS, name, "diff"), query={"from": source, "to": target})

    def submit(self, name: str, version: int | None = None, *, reason: str = "") -> dict[str, Any]:
        """Hand a draft to a second person."""
        return self._step(name, "submit", version=version, reason=reason)

    def approve(self, name: str, version: int | None = None, *, reason: str = "") -> dict[str, Any]:
        """Approve a submitted version that somebody else wrote."""
        return self._step(name, "approve", version=version, reason=reason)

    def withdraw(self, name: str, version: int | None = None, *, reason: str = "") -> dict[str, Any]:
        """Give up a version that was never activated."""
        return self._step(name, "withdraw", version=version, reason=reason)

    def activate(
        self, name: str, version: int | None = None, *, active_from: str | None = None, reason: str = ""
    ) -> dict[str, Any]:
        """Make an approved version active from a date, today where none is given."""
        return self._step(name, "activate", version=version, active_from=active_from, reason=reason)

    def roll_back(
        self, model: str, *, to: str | None = None, active_from: str | None = None, reason: str = ""
    ) -> dict[str, Any]:
        """Make active again what was active before, or the earlier activation that `to` names."""
        body = {"model": model, "to": to, "active_from": active_from, "reason": reason}
        return self._json("POST", f"{_ACTIVATIONS}/rollback", body=_given(body))

    def withdraw_activation(self, activation: int) -> dict[str, Any]:
        """Withdraw an activation whose date is still to come."""
        return self._json("POST", _path(_ACTIVATIONS, str(activation), "withdraw"))

    def active(self, on: str | None = None) -> dict[str, Any]:
        """Return what each model computes with on a date, today where none is given."""
        return self._json("GET", f"{_ACTIVATIONS}/active", query={"on": on})

    def history(self, model: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield activations, newest first."""
        return self._items(_ACTIVATIONS, {"model": model}, None)

    def preview(
        self, name: str, version: int | None = None, *, against: str = "active", parameters: Document | None = None
    ) -> Job:
        """Submit the bulk job that computes every stored portfolio under a version and under `against`."""
        body = {"version": version, "against": against, "parameters": dict(parameters or {})}
        return Job.read(self._json("POST", _path(_SETS, name, "preview"), body=_given(body)))

    def _step(self, name: str, step: str, **body: Any) -> dict[str, Any]:
        return self._json("POST", _path(_SETS, name, step), body=_given(body))

    def _json(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._transport.call(method, path, **more).json()
        return found


def _given(body: Document) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _path(*parts: str) -> str:
    head, *rest = parts
    return "/".join([head, *(quote(part, safe="") for part in rest)])
