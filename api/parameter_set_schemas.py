"""Bodies of the routes of parameter sets: their schemas and worked examples."""

from typing import Any

from compute.margin.sets import MODELS, packaged_document

_DATE = {"type": "string", "format": "date"}
_VERSION = {"type": "integer", "minimum": 1, "description": "Default: the newest."}
_REASON = {"type": "string", "maxLength": 1000}
_MODEL = {"type": "string", "enum": list(MODELS)}

SCHEMAS: dict[str, dict[str, Any]] = {
    "ParameterSet": {
        "type": "object",
        "properties": {
            "model": _MODEL,
            "document": {"type": "object", "description": "The whole set, in the schema of the model's packaged ones."},
            "note": _REASON,
        },
        "required": ["model", "document"],
        "additionalProperties": False,
    },
    "ParameterSetStep": {
        "type": "object",
        "properties": {"version": _VERSION, "reason": _REASON},
        "additionalProperties": False,
    },
    "ParameterSetActivation": {
        "type": "object",
        "properties": {
            "version": {**_VERSION, "description": "Default: the newest approved one."},
            "active_from": {**_DATE, "description": "Default: today, in UTC; never earlier."},
            "reason": _REASON,
        },
        "additionalProperties": False,
    },
    "ParameterSetRollBack": {
        "type": "object",
        "properties": {
            "model": _MODEL,
            "to": {
                "type": "string",
                "description": "NAME@VERSION or packaged@VERSION; default: what was active before.",
            },
            "active_from": {**_DATE, "description": "Default: today, in UTC; never earlier."},
            "reason": _REASON,
        },
        "required": ["model"],
        "additionalProperties": False,
    },
    "ParameterSetPreview": {
        "type": "object",
        "properties": {
            "version": _VERSION,
            "against": {"type": "string", "description": "NAME@VERSION, packaged@VERSION or active (the default)."},
            "parameters": {"type": "object", "description": "Other parameters of the model, such as `mpor_days`."},
            "deadline_seconds": {"type": "number"},
        },
        "additionalProperties": False,
    },
}

DRAFT = {
    "model": "schedule",
    "document": {**packaged_document("schedule", "bcbs-iosco-2015"), "version": "desk-2027", "net_share": 0.5},
    "note": "Our own share of the gross margin.",
}
STEP = {"version": 1, "reason": "Agreed in the risk committee."}
ACTIVATION = {"version": 1, "active_from": "2099-01-01", "reason": "With the new year."}
ACTIVATION_NOW = {"reason": "Agreed in the risk committee."}
ROLL_BACK = {"model": "schedule", "reason": "Too high for small books."}
PREVIEW = {"version": 1}
