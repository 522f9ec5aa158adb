"""Pictures: bars in proportion, told apart without colour, everything from outside escaped."""

import re
from xml.etree import ElementTree

import pytest

from services.errors import NotAcceptableError
from services.pictures import draw
from services.pictures.charts import Group, Step, side_by_side, waterfall
from services.pictures.svg import HATCHED, PLAIN, SOLID

SVG = "{http://www.w3.org/2000/svg}"


def bars(picture: str) -> list[dict[str, str]]:
    root = ElementTree.fromstring(picture)  # noqa: S314 -- drawn here a moment ago
    return [one.attrib for one in root.iter(f"{SVG}rect") if one.get("stroke") and float(one.attrib["height"]) > 12]


def test_a_waterfall_carries_each_bar_on_from_the_one_before():
    steps = [
        Step(label="gross", amount=100.0, is_total=True),
        Step(label="offset", amount=-40.0),
        Step(label="add-on", amount=10.0),
        Step(label="margin", amount=70.0, is_total=True),
    ]
    gross, offset, add_on, margin = bars(waterfall("t", "a", steps, unit="USD"))
    scale = float(gross["width"]) / 100.0
    assert [round(float(one["width"]) / scale, 1) for one in (offset, add_on, margin)] == [40.0, 10.0, 70.0]
    assert float(offset["x"]) == pytest.approx(float(gross["x"]) + 60.0 * scale, abs=0.2)
    assert float(add_on["x"]) == pytest.approx(float(offset["x"]), abs=0.2)
    assert [one["fill"] for one in (gross, offset, add_on, margin)] == [SOLID, HATCHED, PLAIN, SOLID]


def test_amounts_below_zero_lie_left_of_zero():
    (below,) = bars(waterfall("t", "a", [Step(label="x", amount=-5.0, is_total=True)], unit="USD"))
    (above,) = bars(waterfall("t", "a", [Step(label="x", amount=5.0, is_total=True)], unit="USD"))
    assert float(below["x"]) + float(below["width"]) == pytest.approx(
        float(above["x"]) + float(above["width"]), abs=0.2
    )


def test_an_undefined_amount_has_a_word_and_no_bar():
    picture = side_by_side("t", "a", ("before", "after"), [Group(label="x", amounts=(None, 3.0))], unit="USD")
    assert "undefined" in picture
    assert len(bars(picture)) == 1


def test_names_from_outside_stay_text():
    picture = waterfall("<script>", "a & b", [Step(label="</svg>", amount=1.0, is_total=True)], unit="<b>")
    assert "<script>" not in picture
    title = ElementTree.fromstring(picture).find(f"{SVG}title")  # noqa: S314 -- drawn here a moment ago
    assert title is not None
    assert title.text == "<script>"


def test_nothing_but_black_white_and_grey():
    picture = waterfall("t", "a", [Step(label="x", amount=1.0), Step(label="y", amount=-1.0)], unit="USD")
    colours = {colour.strip("#") for colour in re.findall(r"#[0-9a-f]{3,6}\b", picture)}
    assert all(len(set(colour)) == 1 for colour in colours)


def test_what_if_shows_both_sides_and_the_broken_limit():
    result = {
        "currency": "USD",
        "as_of": "2026-01-30",
        "model": "house",
        "version": "1.0",
        "before": {"initial_margin": 10.0, "utilization": 0.1},
        "after": {"initial_margin": 20.0, "utilization": 0.2},
        "limits": [{"passed": False, "reason": "initial_margin is 20, above 15 by 5."}],
        "passed": False,
    }
    picture = draw("whatif", result, portfolio_id="book")
    assert len(bars(picture)) == 2
    assert "above 15 by 5" in picture
    assert "as of 2026-01-30" in picture


def test_an_explanation_begins_and_ends_on_zero():
    result = {
        "currency": "USD",
        "as_of": "2026-01-30",
        "model": "house",
        "version": "1.0",
        "figure": "initial_margin",
        "waterfall": [
            {"step": "gross", "amount": 10.0, "running": 10.0},
            {"step": "netting", "amount": -4.0, "running": 6.0},
            {"step": "total", "amount": 6.0, "running": 6.0},
        ],
    }
    fills = [one["fill"] for one in bars(draw("explain", result))]
    assert fills == [SOLID, HATCHED, SOLID]


def test_a_measure_without_a_picture_says_which_have_one():
    with pytest.raises(NotAcceptableError, match="no picture of margin") as caught:
        draw("margin", {})
    assert "whatif" in caught.value.remedy
