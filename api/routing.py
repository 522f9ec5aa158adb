"""The route class of this API: a query parameter that a route does not know is refused, not dropped."""

from collections.abc import Callable, Coroutine
from difflib import get_close_matches
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from core.errors import Fault
from services.errors import InvalidInputError

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRoute(APIRoute):
    """A route that knows its query parameters."""

    def get_route_handler(self) -> Handler:
        """Return the handler, with the check in front of it."""
        handler = super().get_route_handler()
        written = (self.openapi_extra or {}).get("parameters", ())
        read_by_hand = {one["name"] for one in written if one.get("in") == "query"}
        known = sorted({*(parameter.alias for parameter in self.dependant.query_params), *read_by_hand})

        async def checked(request: Request) -> Response:
            if request.scope["query_string"]:
                check_query(request, known)
            return await handler(request)

        return checked


def check_query(request: Request, known: list[str]) -> None:
    """Raise InvalidInputError naming every query parameter that is unknown, given twice, or holds no plain text."""
    items = request.query_params.multi_items()
    given = [name for name, _ in items]
    faults = [_unknown(name, known) for name in dict.fromkeys(given) if name not in known]
    faults += [
        Fault(
            column=name,
            detail=f"The query parameter {name!r} is given {given.count(name)} times.",
            remedy="Give it once.",
        )
        for name in known
        if given.count(name) > 1
    ]
    faults += [
        Fault(column=name, detail=f"The query parameter {name!r} holds a character that cannot be printed.")
        for name, value in items
        if name in known and not value.isprintable()
    ]
    if faults:
        raise InvalidInputError(faults)


def _unknown(name: str, known: list[str]) -> Fault:
    near = get_close_matches(name, known, n=1)
    if near:
        remedy = f"Did you mean {near[0]!r}?"
    else:
        remedy = f"Known here: {', '.join(known)}." if known else "This route takes none."
    shown = name[:64].encode("ascii", "replace").decode()
    return Fault(column=shown, detail=f"The query parameter {shown!r} is not known.", remedy=remedy)
