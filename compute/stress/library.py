"""The scenarios: those of the packaged library, dated and with their sources, and those that a caller brings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Any

from compute.errors import InputError, ParameterSetError
from compute.stress.series import FOLDER, read_yaml, vocabulary
from compute.structures import Structure

FILES = ("historical", "regulatory", "hypothetical")
ALL = "all"
CUSTOM = "custom"
MOST_SCENARIOS = 200
EVERY_CURRENCY = "*"
VOLATILITY_CLASSES = ("equity", "fx", "commodity", "crypto", "bond")
_MOVE_FIELDS = ("percent", "absolute", "basis_points", "curves", "vix", "volatility", "liquidity")

Nodes = tuple[tuple[float, float], ...]
"""Points of a move of a curve: years and absolute move, years rising."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What happens to each factor; a factor that it has no figure of does not move.

    Parameters
    ----------
    name, title, kind, when, note
        `name` is the event's for its principal move, else `event@move`; `when` the date, the window or the move's name.
    percent
        Series → relative move of the price; -0.2 is 20 % down.
    absolute
        Series → move of the price in dollars.
    curves
        Currency, or `*` for those without their own → points of the move of its yields, decimal.
    spreads
        Series of spreads → move, decimal.
    volatility
        Class of the underlying → relative move of implied volatility.
    bid_ask_multiple, volume_share
        What quoted spreads are multiplied with, and the share of the usual volume that is left.
    sources
        Series, curve or `VIX` → where its figure comes from, where that is not the series' own source.
    unverified
        Names of figures that no published text confirms.
    """

    name: str
    title: str
    kind: str
    when: str
    note: str = ""
    percent: Mapping[str, float] = field(default_factory=dict)
    absolute: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Nodes] = field(default_factory=dict)
    spreads: Mapping[str, float] = field(default_factory=dict)
    volatility: Mapping[str, float] = field(default_factory=dict)
    bid_ask_multiple: float = 1.0
    volume_share: float = 1.0
    sources: Mapping[str, str] = field(default_factory=dict)
    unverified: tuple[str, ...] = ()


@cache
def library() -> Mapping[str, Scenario]:
    """Return every packaged scenario by name; an event's own name is its principal move.

    Raises
    ------
    ParameterSetError
        A file holds what no scenario can hold.
    """
    found: dict[str, Scenario] = {}
    for file in FILES:
        tree = read_yaml(FOLDER / f"{file}.yaml")
        try:
            _read_file(tree, found)
        except InputError as error:
            raise ParameterSetError(f"{file}.yaml, {error.pointer}: {error.detail}") from error
    return found


def _read_file(tree: Mapping[str, Any], found: dict[str, Scenario]) -> None:
    whole = Structure(tree, "")
    kind = whole.text("kind", choices=FILES)
    for name, event in whole.named("scenarios"):
        if name in found:
            raise event.fault("", "stands in two files")
        title, note, principal = event.text("title"), event.text("note", ""), event.text("principal")
        moves = {
            when: read_move(inner, name=f"{name}@{when}", title=title, note=note, kind=kind, when=when)
            for when, inner in event.named("moves")
        }
        event.close()
        if principal not in moves:
            raise event.fault("principal", "is none of the moves")
        found[name] = _renamed(moves[principal], name)
        found.update({each.name: each for each in moves.values()})
    whole.close()


def _renamed(scenario: Scenario, name: str) -> Scenario:
    return Scenario(**{**{key: getattr(scenario, key) for key in scenario.__dataclass_fields__}, "name": name})


def read_move(inner: Structure, *, name: str, title: str, note: str, kind: str, when: str) -> Scenario:
    """Return the scenario of one object of figures.

    Raises
    ------
    InputError
        Naming the first figure that is unknown, no number, or out of its bounds.
    """
    known = vocabulary()
    points = _figures(inner, "basis_points", known.basis_points, low=-10_000.0, high=10_000.0)
    liquidity = inner.inner("liquidity")
    scenario = Scenario(
        name=name,
        title=title,
        kind=kind,
        when=when,
        note=note,
        percent={key: value / 100.0
                 for key, value in _figures(inner, "percent", known.prices, low=-100.0, high=10_000.0).items()},
        absolute=_figures(inner, "absolute", known.prices, low=-1e9, high=1e9),
        curves=_curves(inner, {key: value for key, value in points.items() if key in known.curves}),
        spreads={key: value / 1e4 for key, value in points.items() if key not in known.curves},
        volatility=_volatility(inner),
        bid_ask_multiple=liquidity.number("bid_ask_multiple", 1.0, minimum=1.0, maximum=1_000.0),
        volume_share=liquidity.number("volume_share", 1.0, minimum=1e-4, maximum=1.0),
        sources=_texts(inner, "sources"),
        unverified=inner.texts("unverified", ()),
    )  # fmt: skip
    liquidity.close()
    inner.close()
    if not any(each in inner for each in _MOVE_FIELDS):
        raise inner.fault("", "moves nothing", f"Give one of: {', '.join(_MOVE_FIELDS)}.")
    if both := sorted(set(scenario.percent) & set(scenario.absolute)):
        raise inner.fault("absolute", f"holds {both[0]}, which percent holds too", "Keep one of the two.")
    return scenario


def _texts(inner: Structure, key: str) -> dict[str, str]:
    held = inner.inner(key)
    return {str(name): held.text(name) for name in inner.value(key, {})}


def _figures(inner: Structure, key: str, known: frozenset[str], *, low: float, high: float) -> dict[str, float]:
    held = inner.inner(key)
    found = {}
    for name in inner.value(key, {}):
        if name not in known:
            raise InputError(
                f"There is no series {name!r} in {key}.", pointer=held.at(str(name)), remedy=nearest(str(name), known)
            )
        found[str(name)] = held.number(name, minimum=low, maximum=high)
    return found


def _curves(inner: Structure, points: Mapping[str, float]) -> dict[str, Nodes]:
    """Return the moves of curves: given as such, or by the series of single yields."""
    found: dict[str, dict[float, float]] = {}
    for name, value in points.items():
        curve = vocabulary().curves[name]
        found.setdefault(curve.currency, {})[curve.years] = value / 1e4
    for currency, nodes in inner.named("curves"):
        if currency in found:
            raise nodes.fault("", "has its move in basis_points too", "Keep one of the two.")
        found[currency] = _nodes(nodes, inner.value("curves")[currency])
    return {currency: tuple(sorted(nodes.items())) for currency, nodes in found.items()}


def _nodes(held: Structure, given: Mapping[Any, Any]) -> dict[float, float]:
    found = {}
    for years, value in given.items():
        try:
            place = float(years)
        except (TypeError, ValueError):
            place = -1.0
        if not 0.0 <= place <= 100.0:
            raise held.fault(str(years), "is no tenor from 0 to 100 years")
        found[place] = Structure({"move": value}, held.pointer).number("move", minimum=-1e4, maximum=1e4) / 1e4
    if not found:
        raise held.fault("", "has no tenor", 'Write {"10": 50} for 50 basis points.')
    return found


def _volatility(inner: Structure) -> dict[str, float]:
    """Return the relative moves of implied volatility by class; the VIX stands for equities."""
    held = inner.inner("volatility")
    found = {name: held.number(name, minimum=-100.0, maximum=10_000.0) / 100.0
             for name in VOLATILITY_CLASSES if name in held}  # fmt: skip
    held.close()
    if "vix" in inner:
        before, after = inner.numbers("vix", 2, minimum=0.01, maximum=1_000.0)
        if "equity" in found:
            raise inner.fault("vix", "stands beside volatility/equity", "Keep one of the two.")
        found["equity"] = after / before - 1.0
    return found


def read_shocks(given: Mapping[str, Any]) -> dict[str, Scenario]:
    """Return the caller's own scenarios by name; errors as in `read_move`, and for a name of the library."""
    found = {}
    for name, inner in Structure({"shocks": given}, "/parameters").named("shocks"):
        if name in {ALL, "id"} or name in library() or not name.strip() or "@" in name:
            raise inner.fault(
                "",
                "is no name for a scenario of your own",
                "Choose one that is not the library's, not all or id, and without @.",
            )
        title = inner.text("title", name)
        found[name] = read_move(inner, name=name, title=title, note="", kind=CUSTOM, when="")
    return found


def chosen(names: Sequence[str], shocks: Mapping[str, Any]) -> list[Scenario]:
    """Return the scenarios of a request, each once, in the order asked for.

    Parameters
    ----------
    names
        Of scenarios; `all`: each event's principal move and the caller's own; `gfc_2008@2008-10-15`: one move of an
        event; `gfc_2008@all`: all of them.
    shocks
        The caller's own.

    Raises
    ------
    InputError
        Naming one that is unknown with the nearest that are known, or that there are too many.
    """
    known = {**library(), **read_shocks(shocks)}
    found = {each: known[each] for place, name in enumerate(names) for each in _meant(name, known, place)}
    if len(found) > MOST_SCENARIOS:
        raise InputError(
            f"{len(found)} scenarios are asked for, more than {MOST_SCENARIOS}.",
            pointer="/parameters/scenarios",
            remedy="Ask in several requests.",
        )
    return list(found.values())


def _meant(name: str, known: Mapping[str, Scenario], place: int) -> list[str]:
    if name == ALL:
        return [each for each in known if "@" not in each]
    event, at, move = name.partition("@")
    if at and move == ALL and event in known:
        return [each for each in known if each.startswith(f"{event}@")]
    if name in known:
        return [name]
    raise InputError(
        f"There is no scenario {name!r}.",
        pointer=f"/parameters/scenarios/{place}",
        remedy=nearest(name, known),
    )


def nearest(name: str, known: Any) -> str:
    """Return a remedy that names what is most like a name, all of it where nothing is."""
    plain = sorted(each for each in known if "@" not in each or "@" in name)
    close = get_close_matches(name, plain, n=3, cutoff=0.4)
    return f"Did you mean {', '.join(close)}?" if close else f"Use one of: {', '.join(plain)}."
