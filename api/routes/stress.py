"""`/api/v1/collateral/stress-test`: the earlier engine's stress test, on its wire shape."""

from fastapi import APIRouter, Request, Response

from api.calculating import read_stress_test
from api.examples import STRESS_TEST
from api.routes.collateral import calculate_and_answer
from api.routing import StrictRoute
from api.schemas import IDEMPOTENCY, PREFER, body

router = APIRouter(prefix="/api/v1/collateral", tags=["collateral"], route_class=StrictRoute)


@router.post(
    "/stress-test",
    summary="Stress a portfolio: its margin and what is left in dated scenarios",
    description="`scenarios` are names of the library (docs/stress.md); without them all. `parameters` are those of the"
    " measure stress, for scenarios of your own, grids and another margin model; `/stress` answers in its words.",
    openapi_extra={
        **body("StressTestRequest", two_scenarios=STRESS_TEST),
        "parameters": [IDEMPOTENCY, PREFER],
    },
)
async def stress_test(request: Request) -> Response:
    """Return margin before and after each scenario, positions at risk, liquidation value, and the verdict."""
    return await calculate_and_answer(request, read_stress_test)
