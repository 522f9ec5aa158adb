"""MEASURES: the one map from a job's measure to its numerics."""

from compute import drill
from compute.analysis.bridge import request as bridge_request
from compute.analysis.compare import request as compare_request
from compute.analysis.explain import request as explain_request
from compute.analysis.impact import request as impact_request
from compute.analysis.whatif import request as whatif_request
from compute.errors import InputError
from compute.margin import requests
from compute.margin.models import BACKTESTS, MODELS, reads_history
from compute.margin.sets import with_sets
from compute.margin.weights import revaluations
from compute.measure import SAMPLE_SYMBOLS, Book, Kernel, MeasureSpec, Takes, deferred, of_models, rows
from compute.pricing import request as price_request
from compute.simulation import breach_request
from compute.simulation import request as var_request
from compute.simulation.exposures import factor_names
from compute.stress import request as stress_request

__all__ = ["MEASURES", "SAMPLE_SYMBOLS", "Book", "Kernel", "MeasureSpec", "Takes", "deferred", "measure"]

MEASURES: dict[str, MeasureSpec] = {
    "margin": of_models(MODELS, "house"),
    "optimise": with_sets(
        "house",
        MeasureSpec(
            kernel=deferred("compute.margin.optimise", "optimise"),
            parameters={**requests.OPTIMISE, **requests.HOUSE},
            work=rows,
            needs_history=reads_history,
        ),
    ),
    "var": MeasureSpec(
        kernel=deferred("compute.simulation.var", "value_at_risk"),
        parameters=var_request.PARAMETERS,
        work=var_request.work,
        needs_history=lambda _parameters: True,
        history_names=factor_names,
    ),
    "price": MeasureSpec(
        kernel=deferred("compute.pricing.report", "price"),
        parameters=price_request.PARAMETERS,
        work=price_request.work,
        size=revaluations(european=3.0, american=300.0),
        values_itself=True,
    ),
    "backtest": of_models(BACKTESTS, "fhs"),
    "whatif": whatif_request.SPEC,
    "explain": explain_request.SPEC,
    "compare": compare_request.SPEC,
    "bridge": bridge_request.SPEC,
    "impact": impact_request.SPEC,
    "stress": stress_request.SPEC,
    "breach": breach_request.SPEC,
    "noop": MeasureSpec(
        kernel=drill.drill,
        parameters=drill.PARAMETERS,
        work=drill.work,
        takes=(),
    ),
}


def measure(name: str) -> MeasureSpec:
    """Return a measure by name; raise InputError listing the known ones."""
    try:
        return MEASURES[name]
    except KeyError:
        raise InputError(
            f"Unknown measure {name!r}.", pointer="/measure", remedy=f"Use one of: {', '.join(sorted(MEASURES))}."
        ) from None
