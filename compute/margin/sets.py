"""Parameter sets as documents: which models take one, what is wrong with one, how results name it."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from compute.crif import Crif, RowFault
from compute.errors import InputError, ParameterSetError
from compute.margin import tables as house
from compute.margin.chosen import checked, content_hash
from compute.margin.fhs import tables as fhs
from compute.margin.portfolio_margin import tables as portfolio_margin
from compute.margin.reg_t import tables as reg_t
from compute.margin.schedule import tables as schedule
from compute.margin.span import tables as span
from compute.market import Market
from compute.measure import Kernel, MeasureSpec
from compute.parameters import Kind, Parameter
from compute.result import Checkpoint, Result

SHORT_HASH = 12
MOST_VALUES = 50_000
"""Values of a document: it is stored with every job that computes with it."""
SIMM = "simm"

PARAMETERS: dict[str, Parameter] = {
    "parameter_set": Parameter(
        kind=Kind.TEXT,
        default="",
        doc="A stored parameter set, NAME or NAME@VERSION, in place of `version`; without both, the one that is "
        "active for the model on the portfolio's date.",
    ),
    "tables": Parameter(
        kind=Kind.STRUCTURE,
        default={},
        doc="A whole parameter set, in place of `version`: docs/parameter_sets.md.",
    ),
}


class SetFaultsError(InputError):
    """A parameter set that came with a request does not fit its schema; `faults` has each thing that is wrong."""

    def __init__(self, faults: list[ParameterSetError]) -> None:
        self.faults = tuple(
            InputError(item.detail, pointer=f"/parameters/tables{item.pointer}", remedy=item.remedy) for item in faults
        )
        super().__init__(faults[0].detail, pointer=self.faults[0].pointer)


@dataclass(frozen=True, kw_only=True)
class SetModel:
    """A model whose figures are a parameter set.

    Parameters
    ----------
    parse
        (name, document, faults) → the checked set; faults are raised, or collected where a list is given.
    versions
        Names of the packaged versions.
    default
        The packaged version that is used where nobody says otherwise.
    path
        Version → the packaged file.
    defaults
        Checked set → parameters of the call that it fixes unless the caller gives them.
    """

    parse: Callable[..., Any]
    versions: Callable[[], tuple[str, ...]]
    default: str
    path: Callable[[str], Path]
    defaults: Callable[[Any], dict[str, Any]] | None = None


def _fhs_defaults(found: fhs.FhsSet) -> dict[str, Any]:
    return {
        "confidence": found.confidence,
        "mpor_days": found.mpor_days,
        "lookback": found.lookback_days,
        "lambda": found.decay,
    }


def _in(folder: Path, prefix: str = "") -> Callable[[str], Path]:
    return lambda version: folder / f"{prefix}{version}.toml"


MODELS: dict[str, SetModel] = {
    "house": SetModel(
        parse=house.parse,
        versions=house.versions,
        default=house.DEFAULT_VERSION,
        path=_in(house.PARAMS, "house-"),
    ),
    "reg_t": SetModel(
        parse=reg_t.parse, versions=reg_t.versions, default=reg_t.DEFAULT_VERSION, path=_in(reg_t.FOLDER)
    ),
    "portfolio_margin": SetModel(
        parse=portfolio_margin.read_set,
        versions=portfolio_margin.versions,
        default=portfolio_margin.DEFAULT_VERSION,
        path=_in(portfolio_margin.FOLDER),
    ),
    "fhs": SetModel(
        parse=fhs.parse,
        versions=fhs.versions,
        default=fhs.DEFAULT_VERSION,
        path=_in(fhs.FOLDER),
        defaults=_fhs_defaults,
    ),
    "span": SetModel(parse=span.read_set, versions=span.versions, default=span.DEFAULT_VERSION, path=_in(span.FOLDER)),
    "schedule": SetModel(
        parse=schedule.read_set,
        versions=schedule.versions,
        default=schedule.DEFAULT_VERSION,
        path=_in(schedule.FOLDER),
    ),
}


def set_model(name: str, *, pointer: str = "/model") -> SetModel:
    """Return a model that takes parameter sets; raise InputError, for simm with the reason."""
    if name == SIMM:
        raise InputError(
            "simm takes no parameter sets: ISDA's calibrations are licensed, and exact as published.",
            pointer=pointer,
            remedy="Choose one of its packaged versions by `version`.",
        )
    try:
        return MODELS[name]
    except KeyError:
        raise InputError(
            f"No model {name[:64]!a} takes parameter sets.", pointer=pointer, remedy=f"Use one of: {', '.join(MODELS)}."
        ) from None


def packaged_document(model: str, version: str) -> dict[str, Any]:
    """Return a packaged set as the document that a stored one can start from; raise InputError for an unknown one."""
    found = set_model(model)
    if version not in found.versions():
        raise InputError(
            f"{model} has no packaged version {version[:64]!a}.",
            pointer="/version",
            remedy=f"Use one of: {', '.join(found.versions())}.",
        )
    return tomllib.loads(found.path(version).read_text(encoding="utf-8"))


def set_faults(model: str, document: Mapping[str, Any]) -> list[ParameterSetError]:
    """Return everything that is wrong with a document, each with its JSON pointer; raise InputError for the model."""
    faults: list[ParameterSetError] = []
    try:
        set_model(model).parse("document", document, faults)
    except ParameterSetError as error:
        faults.append(error)
    except (TypeError, ValueError, LookupError):  # a stand-in for what is reported already did not carry
        if not faults:
            raise
    return faults


def fixed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that the document among these fixes unless the caller gives them, such as a confidence."""
    found = MODELS.get(str(parameters.get("model")))
    if found is None or found.defaults is None or not parameters.get("tables"):
        return {}
    return found.defaults(checked(found.parse, parameters["tables"]))


def identity(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tells one document from another: how it is referred to, None where it came along, and its hash."""
    return {"set": parameters.get("parameter_set") or None, "content_hash": content_hash(parameters["tables"])}


def label(parameters: Mapping[str, Any]) -> str:
    """Return how results name a document: NAME@VERSION, or its own version and the beginning of its hash."""
    own = parameters["tables"].get("version")
    return str(parameters.get("parameter_set") or f"{own}#{content_hash(parameters['tables'])[:SHORT_HASH]}")


def stamped(result: Result, parameters: Mapping[str, Any]) -> Result:
    """Return a result whose `version` and `parameter_set` name the document that it was computed with, if any."""
    if not parameters.get("tables"):
        return result
    own = result.document.get("parameter_set") or {"version": result.document.get("version")}
    named = {"version": label(parameters), "parameter_set": {**own, **identity(parameters)}}
    return replace(result, document={**result.document, **named})


def with_sets(model: str, spec: MeasureSpec) -> MeasureSpec:
    """Return a model that takes parameter sets as documents; simm refuses them by name.

    At intake a stored set is only a name: what the model judges then, it judges by the packaged one.
    """

    def judge(parameters: Mapping[str, Any]) -> None:
        _judge(model, parameters)
        spec.judge(_unnamed(parameters))

    def row_faults(crif: Crif, parameters: Mapping[str, Any]) -> Iterator[RowFault]:
        if spec.row_faults is not None:
            yield from spec.row_faults(crif, _unnamed(parameters))

    return replace(
        spec,
        parameters={**spec.parameters, **PARAMETERS},
        judge=judge,
        row_faults=row_faults if spec.row_faults is not None else None,
        kernel=spec.kernel if model == SIMM else _stamping(spec.kernel),
    )


def _unnamed(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**parameters, "parameter_set": ""} if parameters.get("parameter_set") else parameters


def _stamping(kernel: Kernel) -> Kernel:
    def stamping(book: Any, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
        return stamped(kernel(book, market, parameters, checkpoint), parameters)

    return stamping


def _judge(model: str, parameters: Mapping[str, Any]) -> None:
    """Refuse two sets at once, and a document that does not fit; a `version` that is the default counts as none."""
    given = [name for name in ("parameter_set", "tables") if parameters.get(name)]
    if not given:
        return
    pointer = f"/parameters/{given[0]}"
    found = set_model(model, pointer=pointer)
    others = [name for name in ("version",) if parameters.get(name, found.default) != found.default] + given[1:]
    if others:
        names = " and ".join([given[0], *others])
        raise InputError(f"Both {names} are given.", pointer=f"/parameters/{others[0]}", remedy="Send one of them.")
    if given == ["tables"]:
        if value_count(parameters["tables"]) > MOST_VALUES:
            raise InputError(f"A parameter set may hold at most {MOST_VALUES:,} values.", pointer=pointer)
        if faults := set_faults(model, parameters["tables"]):
            raise SetFaultsError(faults)


def value_count(value: Any) -> int:
    """Return how many values a document holds, those that hold others included."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return 1 + sum(map(value_count, inner))
