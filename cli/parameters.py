"""`--param k=v`: text against the measure's own specification, lists by comma, structures by `k=@file.json`.

A structure whose file is XML is an exchange's SPAN file, of which the input's own contracts are read.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cli.problems import NotBuiltError, UsageError

NOT_BUILT = (
    "exposure",
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


def given_parameters(measure: str, params: Sequence[str] | None, source: str | Path = "") -> dict[str, Any]:
    """Return what was given, as JSON values; names that the measure does not know stay text for the judge to name.

    `source` is the INPUT that they are for.
    """
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
        found[name] = _structure(text, source) if text.startswith("@") else text
        if name in specs and isinstance(found[name], str):
            found[name] = from_text(specs[name], text)
    return found


def _named(params: Sequence[str] | None) -> dict[str, str]:
    pairs = (param.partition("=") for param in params or ())
    return {name: text for name, _equals, text in pairs}


def _structure(text: str, source: str | Path) -> Any:
    from services.intake.parse import parse
    from services.intake.span.file import read_span_file
    from services.intake.span.records import is_xml, unpacked

    path = Path(text[1:])
    if path.suffix.lower() == ".toml":
        from cli.structures import read_structure

        return read_structure(path)
    try:
        data = unpacked(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error
    return read_span_file(data, wanted=_names(source)) if is_xml(data) else parse(data)


def _names(source: str | Path) -> frozenset[str] | None:
    """Return the symbols and underlyings of an input; None where it cannot be read ahead, or is at fault."""
    from cli.documents import read_documents
    from core.errors import CollateralError

    if str(source) in {"", "-"} or str(source).startswith("id:"):
        return None
    try:
        trees = [one.tree for one in read_documents(Path(source))]
    except CollateralError:
        return None
    positions = [one.get("positions") if isinstance(one, dict) else None for one in trees]
    if not all(isinstance(one, list) for one in positions):
        return None
    rows = [row for one in positions for row in one or () if isinstance(row, dict)]
    names = [row.get(name) for row in rows for name in ("symbol", "underlying")]
    return frozenset(name for name in names if isinstance(name, str))


def _built() -> list[str]:
    from compute.measures import MEASURES

    return sorted(name for name, spec in MEASURES.items() if spec.needs_portfolio)
