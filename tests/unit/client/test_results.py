"""Results as numpy columns, and the reading of event streams."""

import subprocess
import sys

import numpy as np

from client import columns, tables
from client.events import read_events


def test_lists_of_objects_become_columns() -> None:
    result = {
        "currency": "USD",
        "empty": [],
        "plain": [1, 2],
        "positions": [{"id": "a", "margin": 1.5, "on": True}, {"id": "b", "margin": None, "on": False, "late": 2}],
    }
    found = tables(result)
    assert set(found) == {"positions"}
    np.testing.assert_array_equal(found["positions"]["margin"], [1.5, np.nan])
    np.testing.assert_array_equal(found["positions"]["late"], [np.nan, 2.0])
    assert found["positions"]["id"].tolist() == ["a", "b"]
    assert found["positions"]["on"].tolist() == [True, False]


def test_columns_of_nothing_are_nothing() -> None:
    assert columns([]) == {}


def test_events_follow_the_stream_format() -> None:
    lines = [": hi", "id: 7", "event: state", 'data: {"a":', "data: 1}", "", "data: [1]", "", "data: 5", "retry: 10"]
    events = list(read_events(lines))
    assert [(event.id, event.name, dict(event.data)) for event in events] == [
        ("7", "state", {"a": 1}),
        ("7", "message", {"value": [1]}),
    ]


def test_the_client_loads_neither_numpy_nor_the_house() -> None:
    rooms = ("numpy", "core", "compute", "services", "storage", "workers", "embedded")
    code = f"import sys, client; print([name for name in {rooms!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
