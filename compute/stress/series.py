"""The series of the scenario library: what each stands for, read once from `library/series.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from compute.errors import ParameterSetError

FOLDER = Path(__file__).parent / "library"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FIELDS = frozenset({"title", "source", "symbols", "pair", "currency", "years", "ratings"})


class _Strict(_LOADER):  # type: ignore[misc]  # the class is chosen at run time
    """YAML without repeated keys."""


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in found:
            raise ParameterSetError(f"{key!r} stands twice, at {key_node.start_mark}.")
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return a file's tree; raise ParameterSetError where a key stands twice or it is no object."""
    found = yaml.load(path.read_text(encoding="utf-8"), _Strict)  # noqa: S506 - _Strict is a safe loader
    if not isinstance(found, dict):
        raise ParameterSetError(f"{path.name} is no object.")
    return found


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The point of a yield curve that a series is the yield of."""

    currency: str
    years: float


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The series and what they stand for.

    Parameters
    ----------
    titles, sources
        Of each series.
    by_symbol
        Symbol, upper case → the series that it moves with.
    pairs
        Series → base and quote currency.
    curves
        Series → point of a yield curve.
    by_rating
        Rating without its sign → the series of its spread.
    sectors, countries
        Sector in lower case, country → series, the first that a scenario has a figure of.
    market, crypto
        The series of equities without a better one, and of coins.
    """

    titles: Mapping[str, str]
    sources: Mapping[str, str]
    by_symbol: Mapping[str, str]
    pairs: Mapping[str, tuple[str, str]]
    curves: Mapping[str, Curve]
    by_rating: Mapping[str, str]
    sectors: Mapping[str, tuple[str, ...]]
    countries: Mapping[str, tuple[str, ...]]
    market: str
    crypto: str

    @property
    def prices(self) -> frozenset[str]:
        """Series whose figures are percents of a price."""
        return frozenset(self.titles) - self.basis_points

    @property
    def basis_points(self) -> frozenset[str]:
        """Series whose figures are basis points."""
        return frozenset(self.curves) | frozenset(self.by_rating.values())


@cache
def vocabulary() -> Vocabulary:
    """Return the packaged vocabulary; raise ParameterSetError where it contradicts itself."""
    tree = read_yaml(FOLDER / "series.yaml")
    _known(tree, {"series", "market", "crypto", "sectors", "countries"}, "series.yaml")
    series = tree["series"]
    for name, each in series.items():
        _known(each, _FIELDS, name)
    named = [*[one for each in (*tree["sectors"].values(), *tree["countries"].values()) for one in each],
             tree["market"], tree["crypto"]]  # fmt: skip
    if missing := sorted(set(named) - set(series)):
        raise ParameterSetError(f"series.yaml names the series {missing[0]!r} and does not describe it.")
    return Vocabulary(
        titles={name: str(each["title"]) for name, each in series.items()},
        sources={name: str(each["source"]) for name, each in series.items()},
        by_symbol=_once((str(symbol).upper(), name) for name, each in series.items()
                        for symbol in each.get("symbols", ())),
        pairs={name: _pair(each["pair"]) for name, each in series.items() if "pair" in each},
        curves={name: Curve(currency=each["currency"], years=float(each["years"]))
                for name, each in series.items() if "years" in each},
        by_rating=_once((rating, name) for name, each in series.items() for rating in each.get("ratings", ())),
        sectors={name: tuple(each) for name, each in tree["sectors"].items()},
        countries={name: tuple(each) for name, each in tree["countries"].items()},
        market=tree["market"],
        crypto=tree["crypto"],
    )  # fmt: skip


def _known(tree: Mapping[str, Any], known: set[str] | frozenset[str], what: str) -> None:
    if unknown := sorted(set(tree) - known):
        raise ParameterSetError(f"{what} has the unknown field {unknown[0]!r}.")


def _once(pairs: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in pairs:
        if key in found:
            raise ParameterSetError(f"{key} stands for {found[key]} and for {value}.")
        found[key] = value
    return found


def _pair(text: str) -> tuple[str, str]:
    base, _slash, quote = text.partition("/")
    return base, quote
