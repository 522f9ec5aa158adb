"""The worked example of a model's page: its tables, read from the page."""

from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[4]


def tables(model: str) -> list[list[dict[str, str]]]:
    """Return the tables after the example's heading, each as a list of dictionaries."""
    page = (ROOT / "docs" / "models" / f"{model}.md").read_text(encoding="utf-8")
    lines = page.partition("## A worked example")[2].partition("\n## ")[0].splitlines()
    found: list[list[dict[str, str]]] = []
    heading: list[str] | None = None
    for line in lines:
        if not line.startswith("|"):
            heading = None
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if heading is None:
            heading = cells
            found.append([])
        elif set(line) - set("|-"):
            found[-1].append(dict(zip(heading, cells, strict=True)))
    return found


def number(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def at(document: Any, path: str) -> Any:
    """Return a figure by its path, such as `breakdown.combined_commodities.CORN.scan_risk`."""
    for key in path.split("."):
        document = document[key]
    return document
