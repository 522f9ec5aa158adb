"""One module a resource; `api.app` includes them all."""

from fastapi import APIRouter

from api.routes import collateral, jobs, operations, portfolios, prices, promised, root, schedules

ROUTERS: tuple[APIRouter, ...] = (
    root.router,
    collateral.router,
    portfolios.router,
    prices.router,
    jobs.router,
    schedules.router,
    operations.router,
    promised.router,
)
