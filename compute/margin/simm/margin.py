"""The model `simm`: initial margin of one netting set, or of all in a file at once."""

from collections.abc import Mapping
from typing import Any

from compute.crif import Crif
from compute.errors import InputError
from compute.margin.simm.calibration import Calibration, calibration
from compute.margin.simm.model import MARGIN_TYPES, Simm, simm, worst
from compute.margin.simm.vocabulary import PRODUCT_CLASSES
from compute.market import Market, rate
from compute.result import Checkpoint, Result

NOT_IN_THE_MODEL = {"maintenance_margin": None, "variation_margin": None}


def margin(crif: Crif, _market: Market, parameters: Mapping[str, Any], _checkpoint: Checkpoint) -> Result:
    """Return SIMM in the calculation currency, the worst of the regulations on the chosen side.

    Parameters
    ----------
    crif
        Rows that `checks.row_faults` has nothing against, amounts in USD.
    parameters
        `version`, `mpor_days`, `side`, `calculation_currency`, `fx`.

    Returns
    -------
    Result
        For one netting set its figures; for several `netting_sets`, a list of such figures, and their sum. All amounts
        are positive whatever the side.

    Raises
    ------
    InputError
        Unknown version or horizon, or a file without rows.
    MissingRateError
        USD has no rate into the calculation currency.
    """
    if not len(crif):
        raise InputError("The file has no rows.", pointer="/crif", remedy="Send at least one sensitivity.")
    table = calibration(parameters["version"], int(parameters["mpor_days"]))
    currency = parameters["calculation_currency"]
    found = simm(crif, table, side=parameters["side"], currency=currency)
    factor = rate(parameters["fx"], "USD", currency)
    head = {
        "currency": currency,
        "as_of": crif.as_of.isoformat(),
        "model": "simm",
        "version": table.version,
        "mpor_days": table.mpor_days,
        "side": parameters["side"],
        "parameter_set": _parameter_set(table),
        "input": dict(crif.notes),
    }
    return Result(document={**head, **_netting_sets(crif, found, factor)})


def _parameter_set(table: Calibration) -> dict[str, Any]:
    return {
        "version": table.version,
        "source": table.table["source"],
        "license": "ISDA licenses SIMM for commercial use.",
    }


def _netting_sets(crif: Crif, found: Simm, factor: float) -> dict[str, Any]:
    parts = {name: found.part(name) * factor for name in MARGIN_TYPES}
    of_set: dict[int, dict[str, float]] = {}
    for group, owner in enumerate(found.netting_set.tolist()):
        of_set.setdefault(owner, {})[found.regulation[group]] = float(found.total[group] * factor)
    sets = []
    for group in worst(found).tolist():
        owner = int(found.netting_set[group])
        total = float(found.total[group] * factor)
        sets.append(
            {
                "portfolio_id": crif.netting_sets[owner],
                "initial_margin": total,
                "total_margin": total,
                **{name: float(part[group]) for name, part in parts.items()},
                "add_on": float(found.add_on[group] * factor),
                "regulation": found.regulation[group],
                "by_regulation": of_set[owner],
                "breakdown": {
                    name: float(value * factor)
                    for name, value in zip(PRODUCT_CLASSES, found.product_class[group], strict=True)
                },
                **NOT_IN_THE_MODEL,
            }
        )
    return combined(sets)


def combined(sets: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one netting set's figures as they are, several as a list with their sum."""
    if len(sets) == 1:
        return sets[0]
    total = sum(one["initial_margin"] for one in sets)
    return {"initial_margin": total, "total_margin": total, **NOT_IN_THE_MODEL, "netting_sets": sets}
