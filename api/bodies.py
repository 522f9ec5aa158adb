"""Request bodies as raw bytes: counted while they stream in, never buffered beyond the limit."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from api.errors import BadRequestError, BodyTooSlowError
from services.errors import TooLargeError, UnsupportedTypeError
from services.intake.files import FileOptions, Format, Rows
from services.intake.gunzip import gunzip

BODY_LIMIT = 64 * 1024 * 1024
FILE_LIMIT = 256 * 1024 * 1024
JSON = ("application/json",)
CSV = ("text/csv",)
_SECONDS = 60.0
_PACKED = 10
_PACE = {Format.CSV: 2, Format.PARQUET: 8, Format.XLSX: 60}
"""How much longer a byte of a format takes to read than one of JSON, at most; a workbook unpacks to many of them."""


@dataclass(frozen=True, kw_only=True)
class Body:
    """A body as it came over the wire."""

    data: bytes
    packed: bool = False
    limit: int = BODY_LIMIT
    options: FileOptions | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.data)

    def plain(self) -> bytes:
        """Return the content, unpacked within the limit; call it in a service thread."""
        return gunzip(self.data, limit=self.limit) if self.packed else self.data

    def content(self) -> bytes | Rows:
        """Return the content with what the query says of it, where it is a file; call it in a service thread."""
        if self.options is None:
            return self.plain()
        return Rows(body=self.plain(), options=self.options, fields=self.fields)

    @property
    def weight(self) -> int:
        """The bytes of JSON that take as long to read."""
        pace = 1 if self.options is None else _PACE[self.options.format]
        return len(self.data) * pace * (_PACKED if self.packed else 1)


EMPTY = Body(data=b"")


async def read_body(
    request: Request, *, accept: tuple[str, ...] = JSON, limit: int = BODY_LIMIT, more: tuple[str, ...] = ()
) -> Body:
    """Return the body as sent, gzip still packed; raise what is wrong with its type, encoding, size or pace.

    `more` names what the route reads beside `accept`, for the refusal alone.
    """
    check_content_type(request.headers.get("content-type", ""), accept, more)
    check_encoding(request.headers.get("content-encoding", ""))
    check_length(request.headers.get("content-length"), limit)
    try:
        async with asyncio.timeout(_SECONDS):
            return Body(data=await _collect(request, limit), packed=is_gzip(request), limit=limit)
    except TimeoutError:
        raise BodyTooSlowError(f"The body was not complete after {_SECONDS:.0f} s.") from None
    except ClientDisconnect:
        raise BadRequestError("The connection was closed before the body was complete.") from None


async def read_optional_body(request: Request) -> Body:
    """Return the JSON body, or nothing where none was sent: then no content type is asked for."""
    if request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
        return EMPTY
    return await read_body(request)


async def _collect(request: Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def is_gzip(request: Request) -> bool:
    """Return whether the body came packed."""
    return request.headers.get("content-encoding", "").strip().lower() in {"gzip", "x-gzip"}


def check_content_type(given: str, accept: tuple[str, ...], more: tuple[str, ...] = ()) -> None:
    """Refuse a media type that the route does not read, or a charset other than UTF-8."""
    media, _, parameters = given.partition(";")
    name = media.strip().lower()
    if name not in accept and not (accept == JSON and name.startswith("application/") and name.endswith("+json")):
        raise UnsupportedTypeError(
            f"The route reads {' or '.join((*accept, *more))}.", remedy=f"Send the header Content-Type: {accept[0]}."
        )
    for parameter in parameters.lower().split(";"):
        word, _, charset = parameter.partition("=")
        if word.strip() == "charset" and charset.strip().strip('"') not in {"utf-8", "utf8", "us-ascii"}:
            raise UnsupportedTypeError(
                "The body must be UTF-8.",
                remedy=f"Send the header Content-Type: {accept[0]}; of a CSV say its encoding in the query: encoding=…",
            )


def check_encoding(given: str) -> None:
    """Refuse a Content-Encoding other than identity and gzip, stacked ones too."""
    if given.strip().lower() not in {"", "identity", "gzip", "x-gzip"}:
        raise UnsupportedTypeError(
            "The Content-Encoding is not supported.", remedy="Send the body plain or with Content-Encoding: gzip."
        )


def check_length(given: str | None, limit: int) -> None:
    """Refuse a body that announces more than the limit, before a byte of it is read."""
    if given is None:
        return
    if not given.isdecimal():
        raise BadRequestError("Content-Length is not a whole number.")
    if int(given) > limit:
        raise too_large(limit)


def too_large(limit: int) -> TooLargeError:
    """Return the error that names a limit."""
    return TooLargeError(f"The body may have at most {limit // (1024 * 1024)} MiB.", limit_bytes=limit)
