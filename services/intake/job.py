"""A job object of a JSON tree → `JobRequest`."""

from collections.abc import Callable, Mapping
from typing import Any

from compute.crif import Crif
from compute.measures import MEASURES, Book, Takes
from compute.portfolio import Portfolio
from core.names import Device, Lane, Measure
from services.intake import values
from services.intake.crif import read_crif
from services.intake.faults import Faults
from services.intake.parameters import collect_parameters
from services.intake.portfolio import read_portfolio
from services.intake.pricing import unpriced_symbols
from services.intake.request import JobRequest

JOB_FIELDS = (
    "measure",
    "portfolio",
    "portfolio_id",
    "crif",
    "parameters",
    "device",
    "fallback",
    "lane",
    "deadline_seconds",
    "max_attempts",
)
LONGEST_DEADLINE = 7 * 86_400
MOST_ATTEMPTS = 10


def read_job(tree: Mapping[str, Any], faults: Faults) -> JobRequest:
    """Return the job of an object whose fields are known; with faults recorded it is not fit for use."""
    given = {name: value for name, value in tree.items() if value is not None}
    measure = _measure(given, faults)
    parameters = given.get("parameters", {})
    filled = {} if measure is None else collect_parameters(measure, parameters, "/parameters", faults)
    book, assumed = _book(given, measure, filled, faults)
    return JobRequest(
        measure=measure or Measure.NOOP,
        portfolio=book,
        portfolio_id=_portfolio_id(given, faults),
        parameters=filled,
        needs_prices=unpriced_symbols(book) if isinstance(book, Portfolio) else (),
        assumed=assumed,
        given=given_names(parameters),
        **_options(given, faults),
    )


def given_names(parameters: Any) -> frozenset[str]:
    """Return the names of the parameters that are given, whatever they hold."""
    values = parameters if isinstance(parameters, Mapping) else {}
    return frozenset(name for name, value in values.items() if value is not None)


def _measure(given: Mapping[str, Any], faults: Faults) -> Measure | None:
    if "measure" not in given:
        faults.add("/measure", "measure is required.", remedy=f"Use one of: {', '.join(sorted(MEASURES))}.")
        return None
    word = values.word(given["measure"], "/measure", faults, tuple(MEASURES))
    return None if word is None else Measure(word)


def _portfolio_id(given: Mapping[str, Any], faults: Faults) -> str | None:
    return values.text(given["portfolio_id"], "/portfolio_id", faults) if "portfolio_id" in given else None


_SOURCES = ("portfolio", "portfolio_id", "crif")


def _book(
    given: Mapping[str, Any], measure: Measure | None, parameters: Mapping[str, Any], faults: Faults
) -> tuple[Book | None, tuple[str, ...]]:
    sources = [name for name in _SOURCES if name in given]
    if len(sources) > 1:
        faults.add(f"/{sources[1]}", f"Both {sources[0]} and {sources[1]} are given.", remedy="Send one of them.")
    if not sources and measure is not None and MEASURES[measure].needs_portfolio:
        _demand(measure, parameters, faults)
    if "crif" in given and measure is not None:
        return _crif(given["crif"], measure, parameters, faults), ("as_of",)
    return read_portfolio(given["portfolio"], "/portfolio", faults) if "portfolio" in given else (None, ())


def _demand(measure: Measure, parameters: Mapping[str, Any], faults: Faults) -> None:
    if Takes.POSITIONS in MEASURES[measure].chosen(parameters).takes:
        faults.add("/portfolio", f"The measure {measure.value} needs a portfolio.", remedy="Or send a portfolio_id.")
    else:
        model = parameters.get("model", measure.value)
        faults.add("/crif", f"The model {model} needs the rows of a CRIF.", remedy="Send them as text.")


def _crif(value: Any, measure: Measure, parameters: Mapping[str, Any], faults: Faults) -> Crif | None:
    if not isinstance(value, str):
        faults.add("/crif", "crif must be the text of a CRIF file.", remedy="Send its rows, header first, as one text.")
        return None
    if faults:
        return None
    return read_crif(value.encode(), measure, parameters, name="crif", pointer="/crif")


def _device(value: Any, pointer: str, faults: Faults) -> Device | None:
    found = values.word(value, pointer, faults, tuple(Device))
    return None if found is None else Device(found)


def _lane(value: Any, pointer: str, faults: Faults) -> Lane | None:
    found = values.word(value, pointer, faults, tuple(Lane))
    return None if found is None else Lane(found)


def _deadline(value: Any, pointer: str, faults: Faults) -> float | None:
    return values.bounded(value, pointer, faults, minimum=0.001, maximum=LONGEST_DEADLINE)


def _attempts(value: Any, pointer: str, faults: Faults) -> int | None:
    return values.integer(value, pointer, faults, minimum=1, maximum=MOST_ATTEMPTS)


_OPTIONS: dict[str, Callable[[Any, str, Faults], Any]] = {
    "device": _device,
    "lane": _lane,
    "fallback": values.flag,
    "deadline_seconds": _deadline,
    "max_attempts": _attempts,
}


def _options(given: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    read = {name: _OPTIONS[name](given[name], f"/{name}", faults) for name in _OPTIONS if name in given}
    return {name: value for name, value in read.items() if value is not None}
