import json
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as cli
from benchmarks.harness import Line, Race, check_line, compare, figure, met, race

FAST = Race(ours_ms=1.0, peer_ms=20.0)


def test_ratio_is_peer_over_ours() -> None:
    line = compare("x", FAST, peer="numpy", target_ratio=18, error=0.0)
    assert line["ratio"] == 20.0
    assert met(line) is True
    assert met({**line, "target_ratio": 21}) is False
    assert met({**line, "target_ratio": None}) is None


@pytest.mark.parametrize(("sense", "value", "expected"), [("max", 4, True), ("max", 5, False), ("min", 5, True)])
def test_figures_know_their_sense(sense: str, value: float, expected: bool) -> None:
    line = figure("x", "p50", value, unit="ms", limit=4 if sense == "max" else 5, sense=sense)  # type: ignore[arg-type]
    assert met(line) is expected


def test_a_line_without_its_fields_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks target_ratio, error"):
        check_line({"name": "x", "ours_ms": 1.0, "peer": "p", "peer_ms": 1.0, "ratio": 1.0})


def test_race_interleaves_after_a_warm_up() -> None:
    calls: list[str] = []

    def peer() -> None:
        calls.append("peer")
        time.sleep(0.002)

    timed = race(lambda: calls.append("ours"), peer, rounds=3, warm_up=1)
    assert calls == ["ours", "peer"] * 4
    assert timed.peer_ms > timed.ours_ms


def good() -> Iterator[Line]:
    yield compare("good", FAST, peer="numpy", target_ratio=30, error=1e-7)
    yield figure("good", "rss", 3.0, unit="MB", limit=None, sense="max")


def broken() -> Iterator[Line]:
    yield from ()
    raise RuntimeError("the peer is not installed")


@pytest.fixture
def two_benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = {"good": good, "broken": broken}
    monkeypatch.setattr(cli, "load", lambda name: SimpleNamespace(run=modules[name], __doc__="One line.\nMore."))
    monkeypatch.setattr(cli, "names", lambda: list(modules))


@pytest.mark.usefixtures("two_benchmarks")
def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["good", "--json"]) == 0
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [line["name"] for line in lines] == ["good", "good"]


@pytest.mark.usefixtures("two_benchmarks")
def test_a_missed_target_is_said_and_a_broken_benchmark_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["all"]) == 1
    captured = capsys.readouterr()
    assert "MISSED" in captured.out
    assert "no target" in captured.out
    assert "the peer is not installed" in captured.err
    assert "These benchmarks failed: broken." in captured.err


@pytest.mark.usefixtures("two_benchmarks")
def test_list_names_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list"]) == 0
    assert "good" in capsys.readouterr().out
    assert cli.main(["list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0]) == {"name": "good", "summary": "One line."}
