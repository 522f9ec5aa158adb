"""The picture of a comparison: margins as they are, beside them at equal coverage where there is any."""

from typing import Any

from services.pictures import draw
from services.pictures.svg import PLAIN, SOLID
from tests.unit.services.pictures.test_charts import bars


def entry(label: str, margin: float | None, level: float | None, **more: Any) -> dict[str, Any]:
    return {
        "label": label,
        "initial_margin": margin,
        "error": None,
        "coverage": {"problem": None, "coverage": 0.984, "observations": 250},
        "at_equal_coverage": {"margin": level, "saving_against_base": None},
        **more,
    }


def result(*entries: dict[str, Any]) -> dict[str, Any]:
    head = {"currency": "USD", "as_of": "2026-01-30", "model": "house, fhs", "version": "1.0, emir"}
    return {**head, "figure": "initial_margin", "confidence": 0.99, "entries": list(entries)}


def test_each_model_has_its_margin_and_its_level_to_scale() -> None:
    saving = {"margin": 50.0, "saving_against_base": 0.5}
    picture = draw("compare", result(entry("house", 200.0, 100.0), entry("fhs", 40.0, 50.0, at_equal_coverage=saving)))
    drawn = [one for one in bars(picture) if float(one["width"]) > 20.0]
    assert [one["fill"] for one in drawn] == [SOLID, PLAIN, SOLID, PLAIN]
    scale = float(drawn[0]["width"]) / 200.0
    assert [round(float(one["width"]) / scale) for one in drawn] == [200, 100, 40, 50]
    for words in ("at 0.99 coverage", "Covers 98.4% of 250 dates; at equal coverage 50.0% less", "USD", "2026-01-30"):
        assert words in picture


def test_without_coverage_there_is_one_bar_and_the_reason() -> None:
    problem = {"problem": "No price history of A, B.", "tests": None}
    picture = draw("compare", result(*(entry(name, 10.0, None, coverage=problem) for name in ("house", "fhs"))))
    assert "No coverage: No price history of A, B." in picture
    assert "at 0.99 coverage" not in picture
    assert "less" not in picture


def test_a_model_that_refuses_says_why() -> None:
    refused = entry("fhs", None, None, error={"detail": "It is no eligible product <b>." + "x" * 200})
    picture = draw("compare", result(entry("house", 10.0, 5.0), refused))
    assert "It is no eligible product &lt;b&gt;." in picture
    assert "x" * 120 not in picture
    assert picture.count("undefined") == 2
