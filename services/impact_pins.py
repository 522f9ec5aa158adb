"""What a preview pins at submit: every portfolio of the tenant by version, both sets whole, prices and histories."""

from collections.abc import Mapping
from typing import Any

from compute.margin.sets import fixed
from compute.measures import MeasureSpec
from core.clock import isoformat
from services.intake.request import JobRequest
from services.parameter_set_choice import not_given, usable, with_set
from services.parameter_set_names import ACTIVE, PACKAGED, Named, active, of_stored, packaged
from storage import prices, tenant_pins
from storage.database import Connection

BOOKS = "books"
"""The pin: `portfolios` and `histories` by version, `prices` with their moments."""
_PAGE = 5_000
_POINTER = "/parameters/against"


def pinned(
    conn: Connection, tenant: str, spec: MeasureSpec, request: JobRequest
) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """Return the parameters with both documents written out, and the pins; raise for a set that is not there."""
    parameters = with_set(conn, tenant, spec, request, None)
    model = str(parameters["model"])
    other = _against(conn, tenant, model, str(parameters["against"]))
    decided = not_given(spec, request, fixed({"model": model, "tables": other.document}))
    written = {"against": other.reference, "against_tables": other.document, "against_parameters": decided}
    pins = {
        "portfolios": tenant_pins.portfolio_versions(conn, tenant),
        "prices": _prices(conn, tenant),
        "histories": tenant_pins.history_versions(conn, tenant) if spec.needs_history(parameters) else {},
    }
    return {**parameters, **written}, {BOOKS: pins}


def _against(conn: Connection, tenant: str, model: str, reference: str) -> Named:
    if reference == ACTIVE:
        return active(conn, tenant, model)
    if reference.startswith(f"{PACKAGED}@"):
        return packaged(model, reference.partition("@")[2], _POINTER)
    return of_stored(usable(conn, tenant, model, reference, _POINTER))


def _prices(conn: Connection, tenant: str) -> dict[str, Any]:
    """Return every stored price: which portfolios came without one is known only when they are read."""
    found: dict[str, Any] = {}
    cursor: str | None = None
    while True:
        page, cursor = prices.page(conn, tenant, cursor=cursor, limit=_PAGE)
        found |= {item.symbol: {"price": item.price, "as_of": isoformat(item.as_of)} for item in page}
        if cursor is None:
            return found
