"""What a caller asks for when adding a schedule; every fault is answered with its pointer."""

from dataclasses import dataclass, field
from typing import Any

from compute.measures import MEASURES
from core.names import Measure
from services.errors import InvalidInputError
from services.intake import values
from services.intake.careful import unknown_field
from services.intake.faults import Faults
from services.intake.job import given_names
from services.intake.parameters import collect_parameters
from services.intake.parse import parse
from services.timing import Misfire

FIELDS = ("name", "measure", "portfolio_ids", "parameters", "every_seconds", "aligned", "misfire", "enabled")
MAX_PORTFOLIOS = 10_000
SHORTEST, LONGEST = 1.0, 31 * 86_400.0


@dataclass(frozen=True, kw_only=True)
class ScheduleRequest:
    """A validated schedule: recompute these portfolios every so many seconds."""

    name: str
    measure: Measure
    portfolio_ids: tuple[str, ...]
    every_seconds: float
    parameters: dict[str, Any] = field(default_factory=dict)
    aligned: bool = True
    misfire: Misfire = Misfire.SKIP
    enabled: bool = True


def decode_schedule(body: bytes, *, default_every: float) -> ScheduleRequest:
    """Return the schedule that a JSON body asks for; raise with a pointer to every fault."""
    faults = Faults()
    tree = values.mapping(parse(body), "", faults)
    if tree is None:
        raise InvalidInputError(faults.items)
    for name in tree:
        if name not in FIELDS:
            unknown_field(name, "", FIELDS, faults)
    request = _read(tree, default_every, faults)
    faults.settle()
    return request


def _read(tree: dict[str, Any], default_every: float, faults: Faults) -> ScheduleRequest:
    measure = _measure(tree.get("measure"), faults)
    given = {} if tree.get("parameters") is None else tree["parameters"]
    return ScheduleRequest(
        name=values.text(tree.get("name"), "/name", faults) or "",
        measure=measure,
        portfolio_ids=_portfolio_ids(tree.get("portfolio_ids"), faults),
        every_seconds=_every(tree.get("every_seconds", default_every), faults),
        parameters=_given(collect_parameters(measure, given, "/parameters", faults), given),
        aligned=_flag(tree, "aligned", faults),
        misfire=Misfire(values.word(tree.get("misfire", "skip"), "/misfire", faults, tuple(Misfire)) or "skip"),
        enabled=_flag(tree, "enabled", faults),
    )


def _given(parameters: dict[str, Any], given: Any) -> dict[str, Any]:
    """Return what was given, validated: what was not, each tick fills in, such as the active parameter set."""
    return {name: parameters[name] for name in given_names(given) if name in parameters}


def _measure(value: Any, faults: Faults) -> Measure:
    known = tuple(sorted(name for name, spec in MEASURES.items() if spec.needs_portfolio))
    return Measure(values.word(value, "/measure", faults, known) or known[0])


def _portfolio_ids(value: Any, faults: Faults) -> tuple[str, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_PORTFOLIOS:
        faults.add("/portfolio_ids", f"portfolio_ids must be a list of 1 to {MAX_PORTFOLIOS:,} portfolio ids.")
        return ()
    found = [values.text(item, f"/portfolio_ids/{index}", faults) for index, item in enumerate(value)]
    seen: set[str] = set()
    for index, item in enumerate(found):
        if item is not None and item in seen:
            faults.add(f"/portfolio_ids/{index}", "The portfolio comes more than once.", remedy="Keep one of them.")
        seen.add(item or "")
    return tuple(item for item in found if item is not None)


def _every(value: Any, faults: Faults) -> float:
    found = values.bounded(value, "/every_seconds", faults, minimum=SHORTEST, maximum=LONGEST)
    if found is not None and round(found, 3) != found:
        faults.add("/every_seconds", "every_seconds must be a whole number of milliseconds.")
    return found or SHORTEST


def _flag(tree: dict[str, Any], name: str, faults: Faults) -> bool:
    found = values.flag(tree.get(name, True), f"/{name}", faults)
    return True if found is None else found
