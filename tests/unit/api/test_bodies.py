import asyncio
from collections.abc import Iterable

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from api.bodies import CSV, JSON, check_content_type, check_encoding, check_length, read_body
from api.errors import BadRequestError
from services.errors import TooLargeError, UnsupportedTypeError
from tests.unit.api.exchange import app_of, chunks, client_of

LIMIT = 1000


async def _echo_length(request: Request) -> Response:
    return Response(str(len(await read_body(request, limit=LIMIT))))


def _post(parts: Iterable[bytes], **headers: str) -> httpx.Response:
    async def exchange() -> httpx.Response:
        async with client_of(app_of(_echo_length)) as client:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.post("/", content=chunks(parts), headers={"content-type": "application/json", **names})

    return asyncio.run(exchange())


def test_a_body_in_many_chunks_arrives_whole() -> None:
    assert _post([b"x" * 400, b"y" * 600]).text == "1000"


def test_the_byte_after_the_limit_is_refused() -> None:
    answer = _post([b"x" * 400, b"y" * 601])
    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/too-large"


def test_an_endless_body_is_left_at_the_limit() -> None:
    taken = 0

    def endless() -> Iterable[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 100

    assert _post(endless()).status_code == 413
    assert taken <= 12


def test_a_large_announcement_is_refused_before_a_byte_is_read() -> None:
    def never() -> Iterable[bytes]:
        yield pytest.fail("the body was read")

    assert _post(never(), content_length="209715200").status_code == 413


@pytest.mark.parametrize("given", ["", "text/plain", "application/jsonp", "multipart/form-data; boundary=x"])
def test_other_content_types_are_refused(given: str) -> None:
    with pytest.raises(UnsupportedTypeError):
        check_content_type(given, JSON)


@pytest.mark.parametrize(
    "given",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/merge-patch+json",
        'application/json;charset="utf-8"',
    ],
)
def test_json_is_read_under_its_names(given: str) -> None:
    check_content_type(given, JSON)


def test_csv_is_not_json() -> None:
    check_content_type("text/csv; header=present", CSV)
    with pytest.raises(UnsupportedTypeError):
        check_content_type("application/vnd.api+json", CSV)


def test_another_charset_is_refused() -> None:
    with pytest.raises(UnsupportedTypeError):
        check_content_type("application/json; charset=utf-16", JSON)


@pytest.mark.parametrize("given", ["br", "deflate", "gzip, gzip", "zstd"])
def test_other_encodings_are_refused(given: str) -> None:
    with pytest.raises(UnsupportedTypeError):
        check_encoding(given)


@pytest.mark.parametrize("given", ["", "identity", "gzip", "GZIP"])
def test_known_encodings_are_read(given: str) -> None:
    check_encoding(given)


def test_content_length_is_a_whole_number_within_the_limit() -> None:
    check_length(None, LIMIT)
    check_length("1000", LIMIT)
    with pytest.raises(TooLargeError):
        check_length("1001", LIMIT)
    for given in ("-1", "1e3", "²"):
        with pytest.raises(BadRequestError):
            check_length(given, LIMIT)
