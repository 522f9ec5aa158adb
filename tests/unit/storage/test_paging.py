"""A cursor gives back the position it was made from; anything else is a CursorError."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import paging
from storage.errors import CursorError


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_text(position: str) -> None:
    assert paging.read_text(paging.write_text(position)) == position


@given(st.integers(0, 2**63 - 1))
def test_number(position: int) -> None:
    assert paging.read_number(paging.write_number(position)) == position


@given(st.datetimes(datetime(1900, 1, 1), timezones=st.just(UTC)), st.uuids())  # noqa: DTZ001 - hypothesis adds it
def test_moment_to_the_microsecond(moment: datetime, row_id: UUID) -> None:
    assert paging.read_moment(paging.write_moment(moment, row_id)) == (moment, row_id)


@given(st.text(max_size=60))
def test_whatever_is_sent_is_a_position_or_a_cursor_error(cursor: str) -> None:
    for read in (paging.read_text, paging.read_number, paging.read_moment):
        try:
            read(cursor)
        except CursorError:
            continue


@pytest.mark.parametrize("cursor", ["é", "a", "AAAA", paging._write(b"\x7f" * 24), "%%%"])
def test_foreign_cursors_of_moments_are_refused(cursor: str) -> None:
    with pytest.raises(CursorError):
        paging.read_moment(cursor)


def test_foreign_cursors_of_numbers_and_texts_are_refused() -> None:
    for cursor in ("AAAA", "__________8"):
        with pytest.raises(CursorError):
            paging.read_number(cursor)
    for cursor in (paging._write(b"\xff"), paging._write(b"a\0")):
        with pytest.raises(CursorError):
            paging.read_text(cursor)
