"""Which rows count under which regulation: a group is one netting set under one of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute.crif import Crif
from compute.portfolio import Floats

Integers = NDArray[np.int64]

UNSPECIFIED = "Unspecified"
EXCLUDED = "Excluded"
REGULATORS = (
    *("AMFQ", "APRA", "BACEN", "BANX", "CFTC", "ESA", "FINMA", "HKMA", "JFSA", "KFSC", "MAS", "NONREG", "OJK", "OSFI"),
    *("RBI", "SANT", "SEC", "SFC", "UK", "USPR"),
)
_SPELLINGS = {name.lower(): name for name in (*REGULATORS, EXCLUDED, UNSPECIFIED)}  # others stay as they are written
SIDES = {"call": "collect_regulations", "post": "post_regulations"}


def regulations_of(text: str) -> tuple[str, ...]:
    """Return the names in a cell such as `[CFTC,SEC]`: `Unspecified` for an empty one, none for `Excluded`."""
    given = (name.strip() for name in text.strip("[]").split(","))
    names = dict.fromkeys(_SPELLINGS.get(name.lower(), name) for name in given if name)
    return tuple(name for name in names if name != EXCLUDED) if names else (UNSPECIFIED,)


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Rows repeated under each of their regulations.

    Parameters
    ----------
    index, group
        Shape (n,): a row of the file, and the group that it counts for.
    netting_set, regulation
        Shape (g,): the code of each group's netting set, and the name of its regulation.
    """

    index: Integers
    group: Integers
    netting_set: Integers
    regulation: tuple[str, ...]


def groups_of(crif: Crif, side: str) -> Groups:
    """Return which rows count for which groups on a side; rows excluded there count for none."""
    netting = crif.labels["netting_set"].codes.astype(np.int64)
    labels = crif.labels.get(SIDES[side])
    if labels is None:
        sets = np.arange(len(crif.netting_sets))
        index = np.arange(len(crif))
        return Groups(index=index, group=netting, netting_set=sets, regulation=(UNSPECIFIED,) * sets.size)
    lists = [*(regulations_of(value) for value in labels.values), (UNSPECIFIED,)]  # the last is of empty cells, code -1
    names = sorted({name for listed in lists for name in listed})
    expanded = _table(lists, names)[labels.codes]
    index, _place = np.nonzero(expanded >= 0)
    key = netting[index] * len(names) + expanded[expanded >= 0]
    groups, group = np.unique(key, return_inverse=True)
    regulation = tuple(names[int(code) % len(names)] for code in groups)
    return Groups(index=index, group=group.astype(np.int64), netting_set=groups // len(names), regulation=regulation)


def worst_of(netting_set: Integers, regulation: tuple[str, ...], total: Floats) -> Integers:
    """Return for each netting set the group with the largest total; of equals, the first regulation by name."""
    position = {name: index for index, name in enumerate(sorted(set(regulation)))}
    names = np.array([position[name] for name in regulation], dtype=np.int64)
    order = np.lexsort((names, -total, netting_set))
    _sets, first = np.unique(netting_set[order], return_index=True)
    picked: Integers = order[first]
    return picked


def by_regulation(netting_set: Integers, regulation: tuple[str, ...], total: Floats) -> dict[int, dict[str, float]]:
    """Return each netting set's totals by regulation."""
    found: dict[int, dict[str, float]] = {}
    for owner, name, value in zip(netting_set.tolist(), regulation, total.tolist(), strict=True):
        found.setdefault(owner, {})[name] = value
    return found


def counted(crif: Crif, side: str) -> dict[str, int]:
    """Return how many rows name no regulation on a side, and how many are excluded there."""
    labels = crif.column(SIDES[side])
    without = [regulations_of(value) == (UNSPECIFIED,) for value in labels.values]
    excluded = [not regulations_of(value) for value in labels.values]
    return {
        "rows_without_regulation": int(np.array([*without, True])[labels.codes].sum()),
        "rows_excluded": int(np.array([*excluded, False])[labels.codes].sum()),
    }


def _table(lists: list[tuple[str, ...]], names: list[str]) -> Integers:
    """Return the names of each list as positions in `names`, -1 behind a list's end."""
    position = {name: index for index, name in enumerate(names)}
    table = np.full((len(lists), max(map(len, lists))), -1, dtype=np.int64)
    for row, listed in enumerate(lists):
        table[row, : len(listed)] = [position[name] for name in listed]
    return table
