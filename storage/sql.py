"""Small expressions that several repositories share: Postgres' clock and intervals."""

from typing import Any

from sqlalchemy import ColumnElement, Double, bindparam, cast, func

now = func.clock_timestamp
"""The clock of the lifecycle: it moves on inside a transaction, also while a statement waits for a row."""


def interval(name: str) -> ColumnElement[Any]:
    """Return a number of seconds, bound by name, as an interval; null stays null."""
    return func.make_interval(0, 0, 0, 0, 0, 0, cast(bindparam(name), Double))
