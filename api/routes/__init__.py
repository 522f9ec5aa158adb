"""One module a resource; `api.app` includes them all."""

from fastapi import APIRouter

from api.routes import (
    analyses,
    collateral,
    jobs,
    operations,
    parameter_sets,
    portfolios,
    prices,
    promised,
    root,
    schedules,
    stress,
)

# Routes are tried in this order: the ones that somebody waits for come first.
ROUTERS: tuple[APIRouter, ...] = (
    collateral.router,
    analyses.router,
    stress.router,
    jobs.router,
    portfolios.router,
    prices.router,
    parameter_sets.router,
    root.router,
    schedules.router,
    operations.router,
    promised.router,
)
