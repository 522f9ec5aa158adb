"""One module a resource; `api.app` includes them all."""

from fastapi import APIRouter

from api.routes import collateral, jobs, promised, root

ROUTERS: tuple[APIRouter, ...] = (root.router, collateral.router, jobs.router, promised.router)
