"""Schemas of the request bodies, written from the tables that `services.intake` reads with."""

from typing import Any

from api import parameter_set_schemas as parameter_sets
from compute.margin.models import MODELS
from compute.measures import MEASURES
from compute.parameters import Kind, Parameter
from core.names import Device, Lane, Measure
from services.intake.entries import MAX_LABEL
from services.intake.fields import (
    COLLATERAL_TYPES,
    MAX_POSITIONS,
    MAX_TEXT,
    NUMBERS,
    TEXTS,
    NumberField,
    TextField,
    TextKind,
)

Schema = dict[str, Any]
_FORMATS: dict[TextKind, Schema] = {
    TextKind.FREE: {"maxLength": MAX_TEXT},
    TextKind.WORD: {},
    TextKind.DATE: {"format": "date"},
    TextKind.CURRENCY: {"pattern": "^[A-Z0-9]{3,5}$"},
}
_KINDS: dict[Kind, Schema] = {
    Kind.TEXT: {"type": "string"},
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.FLAG: {"type": "boolean"},
    Kind.NUMBERS: {"oneOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}, "uniqueItems": True}]},
    Kind.TEXTS: {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "uniqueItems": True}]},
    Kind.CURRENCY: {"type": "string", "pattern": "^[A-Z0-9]{3,5}$"},
    Kind.RATES: {"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0}},
    Kind.BASKET: {"type": "object"},
    Kind.MODELS: {
        "oneOf": [
            {"type": "string"},
            {"type": "array", "items": {"oneOf": [{"type": "string"}, {"$ref": "#/components/schemas/ComparedModel"}]}},
        ]
    },
    Kind.STRUCTURE: {"type": "object"},
}


def ref(name: str) -> Schema:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(properties: Schema, required: tuple[str, ...] = (), **more: Any) -> Schema:
    """Return the schema of an object that knows all its fields."""
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False, **more}
    return {**found, "required": list(required)} if required else found


def _text(field: TextField) -> Schema:
    words = {"enum": list(field.words)} if field.words else {}
    return {"type": "string", **_FORMATS[field.kind], **words}


def _number(field: NumberField) -> Schema:
    low = "exclusiveMinimum" if field.above else "minimum"
    return {"type": "number", low: field.minimum, "maximum": field.maximum}


def _parameter(parameter: Parameter) -> Schema:
    found: Schema = {**_KINDS[parameter.kind], "description": parameter.doc, "default": parameter.default}
    bounds = {"minimum": parameter.minimum, "maximum": parameter.maximum, "enum": list(parameter.choices) or None}
    return found | {name: value for name, value in bounds.items() if value is not None}


def _position() -> Schema:
    texts = {name: _text(field) for name, field in TEXTS.items()}
    numbers = {name: _number(field) for name, field in NUMBERS.items()}
    required = [name for name, field in TEXTS.items() if field.required]
    required += [name for name, field in NUMBERS.items() if field.required]
    numbers["price"]["description"] = "Price of one unit; left out, the stored price of the symbol is used."
    numbers["market_value"]["description"] = "Alias of `price`, for old clients: the price of one unit."
    return record({"id": {"type": "string", "maxLength": MAX_TEXT}, **texts, **numbers}, ("id", *required))


def _portfolio() -> Schema:
    money = {"type": "number"}
    return record(
        {
            "id": {"type": "string", "maxLength": MAX_TEXT},
            "name": {"type": "string", "maxLength": MAX_TEXT},
            "positions": {"type": "array", "maxItems": MAX_POSITIONS, "items": ref("Position")},
            "available_cash": money,
            "currency": {"type": "string", "default": "USD", **_FORMATS[TextKind.CURRENCY]},
            "leverage_ratio": {"type": ["number", "null"]},
            "as_of": {"type": "string", "format": "date"},
            "fx": {"type": "object", "additionalProperties": money, "description": 'For example {"EUR/USD": 1.08}.'},
            "rates": {"type": "object", "additionalProperties": money, "description": "Continuous, decimal a year."},
            "collateral": record(dict.fromkeys(COLLATERAL_TYPES, money)),
            "account_type": {"type": ["string", "null"]},
            "notes": {"type": "object", "description": "How a file of positions was read; results say it as `input`."},
        },
        ("id", "positions"),
    )


def _job() -> Schema:
    return record(
        {
            "measure": {"type": "string", "enum": [measure.value for measure in Measure]},
            "portfolio": ref("Portfolio"),
            "portfolio_id": {"type": "string"},
            "crif": {"type": "string", "description": "A CRIF file as text, for the models that take one."},
            "parameters": {"anyOf": [ref(name) for name in sorted(_parameter_schemas())]},
            "device": {"type": "string", "enum": [device.value for device in Device], "default": "auto"},
            "fallback": {"type": "boolean", "default": False},
            "lane": {"type": "string", "enum": [lane.value for lane in Lane], "default": "rt"},
            "deadline_seconds": {"type": "number", "default": 600},
            "max_attempts": {"type": "integer", "minimum": 1, "maximum": 10, "default": 3},
        },
        ("measure",),
    )


def _analysis() -> Schema:
    job = _job()
    properties = {name: value for name, value in job["properties"].items() if name != "measure"}
    return record(properties)


_MARGIN = "Parameters_margin"


def _parameter_schemas() -> dict[str, Schema]:
    """Return the parameters of every measure, and of every model where it has several."""
    return {
        "_".join(filter(None, ("Parameters", name, model))): record(
            {key: _parameter(item) for key, item in spec.parameters.items()}
        )
        for name, measure in sorted(MEASURES.items())
        for model, spec in measure.variants()
    }


def components() -> dict[str, Schema]:
    """Return every schema that a request body refers to."""
    flag = {"type": "boolean"}
    price = record({"price": {"type": "number"}, "as_of": {"type": "string", "format": "date-time"}}, ("price",))
    schedule = {
        "name": {"type": "string"},
        "measure": {"type": "string", "enum": [measure.value for measure in Measure]},
        "portfolio_ids": {"type": "array", "items": {"type": "string"}},
        "parameters": {"type": "object"},
        "every_seconds": {"type": "number", "minimum": 1},
        "aligned": flag,
        "misfire": {"type": "string", "enum": ["skip", "run_once"]},
        "enabled": flag,
    }
    return {
        "Position": _position(),
        "Portfolio": _portfolio(),
        **_parameter_schemas(),
        "JobRequest": _job(),
        "AnalysisRequest": _analysis(),
        "ComparedModel": record(
            {
                "model": {"type": "string", "enum": sorted(MODELS)},
                "parameters": {"type": "object", "description": "As those of the measure margin for this model."},
                "label": {"type": "string", "maxLength": MAX_LABEL},
            },
            ("model",),
        ),
        "MarginRequest": record(
            {
                "portfolio": ref("Portfolio"),
                "portfolio_id": {"type": "string", "description": "A stored portfolio in place of `portfolio`."},
                "parameters": {
                    "anyOf": [
                        ref(name) for name in sorted(_parameter_schemas()) if name.startswith("Parameters_margin")
                    ]
                },
                "optimize": {**flag, "default": True},
                "include_stress_test": {**flag, "default": False},
            }
        ),
        "StressTestRequest": record(
            {
                "portfolio": ref("Portfolio"),
                "portfolio_id": {"type": "string", "description": "A stored portfolio in place of `portfolio`."},
                "scenarios": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
                "parameters": {
                    "anyOf": [
                        ref(name) for name in sorted(_parameter_schemas()) if name.startswith("Parameters_stress")
                    ]
                },
            }
        ),
        "Prices": record({"prices": {"type": "object", "additionalProperties": price}}, ("prices",)),
        "Schedule": record(schedule, ("name", "measure", "portfolio_ids")),
        **parameter_sets.SCHEMAS,
        "Tenant": record({"id": {"type": "string"}, "name": {"type": "string"}}, ("id",)),
    }


def body(schema: str, *, media: str = "application/json", required: bool = True, **examples: Any) -> Schema:
    """Return what a route's `openapi_extra` says of its body; every example is executed by a test."""
    shown = {name: {"summary": name.replace("_", " "), "value": value} for name, value in examples.items()}
    described = {"type": "string"} if schema == "text" else ref(schema)
    return {"requestBody": {"required": required, "content": {media: {"schema": described, "examples": shown}}}}


def header(name: str, description: str) -> Schema:
    """Return one request header of a route."""
    return {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": description}


IDEMPOTENCY = header("Idempotency-Key", "Same key and body: the same answer, and nothing takes effect twice.")
PREFER = header("Prefer", "`wait=N` holds the answer up to N seconds; `respond-async` does not wait.")
