"""The application: middleware, routers, handlers, and what happens at start and stop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from api.auth import Gate, TokenVerifier
from api.context import Context
from api.frame import Frame
from api.methods import Heads, name_methods
from api.metrics import api_metrics
from api.openapi import install_openapi
from api.problems import answer_problem
from api.routes import ROUTERS
from api.threads import Crew, Turnstile
from api.warm import warm_up
from compute.errors import ComputeError
from core.errors import CollateralError
from core.logs import get_logger
from core.security import load_public_key
from core.settings import Settings
from services.events import JobEvents
from services.runtime import Runtime

SERVICE_THREADS = 32
PROBE_THREADS = 4
CONNECTIONS = 16
STREAMS = 1000
WARM_UP_SECONDS = 600
_ERRORS = (CollateralError, ComputeError, HTTPException, RequestValidationError)

_log = get_logger(__name__)


def create_app(settings: Settings, *, runtime: Runtime | None = None) -> FastAPI:
    """Return the application of one process; nothing is connected before it is used."""
    runtime = runtime or Runtime.for_process(settings, pool_size=CONNECTIONS)
    verifier = TokenVerifier(load_public_key(settings.require_file("public_key_file")))
    context = Context(
        settings=settings,
        runtime=runtime,
        events=JobEvents(settings),
        crew=Crew(SERVICE_THREADS),
        probes=Crew(PROBE_THREADS, "probe"),
        calculations=Turnstile(settings.max_concurrent_calculations, "calculations"),
        streams=Turnstile(STREAMS, "event streams"),
        metrics=api_metrics(),
    )
    app = FastAPI(
        title="Nautilus Collateral",
        version=version("nautilus-collateral"),
        description="Margin, optimisation and Monte Carlo jobs. Money is float64 in the portfolio's currency.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        middleware=[
            Middleware(Frame, observe=context.metrics.observe),
            Middleware(Gate, verifier=verifier),
            Middleware(Heads),
        ],
        exception_handlers={**dict.fromkeys(_ERRORS, answer_problem), 405: name_methods},
    )
    app.state.context = context
    _include(app, ROUTERS)
    install_openapi(app)
    return app


def _include(app: FastAPI, routers: tuple[APIRouter, ...]) -> None:
    for router in routers:
        app.include_router(router)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Warm the kernels before `/readyz` says yes; close everything at the end."""
    context: Context = app.state.context
    async with context.events:
        await context.crew.run_within(WARM_UP_SECONDS, warm_up, context.runtime)
        context.warm = True
        _log.info("api ready")
        yield
        context.stopping.set()
    await context.crew.close()
    await context.probes.close()
    context.runtime.close()
