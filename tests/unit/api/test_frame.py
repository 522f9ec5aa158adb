import asyncio
import re

import pytest
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from api.errors import UncertainError
from api.frame import Frame, request_id_of, trace_of
from api.threads import Crew, Turnstile
from services.errors import OverloadError
from tests.unit.api.exchange import app_of, client_of


async def _broken(_request: Request) -> Response:
    raise ZeroDivisionError("password=hunter2")


def test_what_nobody_expected_is_a_problem_that_tells_nothing() -> None:
    seen: list[tuple[str, str, int, float]] = []

    async def exchange() -> tuple[int, dict[str, str], str]:
        app = app_of(_broken)
        app.add_middleware(Frame, observe=lambda *facts: seen.append(facts))
        async with client_of(app) as client:
            answer = await client.get("/")
            return answer.status_code, dict(answer.headers), answer.text

    status, headers, text = asyncio.run(exchange())
    assert status == 500
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-frame-options"] == "DENY"
    assert "hunter2" not in text
    assert seen[0][2] == 500


@pytest.mark.parametrize(
    "given", ["", "nonsense", f"00-{'0' * 32}-{'1' * 16}-01", f"00-{'A' * 32}-{'1' * 16}-01", "00-\n-x-01"]
)
def test_a_traceparent_that_is_none_is_replaced(given: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", trace_of(Headers({"traceparent": given})))


def test_a_sound_traceparent_goes_on() -> None:
    assert trace_of(Headers({"traceparent": f"00-{'a' * 32}-{'1' * 16}-01"})) == "a" * 32


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "ü", 'a"b', "a\r\nb"])
def test_a_request_id_that_could_harm_a_log_is_replaced(given: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", request_id_of(Headers({"x-request-id": given})))


def test_a_call_beyond_its_deadline_is_answered_uncertain_and_the_crew_goes_on() -> None:
    async def exchange() -> int:
        released = asyncio.Event()
        loop = asyncio.get_running_loop()
        crew = Crew(2)

        def hang() -> None:
            asyncio.run_coroutine_threadsafe(released.wait(), loop).result()

        with pytest.raises(UncertainError):
            await crew.run_within(0.05, hang)
        found = await crew.run(lambda: 7)
        released.set()
        await crew.close()
        return found

    assert asyncio.run(exchange()) == 7


def test_the_one_too_many_is_refused_and_a_place_is_given_back() -> None:
    turnstile = Turnstile(1, "calculations")
    with turnstile.enter(), pytest.raises(OverloadError), turnstile.enter():
        pass
    with turnstile.enter():
        assert turnstile.inside == 1
    assert turnstile.inside == 0
