"""`--param k=v`: text against the measure's own specification, lists by comma, structures by `k=@file.json`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cli.problems import NotBuiltError, UsageError

NOT_BUILT = (
    "whatif",
    "explain",
    "compare",
    "bridge",
    "exposure",
    "breach",
    "stress",
    "reverse_stress",
    "forecast",
    "allocate",
    "cure",
    "regulatory",
)
"""Measures of the command line that later issues build."""


def check_measure(measure: str) -> None:
    """Raise for a measure that is unknown or not built yet."""
    from compute.measures import measure as spec_of

    if measure in NOT_BUILT:
        raise NotBuiltError(f"The measure {measure} is not built yet.", remedy=f"Built are: {', '.join(_built())}.")
    spec_of(measure)


def given_parameters(measure: str, params: Sequence[str] | None) -> dict[str, Any]:
    """Return what was given, as JSON values; names that the measure does not know stay text for the judge to name."""
    from compute.measures import measure as spec_of
    from services.intake.parameters import from_text

    specs = spec_of(measure).chosen(_named(params)).parameters
    found: dict[str, Any] = {}
    for param in params or ():
        name, equals, text = param.partition("=")
        if not (name and equals):
            raise UsageError(f"{param!r} is no parameter.", remedy="Write --param name=value.")
        if name in found:
            raise UsageError(f"The parameter {name} is given twice.", remedy="Keep one of them; lists go by comma.")
        found[name] = _structure(text) if text.startswith("@") else text
        if name in specs and isinstance(found[name], str):
            found[name] = from_text(specs[name], text)
    return found


def _named(params: Sequence[str] | None) -> dict[str, str]:
    pairs = (param.partition("=") for param in params or ())
    return {name: text for name, _equals, text in pairs}


def _structure(text: str) -> Any:
    from cli.documents import read_bytes
    from services.intake.parse import parse

    return parse(read_bytes(Path(text[1:])))


def _built() -> list[str]:
    from compute.measures import MEASURES

    return sorted(name for name, spec in MEASURES.items() if spec.needs_portfolio)
