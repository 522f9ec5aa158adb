"""The worked example of docs/compare.md, computed as anyone would."""

from pathlib import Path

import pytest

from cli.history import read_history
from compute.market import Market
from compute.measures import measure
from services.intake.decode import decode_portfolio
from tests.unit.compute.analysis.compare.books import compared

ROOT = Path(__file__).resolve().parents[5]
PAGE = (ROOT / "docs" / "compare.md").read_text(encoding="utf-8")
MODELS = ("house", "portfolio_margin", "fhs", "reg_t")


def said() -> dict[str, list[str]]:
    """Return the cells of the example's table by model."""
    lines = PAGE.partition("## A worked example")[2].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {row[0]: row[1:] for row in rows if row[0] in MODELS}


def percent(share: float) -> str:
    return f"{100.0 * share:.1f} %".replace("-", "−")


def test_the_page_says_what_the_models_say() -> None:
    book = decode_portfolio((ROOT / "examples" / "long_short_sp500.json").read_bytes())
    market = Market(history=read_history(ROOT / "examples" / "data" / "sp500_20_prices_1990_2022.csv.gz"))
    document = compared(book, market, ",".join(MODELS)).document
    page = said()
    for entry in document["entries"]:
        coverage, level = entry["coverage"], entry["at_equal_coverage"]
        row = page[entry["label"]]
        assert row[0] == f"{entry['initial_margin']:,.0f}"
        assert row[2:5] == [str(coverage["exceedances"]), f"{level['multiplier']:.4f}", f"{level['margin']:,.0f}"]
        assert coverage["observations"] == 250
        if entry["label"] == "house":
            assert [row[1], *row[5:]] == ["", "", ""]
            continue
        between = f"{percent(level['saving_low'])} to {percent(level['saving_high'])}"
        assert row[1] == percent(entry["relative_difference"])
        assert row[5:] == [percent(level["saving_against_base"]), between]


@pytest.mark.parametrize("name", ["models", "figure", "confidence", "horizon_days", "step", "days", "seconds"])
def test_every_parameter_is_on_the_page_with_its_default(name: str) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    default = measure("compare").parameters[name].default
    shown = row.split("|")[2].strip()
    assert shown == ("–" if default == [] else f"{default:g}" if isinstance(default, int | float) else default)
