"""The model `simm`: initial margin of one netting set, or of all in a file at once."""

from collections.abc import Mapping
from typing import Any

from compute.crif import Crif, answered_in
from compute.errors import InputError
from compute.margin.simm.calibration import Calibration, calibration
from compute.margin.simm.model import MARGIN_TYPES, Simm, simm, worst
from compute.margin.simm.vocabulary import PRODUCT_CLASSES
from compute.market import Market
from compute.result import Checkpoint, Result

SETS_A_CHECKPOINT = 1_000
NOT_IN_THE_MODEL = {"maintenance_margin": None, "variation_margin": None}


def margin(crif: Crif, _market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
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
        Unknown version or horizon, a file without rows, or no rate from USD into the calculation currency.
    """
    if not len(crif):
        raise InputError("The file has no rows.", pointer="/crif", remedy="Send at least one sensitivity.")
    table = calibration(parameters["version"], int(parameters["mpor_days"]))
    currency = parameters["calculation_currency"]
    found = simm(crif, table, side=parameters["side"], currency=currency, checkpoint=checkpoint)
    factor = answered_in(parameters)
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
    return Result(document={**head, **combined(_netting_sets(crif, found, factor, checkpoint))})


def _parameter_set(table: Calibration) -> dict[str, Any]:
    return {
        "version": table.version,
        "source": table.table["source"],
        "status": table.table["status"],
        "unverified": [],
        "license": "ISDA licenses SIMM for commercial use.",
    }


def _netting_sets(crif: Crif, found: Simm, factor: float, checkpoint: Checkpoint) -> list[dict[str, Any]]:
    totals, add_ons = (found.total * factor).tolist(), (found.add_on * factor).tolist()
    classes = (found.product_class * factor).tolist()
    parts = {name: (found.part(name) * factor).tolist() for name in MARGIN_TYPES}
    by_regulation: dict[int, dict[str, float]] = {}
    for owner, regulation, total in zip(found.netting_set.tolist(), found.regulation, totals, strict=True):
        by_regulation.setdefault(owner, {})[regulation] = total
    picked, sets = worst(found).tolist(), []
    for done, group in enumerate(picked):
        if done % SETS_A_CHECKPOINT == 0:
            checkpoint(len(picked) + done, 2 * len(picked))  # the first half was the sums
        owner = int(found.netting_set[group])
        sets.append(
            {
                "portfolio_id": crif.netting_sets[owner],
                "initial_margin": totals[group],
                "total_margin": totals[group],
                **{name: part[group] for name, part in parts.items()},
                "add_on": add_ons[group],
                "regulation": found.regulation[group],
                "by_regulation": by_regulation[owner],
                "breakdown": dict(zip(PRODUCT_CLASSES, classes[group], strict=True)),
                **NOT_IN_THE_MODEL,
            }
        )
    return sets


def combined(sets: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one netting set's figures as they are, several as a list with their sum."""
    if len(sets) == 1:
        return sets[0]
    total = sum(one["initial_margin"] for one in sets)
    return {"initial_margin": total, "total_margin": total, **NOT_IN_THE_MODEL, "netting_sets": sets}
