"""Answers: JSON by msgspec, which refuses what JSON cannot hold; entity tags."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from api.errors import BadRequestError

_encoder = msgspec.json.Encoder()
_ETAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e]*)"')


def answer(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a document as JSON."""
    return raw_answer(_encoder.encode(document), status, headers)


def raw_answer(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return JSON that is already encoded."""
    return Response(body, status, headers=dict(headers or {}), media_type="application/json")


def etag(version: int) -> str:
    """Return the strong entity tag of a version."""
    return f'"{version}"'


def tags_in(header: str | None) -> frozenset[str] | None:
    """Return the opaque tags of an If-Match or If-None-Match header, `{"*"}` for any, None where there is none."""
    if header is None:
        return None
    if header.strip() == "*":
        return frozenset({"*"})
    tags = _ETAG.findall(header)
    if not tags or _ETAG.sub("", header).strip(" ,\t"):
        raise BadRequestError('An entity tag is written in double quotes, for example If-Match: "3".')
    return frozenset(tags)
