"""What the earlier engine promised and this one does not compute yet: 501, never a guess."""

from fastapi import APIRouter, Request, Response

from api.auth import caller
from api.errors import NotBuiltError
from core.names import Permission

router = APIRouter(tags=["promised"])
PROMISED: tuple[tuple[str, str, Permission], ...] = (
    ("POST", "/api/v1/collateral/monitoring/start", Permission.SUBMIT),
    ("POST", "/api/v1/collateral/monitoring/stop/{portfolio_id}", Permission.SUBMIT),
    ("GET", "/api/v1/collateral/monitoring/status/{portfolio_id}", Permission.READ),
    ("GET", "/api/v1/collateral/alerts/stream/{portfolio_id}", Permission.READ),
    ("POST", "/api/v1/collateral/collateral/optimize-allocation", Permission.SUBMIT),
    ("GET", "/api/v1/collateral/regulatory/report/{portfolio_id}", Permission.READ),
    ("POST", "/api/v1/collateral/reports/comprehensive", Permission.SUBMIT),
    ("POST", "/api/v1/collateral/emergency/stop-all-monitoring", Permission.OPERATE),
)


def _add(method: str, path: str, permission: Permission) -> None:
    async def refuse(request: Request) -> Response:
        caller(request, permission)
        raise NotBuiltError(f"{method} {path} is promised and not built yet; nothing was computed or stored.")

    router.add_api_route(
        path,
        refuse,
        methods=[method],
        summary="Not built yet",
        description="The earlier engine had this route. It answers 501 until its models are built.",
        name=f"promised_{method.lower()}_{path.rsplit('/collateral/', 1)[-1]}",
    )


for _method, _path, _permission in PROMISED:
    _add(_method, _path, _permission)
