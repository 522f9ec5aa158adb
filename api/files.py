"""Files of positions as bodies: which media types they have, and what the query says of them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import Request
from starlette.datastructures import QueryParams

from api.bodies import BODY_LIMIT, FILE_LIMIT, JSON, Body, read_body
from api.examples import POSITIONS
from core.errors import Fault
from services.errors import InvalidInputError, UnparsableError, UnsupportedTypeError
from services.intake.files import FileOptions, Format
from services.intake.files.given import file_options, head, json_value, pairs
from services.intake.files.numerals import Decimal

_CSV, _PARQUET = "text/csv", "application/vnd.apache.parquet"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = {
    _CSV: Format.CSV,
    "text/tab-separated-values": Format.CSV,
    _PARQUET: Format.PARQUET,
    "application/x-parquet": Format.PARQUET,
    _XLSX: Format.XLSX,
}
_MACROS = ("application/vnd.ms-excel.sheet.macroenabled.12", "application/vnd.ms-excel")
_WORDS = {"true": True, "false": False}
_BINARY = {"type": "string", "format": "binary"}

FILE = {
    "map": "Columns of fields over the guess: `quantity=Position,price=Last`, or JSON; `#3`: the third; `-`: none.",
    "set": "The portfolio's own fields: `currency=USD,as_of=2026-01-31`, or a JSON object with `fx`, `collateral` too.",
    "fill": "What stands in the blank cells of a field: `asset_class=equity`, or a JSON object.",
    "accept_partial": "`true`: take the rows that can be taken; the result says under `input` which were left out.",
    "only": "The one portfolio to take of a file that holds several.",
    "sheet": "The worksheet of a workbook; default: the first.",
    "encoding": "The encoding of a CSV: `utf-8`, `latin-1`, `cp1252`, `utf-16-le`, `utf-16-be`.",
    "delimiter": "What cuts a CSV: `comma`, `semicolon`, `tab` or `pipe`; default: what cuts its header.",
    "decimal": f"How numbers are written: {', '.join(f'`{one}`' for one in Decimal)} (1234.5, 1,234.5, 1.234,5).",
}
"""The query parameters that say how a file is to be read."""

JOB = {
    "measure": "The measure.",
    "parameters": "Its parameters, a JSON object.",
    "device": "The hardware asked for.",
    "fallback": "`true`: cpu where that hardware is missing.",
    "lane": "`rt` or `bulk`.",
    "deadline_seconds": "Seconds after which the job fails.",
    "max_attempts": "Attempts before it is a dead letter.",
}
ANALYSIS = {name: words for name, words in JOB.items() if name != "measure"}
MARGIN = {
    "parameters": JOB["parameters"],
    "optimize": "`false`: without the offsets.",
    "include_stress_test": "As in the JSON body.",
}
"""The fields of a JSON body that stand in the query where the body is a file."""


def described(
    extra: Mapping[str, Any], fields: Mapping[str, str] | None = None, *, given: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return a route's `openapi_extra` with the media types of files and the query that goes with them.

    `given` is the query with which the example of a CSV can be sent as it is; None where it needs more than that.
    """
    request = extra["requestBody"]
    shown = {"positions": {"summary": "positions", "value": POSITIONS}} if given is not None else _elsewhere("csv")
    content = {
        **request["content"],
        _CSV: {"schema": {"type": "string"}, "examples": shown},
        _PARQUET: {"schema": _BINARY, "examples": _elsewhere("parquet")},
        _XLSX: {"schema": _BINARY, "examples": _elsewhere("xlsx")},
    }
    query = [
        _parameter(name, f"With a file as the body: {words}", (given or {}).get(name))
        for name, words in {**FILE, **(fields or {})}.items()
    ]
    return {
        **extra,
        "requestBody": {**request, "content": content},
        "parameters": [*extra.get("parameters", ()), *query],
    }


def _elsewhere(ending: str) -> dict[str, Any]:
    return {"positions": {"summary": "positions", "externalValue": f"examples/positions.{ending}"}}


def _parameter(name: str, words: str, example: str | None) -> dict[str, Any]:
    found = {"name": name, "in": "query", "required": False, "schema": {"type": "string"}, "description": words}
    return found if example is None else {**found, "example": example}


async def read_content(request: Request, fields: Mapping[str, str] | None = None) -> Body:
    """Return the body: JSON as it is, or a file with what the query says of it, judged before a byte is read."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media in _MACROS:
        raise UnsupportedTypeError("Old workbooks and those with macros are not read.", remedy="Save it as .xlsx.")
    format_ = FORMATS.get(media)
    if format_ is None:
        _refuse_query(request.query_params, fields or {})
        return await read_body(request, accept=JSON, limit=BODY_LIMIT, more=tuple(FORMATS))
    options = _options(request.query_params, format_)
    given = _fields(request.query_params, fields or {})
    body = await read_body(request, accept=tuple(FORMATS), limit=FILE_LIMIT)
    return replace(body, options=options, fields=given)


def at_address(body: Body, portfolio_id: str) -> Body:
    """Return a body whose file holds the one portfolio that the address names."""
    if body.options is None:
        return body
    return replace(body, options=replace(body.options, address=portfolio_id))


def _refuse_query(query: QueryParams, fields: Mapping[str, str]) -> None:
    """Refuse what only a file needs: beside JSON it would be dropped."""
    faults = [
        Fault(column=name, detail=f"The query parameter {name!r} is for a body that is a file.", remedy="Leave it out.")
        for name in (*FILE, *fields)
        if name in query
    ]
    if faults:
        raise InvalidInputError(faults)


def _options(query: QueryParams, format_: Format) -> FileOptions:
    return file_options(
        format_,
        columns=pairs("map", query.get("map")),
        head=head(query.get("set")),
        fill=pairs("fill", query.get("fill")),
        accept_partial=_flag("accept_partial", query.get("accept_partial", "false")),
        **{name: query.get(name) for name in ("only", "sheet", "encoding", "delimiter", "decimal")},
    )


def _flag(name: str, text: str) -> bool:
    if text.lower() not in _WORDS:
        raise InvalidInputError([Fault(column=name, detail=f"{name} must be true or false.", remedy=f"{name}=true")])
    return _WORDS[text.lower()]


def _fields(query: QueryParams, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of the request as JSON has them: numbers, flags and objects as such."""
    found: dict[str, Any] = {}
    for name in fields:
        if name in query:
            text = query[name]
            found[name] = text if name in {"measure", "device", "lane"} else _json(name, text)
    return found


def _json(name: str, text: str) -> Any:
    try:
        return json_value(text)
    except UnparsableError:
        fault = Fault(column=name, detail=f"{name} is no JSON value.", remedy=f'Such as {name}={{"model": "house"}}.')
        raise InvalidInputError([fault]) from None
