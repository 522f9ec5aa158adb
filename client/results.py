"""Results as numpy columns; numpy is needed only here."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from client.errors import ClientError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Columns = dict[str, NDArray[np.generic]]


def tables(result: Mapping[str, Any]) -> "dict[str, Columns]":
    """Return every list of objects in a result as columns: `tables(result)["positions"]["initial_margin"]`.

    Numbers become float64 with NaN for null, everything else stays an object array.
    """
    return {name: columns(value) for name, value in result.items() if _is_table(value)}


def columns(rows: list[Mapping[str, Any]]) -> "Columns":
    """Return a list of objects as one numpy array per field."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _column([row.get(name) for row in rows]) for name in names}


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _column(values: list[Any]) -> "NDArray[np.generic]":
    try:
        import numpy as np
    except ImportError as error:
        raise ClientError("Results as columns need numpy: pip install numpy.") from error
    if all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values):
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found
