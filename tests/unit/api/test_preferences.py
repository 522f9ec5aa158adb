import pytest
from starlette.requests import Request

from api.preferences import LONGEST_WAIT, Preference, preference_of


def _request(*lines: str) -> Request:
    headers = [(b"prefer", line.encode()) for line in lines]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers})


@pytest.mark.parametrize(
    ("lines", "wait", "respond_async"),
    [
        ((), None, False),
        (("wait=5",), 5.0, False),
        (("respond-async, wait=10",), 10.0, True),
        (("respond-async", "wait=2"), 2.0, True),
        (("Wait=7; foo=bar",), 7.0, False),
        (('wait="3"',), 3.0, False),
        (("wait=0.5",), 0.5, False),
        (("wait=1, wait=9",), 1.0, False),
        (("wait=99999",), LONGEST_WAIT, False),
        (("wait=soon, handling=lenient, wait=-1",), None, False),
    ],
)
def test_prefer(lines: tuple[str, ...], wait: float | None, respond_async: bool) -> None:
    assert preference_of(_request(*lines)) == Preference(wait=wait, respond_async=respond_async)


def test_what_was_applied_is_echoed() -> None:
    assert Preference().headers == {}
    assert Preference(wait=5.0, respond_async=True).headers == {"Preference-Applied": "respond-async, wait=5"}
