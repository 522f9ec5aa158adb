"""How the reconciler takes rows: bounded, locked, passing over those that another one holds."""

from typing import Any

from sqlalchemy import ColumnElement, Integer, bindparam, func, select

from storage.schema import jobs

then = func.statement_timestamp
"""Postgres' clock held fixed for a statement, so that an index can be searched with it."""


def picked(*conditions: ColumnElement[bool], order: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition "is one of at most `most` rows, now locked, that fulfil the conditions"."""
    rows = (
        select(jobs.c.id)
        .where(*conditions)
        .order_by(order)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True, of=jobs)
        .cte("picked")
    )
    return jobs.c.id.in_(select(rows.c.id))
