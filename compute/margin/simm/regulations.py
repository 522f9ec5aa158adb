"""SIMM's rows by regulation."""

from compute.crif import Crif
from compute.margin.regulations import groups_of
from compute.margin.simm.aggregation import Integers
from compute.margin.simm.rows import Rows


def grouped(crif: Crif, side: str) -> tuple[Rows, Integers, tuple[str, ...]]:
    """Repeat each row under each of its regulations on a side; name the groups by netting set and regulation."""
    found = groups_of(crif, side)
    return Rows(crif=crif, index=found.index, group=found.group), found.netting_set, found.regulation
