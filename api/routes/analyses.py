"""`/api/v1/collateral/{whatif,explain,…}`: the analyses of a margin model, each a job without its measure."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from api.accepting import SVG, wants_picture
from api.calculating import read_analysis
from api.examples import ANALYSES
from api.files import ANALYSIS, described
from api.routes.collateral import calculate_and_answer
from api.routing import StrictRoute
from api.schemas import IDEMPOTENCY, PREFER, body
from compute.measures import MEASURES
from core.names import Measure
from services.pictures import PICTURES

router = APIRouter(prefix="/api/v1/collateral", tags=["analyses"], route_class=StrictRoute)
SUMMARIES = {
    Measure.WHATIF: "Every figure before and after a basket of trades, held to limits",
    Measure.BRIDGE: "Why a margin is not what a stored earlier one was, in steps that sum to the difference",
    Measure.EXPLAIN: "Where a margin comes from: its steps, and what each position and group contributes",
    Measure.COMPARE: "Several models side by side, and what each needs to cover the same losses",
    Measure.STRESS: "Profit and loss, margin and what is left in dated scenarios, your own, and on a grid",
    Measure.BACKTEST: "A margin model's daily margin against the losses that followed",
    Measure.PRICE: "Price and greeks of every position",
}


def _add(measure: Measure, summary: str) -> None:
    async def analyse(request: Request) -> Response:
        read = partial(read_analysis, measure=measure, picture=wants_picture(request))
        return await calculate_and_answer(request, read, ANALYSIS)

    examples: Mapping[str, Any] = ANALYSES.get(measure.value, {})
    extra = described({**body("AnalysisRequest", **examples), "parameters": [IDEMPOTENCY, PREFER]}, ANALYSIS)
    drawn = f" With `Accept: {SVG}` the answer is a picture." if measure in PICTURES else ""
    router.add_api_route(
        f"/{measure.value}",
        analyse,
        methods=["POST"],
        summary=summary,
        description=f"The body is a job without `measure`; computed while you wait where it is small.{drawn}",
        name=f"analyse_{measure.value}",
        openapi_extra=extra,
    )


for _measure, _summary in SUMMARIES.items():
    if _measure in MEASURES:
        _add(_measure, _summary)
