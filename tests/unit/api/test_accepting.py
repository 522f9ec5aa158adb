"""Which of JSON and SVG a caller would rather have."""

import pytest
from fastapi import Request

from api.accepting import wants_picture


@pytest.mark.parametrize(
    ("accept", "picture"),
    [
        (None, False),
        ("*/*", False),
        ("application/json", False),
        ("image/svg+xml", True),
        ("image/svg+xml;q=0.5, application/json", False),
        ("application/json;q=0.5, IMAGE/SVG+XML", True),
        ("text/html, image/svg+xml;q=0", False),
        ("image/*", True),
        ("image/svg+xml;q=x", False),
    ],
)
def test_wants_picture(accept, picture):
    headers = [] if accept is None else [(b"accept", accept.encode())]
    assert wants_picture(Request({"type": "http", "headers": headers})) is picture
