"""The model `simm`: initial margin of one netting set, or of all in a file at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compute.crif import Crif, answered_in
from compute.errors import InputError
from compute.margin.regulations import by_regulation, counted
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
        "input": {**crif.notes, **counted(crif, parameters["side"])},
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
    regulated = by_regulation(found.netting_set, found.regulation, found.total * factor)
    figures = _Figures.of(found, factor)
    group_of = {int(found.netting_set[group]): group for group in worst(found).tolist()}
    sets = []
    for owner, name in enumerate(crif.netting_sets):
        if owner % SETS_A_CHECKPOINT == 0:
            checkpoint(len(crif.netting_sets) + owner, 2 * len(crif.netting_sets))  # the first half was the sums
        group = group_of.get(owner)
        shown = figures.nothing() if group is None else figures.group(group)
        shown["regulation"] = None if group is None else found.regulation[group]
        shown["by_regulation"] = regulated.get(owner, {})
        sets.append({"portfolio_id": name, **shown, **NOT_IN_THE_MODEL})
    return sets


@dataclass(frozen=True, kw_only=True)
class _Figures:
    """The groups' figures in the calculation currency, as lists: read one by one, they are quicker than arrays."""

    columns: Mapping[str, list[float]]
    classes: list[list[float]]

    @classmethod
    def of(cls, found: Simm, factor: float) -> "_Figures":
        columns = {"initial_margin": found.total, "total_margin": found.total}
        columns |= {name: found.part(name) for name in MARGIN_TYPES}
        columns["add_on"] = found.add_on
        return cls(
            columns={name: (column * factor).tolist() for name, column in columns.items()},
            classes=(found.product_class * factor).tolist(),
        )

    def group(self, group: int) -> dict[str, Any]:
        shown: dict[str, Any] = {name: column[group] for name, column in self.columns.items()}
        shown["breakdown"] = dict(zip(PRODUCT_CLASSES, self.classes[group], strict=True))
        return shown

    def nothing(self) -> dict[str, Any]:
        """Return the figures of a netting set whose every row is excluded."""
        return {**dict.fromkeys(self.columns, 0.0), "breakdown": dict.fromkeys(PRODUCT_CLASSES, 0.0)}


def combined(sets: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one netting set's figures as they are, several as a list with their sum."""
    if len(sets) == 1:
        return sets[0]
    total = sum(one["initial_margin"] for one in sets)
    return {"initial_margin": total, "total_margin": total, **NOT_IN_THE_MODEL, "netting_sets": sets}
