"""Parameters of a measure from JSON values or CLI text: checked against their specification, defaults filled in."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from compute.errors import InputError
from compute.margin.sets import fixed
from compute.measure import MeasureSpec
from compute.measures import measure as spec_of
from compute.parameters import Kind, Parameter
from services.intake.basket import read_shape
from services.intake.careful import unknown_field
from services.intake.entries import read_entries
from services.intake.faults import Faults, escape, nearest, quote
from services.intake.structures import structure
from services.intake.values import currency_problem, kind_of, mapping, text_problem

_MAX_LIST = 100
_MAX_TEXTS = 200


def read_parameters(measure: str, given: Mapping[str, Any], *, pointer: str = "/parameters") -> dict[str, Any]:
    """Return every parameter of a measure; raise InvalidInputError with a pointer to each that will not do."""
    faults = Faults()
    found = collect_parameters(measure, given, pointer, faults)
    faults.settle()
    return found


def collect_parameters(measure: str, given: Any, pointer: str, faults: Faults) -> dict[str, Any]:
    """Return every parameter of a measure, a default in place of each one that is recorded as a fault."""
    before = len(faults.items)
    values = mapping(given, pointer, faults) or {}
    chosen = spec_of(measure).chosen(values)
    specs = chosen.parameters
    found = {name: spec.default for name, spec in specs.items()}
    for name, value in values.items():
        spec = specs.get(name)
        if spec is None:
            unknown_field(name, pointer, tuple(specs), faults)
        elif value is not None:
            found[name] = _read(spec, value, f"{pointer}/{escape(name)}", faults)
    if len(faults.items) == before:
        _judge(chosen, found, pointer, faults)
    if len(faults.items) == before:
        found |= {name: value for name, value in fixed(found).items() if values.get(name) is None}
    return found


def _judge(spec: MeasureSpec, found: Mapping[str, Any], pointer: str, faults: Faults) -> None:
    """Record what the model itself finds wrong: a misspelt key in a structure fails the request, not a job."""
    try:
        spec.judge(found)
    except InputError as error:
        for fault in getattr(error, "faults", (error,)):
            faults.add(f"{pointer}{fault.pointer.removeprefix('/parameters')}", fault.detail, remedy=fault.remedy)


def from_text(spec: Parameter, text: str) -> Any:
    """Return what a text such as `99.5`, `true` or `0.95,0.99` stands for; the text itself where it fits nothing."""
    if spec.kind in {Kind.TEXT, Kind.CURRENCY, Kind.RATES, Kind.BASKET, Kind.MODELS, Kind.STRUCTURE}:
        return text
    if spec.kind is Kind.FLAG:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text.lower(), text)
    if spec.kind is Kind.TEXTS:
        return [part.strip() for part in text.split(",")]
    if spec.kind is Kind.NUMBERS:
        parts = [_plain_number(part.strip()) for part in text.split(",")]
        return parts if len(parts) > 1 else parts[0]
    return _plain_number(text)


def _plain_number(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if type(value) in {int, float} else text


def _read(spec: Parameter, value: Any, pointer: str, faults: Faults) -> Any:
    if spec.kind in _OBJECTS:
        found = _OBJECTS[spec.kind](value, pointer, faults)
        return spec.default if found is None else found
    problem, remedy, found = _VERDICTS[spec.kind](spec, value)
    if problem is None:
        return found
    faults.add(pointer, f"{pointer.rpartition('/')[2]} {problem}.", remedy=remedy)
    return spec.default


def _entries(value: Any, pointer: str, faults: Faults) -> list[dict[str, Any]] | None:
    return read_entries(value, pointer, faults, collect_parameters)


_OBJECTS: dict[Kind, Callable[[Any, str, Faults], Any]] = {
    Kind.STRUCTURE: structure,
    Kind.BASKET: read_shape,
    Kind.MODELS: _entries,
}

Verdict = tuple[str | None, str, Any]


def _text(spec: Parameter, value: Any) -> Verdict:
    if not isinstance(value, str):
        return f"must be a text, and is {kind_of(value)}", "", None
    if spec.choices:
        found = value.lower()
        chosen = {choice.lower(): choice for choice in spec.choices}
        if found in chosen:
            return None, "", chosen[found]
        return f"is unknown: {quote(value)}", nearest(value, spec.choices), None
    problem = None if value == spec.default else text_problem(value)
    return problem, "", value


def _flag(_spec: Parameter, value: Any) -> Verdict:
    if isinstance(value, bool):
        return None, "", value
    return f"must be true or false, and is {kind_of(value)}", "", None


def _number(spec: Parameter, value: Any) -> Verdict:
    if type(value) not in {int, float} or not -1e300 <= value <= 1e300 or math.isnan(value):
        return f"must be a number, and is {kind_of(value)}", "Send a plain number.", None
    return _within(spec, value) or (None, "", float(value))


def _integer(spec: Parameter, value: Any) -> Verdict:
    whole = type(value) is int or (type(value) is float and math.isfinite(value) and value == int(value))
    if not whole:
        kind = "a fraction" if type(value) is float and math.isfinite(value) else kind_of(value)
        return f"must be a whole number, and is {kind}", "Send a whole number.", None
    return _within(spec, value) or (None, "", int(value))


def _within(spec: Parameter, value: float) -> Verdict | None:
    low = spec.minimum is not None and value < spec.minimum
    high = spec.maximum is not None and value > spec.maximum
    if not (low or high):
        return None
    bounds = [f"at least {spec.minimum:g}" if spec.minimum is not None else ""]
    bounds.append(f"at most {spec.maximum:g}" if spec.maximum is not None else "")
    return f"must be {' and '.join(filter(None, bounds))}", "", None


def _numbers(spec: Parameter, value: Any) -> Verdict:
    items = value if isinstance(value, list | tuple) else [value]
    if not 0 < len(items) <= _MAX_LIST:
        return f"must be one number or a list of up to {_MAX_LIST}", "", None
    found = []
    for item in items:
        problem, remedy, number = _number(spec, item)
        if problem is not None:
            return problem, remedy, None
        found.append(number)
    if len(set(found)) < len(found):
        return "holds a number more than once", "Keep one of them.", None
    return None, "", found


def _texts(_spec: Parameter, value: Any) -> Verdict:
    items = value if isinstance(value, list | tuple) else [value]
    if not 0 < len(items) <= _MAX_TEXTS:
        return f"must be one text or a list of up to {_MAX_TEXTS}", "", None
    for item in items:
        problem = text_problem(item) if isinstance(item, str) else f"must be a text, and is {kind_of(item)}"
        if problem is not None:
            return problem, "", None
    if len(set(items)) < len(items):
        return "holds a text more than once", "Keep one of them.", None
    return None, "", list(items)


def _currency(_spec: Parameter, value: Any) -> Verdict:
    if not isinstance(value, str):
        return f"must be a currency code, and is {kind_of(value)}", "", None
    problem = currency_problem(value.upper())
    return problem, "Write a code such as EUR.", value.upper()


def _rates(_spec: Parameter, value: Any) -> Verdict:
    if not isinstance(value, Mapping):
        return f"must be an object of rates, and is {kind_of(value)}", 'Write {"EUR/USD": 1.08}.', None
    for pair, rate in value.items():
        codes = str(pair).split("/")
        if len(codes) != 2 or any(currency_problem(code) for code in codes):
            return f"names no pair of currencies: {quote(str(pair))}", "Write EUR/USD.", None
        if type(rate) not in {int, float} or not 0.0 < rate < 1e15:
            return f"needs a rate above zero for {quote(str(pair))}", "", None
    return None, "", {str(pair): float(rate) for pair, rate in value.items()}


_VERDICTS: dict[Kind, Callable[[Parameter, Any], Verdict]] = {
    Kind.TEXT: _text,
    Kind.FLAG: _flag,
    Kind.NUMBER: _number,
    Kind.INTEGER: _integer,
    Kind.NUMBERS: _numbers,
    Kind.TEXTS: _texts,
    Kind.CURRENCY: _currency,
    Kind.RATES: _rates,
}
