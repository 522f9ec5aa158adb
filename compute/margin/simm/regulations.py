"""Which rows count under which regulation: a group is one netting set under one of them."""

import numpy as np

from compute.crif import Crif
from compute.margin.simm.aggregation import Integers
from compute.margin.simm.rows import Rows
from compute.margin.simm.vocabulary import UNSPECIFIED

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


def grouped(crif: Crif, side: str) -> tuple[Rows, Integers, tuple[str, ...]]:
    """Repeat each row under each of its regulations on a side.

    Returns
    -------
    rows
        Rows with their groups, numbered from 0.
    netting_set, regulation
        Shape (g,): the code of each group's netting set, and the name of its regulation.
    """
    netting = crif.labels["netting_set"].codes.astype(np.int64)
    labels = crif.labels.get(SIDES[side])
    if labels is None:
        return _single(crif, netting)
    lists = [*(regulations_of(value) for value in labels.values), (UNSPECIFIED,)]  # the last is of empty cells, code -1
    names = sorted({name for listed in lists for name in listed})
    expanded = _table(lists, names)[labels.codes]
    index, _place = np.nonzero(expanded >= 0)
    key = netting[index] * len(names) + expanded[expanded >= 0]
    groups, group = np.unique(key, return_inverse=True)
    regulation = tuple(names[int(code) % len(names)] for code in groups)
    return Rows(crif=crif, index=index, group=group.astype(np.int64)), groups // len(names), regulation


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


def _single(crif: Crif, netting: Integers) -> tuple[Rows, Integers, tuple[str, ...]]:
    sets = len(crif.netting_sets)
    rows = Rows(crif=crif, index=np.arange(len(crif)), group=netting)
    return rows, np.arange(sets), (UNSPECIFIED,) * sets
