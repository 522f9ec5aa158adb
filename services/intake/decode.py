"""Request bodies → portfolios and job requests: the entries of this package."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from compute.portfolio import Portfolio
from core.names import Measure
from services.errors import InvalidInputError
from services.intake import values
from services.intake.careful import unknown_field
from services.intake.fast import read_tree
from services.intake.faults import Faults
from services.intake.files.rows import Rows
from services.intake.job import JOB_FIELDS, read_job
from services.intake.parameters import collect_parameters
from services.intake.portfolio import read_portfolio
from services.intake.pricing import fill_prices, unpriced_symbols
from services.intake.request import JobRequest, MarginRequest

_FLAGS = ("optimize", "include_stress_test")
_STRESS_FIELDS = ("portfolio", "portfolio_id", "parameters", "scenarios")
_MARGIN_FIELDS = ("portfolio", "portfolio_id", "crif", "parameters", *_FLAGS)


def decode_portfolio(
    body: bytes | Rows,
    *,
    pointer: str = "",
    prices: Mapping[str, float] | None = None,
    portfolio_id: str | None = None,
    unpriced: bool = False,
) -> Portfolio:
    """Return the portfolio in a body; positions without a price take it from `prices`, or stay NaN if `unpriced`."""
    faults = Faults()
    portfolio, _ = read_portfolio(_bare(body), pointer, faults, default_id=portfolio_id)
    faults.settle()
    return portfolio if unpriced else fill_prices(portfolio, prices or {}, pointer=pointer)


def decode_job(body: bytes | Rows) -> JobRequest:
    """Return the job that a body asks for."""
    faults = Faults()
    request = read_job(_known(read_tree(body), JOB_FIELDS, faults), faults)
    faults.settle()
    return request


def decode_of(body: bytes | Rows, measure: Measure) -> JobRequest:
    """Return the job of a body that leaves the measure to its route."""
    faults = Faults()
    known = tuple(name for name in JOB_FIELDS if name != "measure")
    request = read_job({**_known(read_tree(body), known, faults), "measure": measure.value}, faults)
    faults.settle()
    return request


def decode_margin(body: bytes | Rows) -> MarginRequest:
    """Return what a body of the earlier engine's /margin/calculate asks for."""
    faults = Faults()
    given = _known(read_tree(body), _MARGIN_FIELDS, faults)
    flags = {name: values.flag(given[name], f"/{name}", faults) for name in _FLAGS if given.get(name) is not None}
    fields = {name: value for name, value in given.items() if name not in _FLAGS}
    job = read_job({**fields, "measure": Measure.MARGIN.value}, faults)
    faults.settle()
    return MarginRequest(job=job, **{name: value for name, value in flags.items() if value is not None})


def decode_stress_test(body: bytes | Rows) -> JobRequest:
    """Return the job of a body of the earlier engine's /stress-test, whose `scenarios` stand beside the portfolio."""
    faults = Faults()
    given = _known(read_tree(body), _STRESS_FIELDS, faults)
    scenarios, parameters = given.get("scenarios"), given.get("parameters")
    fields = {name: value for name, value in given.items() if name != "scenarios"}
    beside = scenarios is not None and (parameters is None or isinstance(parameters, Mapping))
    if beside:
        if parameters and parameters.get("scenarios") is not None:
            faults.add("/scenarios", "scenarios stand in parameters too.", remedy="Keep one of the two.")
        fields["parameters"] = {**(parameters or {}), "scenarios": scenarios}
    request = read_job({**fields, "measure": Measure.STRESS.value}, faults)
    if beside:
        faults.items = [
            replace(fault, pointer=fault.pointer.removeprefix("/parameters"))
            if fault.pointer.startswith("/parameters/scenarios")
            else fault
            for fault in faults.items
        ]
    faults.settle()
    return request


def decode_bare(body: bytes | Rows, measure: Measure) -> JobRequest:
    """Return the job of a body that is a portfolio and nothing else, as /margin/optimize takes it."""
    faults = Faults()
    portfolio, assumed = read_portfolio(_bare(body), "", faults)
    parameters = collect_parameters(measure, {}, "/parameters", faults)
    faults.settle()
    return JobRequest(
        measure=measure,
        portfolio=portfolio,
        portfolio_id=None,
        parameters=parameters,
        needs_prices=unpriced_symbols(portfolio),
        assumed=assumed,
        pointer="",
        given=frozenset(),
    )


def _bare(body: bytes | Rows) -> Any:
    """Return the tree of a body that is a portfolio and nothing else."""
    tree = read_tree(body)
    return tree["portfolio"] if isinstance(body, Rows) else tree


def _known(tree: Any, known: tuple[str, ...], faults: Faults) -> dict[str, Any]:
    """Return the object without the fields that nobody knows, which are faults."""
    found = values.mapping(tree, "", faults)
    if found is None:
        raise InvalidInputError(faults.items)
    for name in found:
        if name not in known:
            unknown_field(name, "", known, faults)
    return {name: value for name, value in found.items() if name in known}
