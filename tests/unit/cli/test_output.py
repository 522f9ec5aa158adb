"""What commands print: money half-up to the minor unit, dashes for what is undefined."""

import pytest

from cli.demo import sub_books
from cli.output import milliseconds, money, percent
from tests.unit.cli.conftest import Run


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (1_234_567.885, "USD", "1,234,567.89 USD"),
        (0.125, "USD", "0.13 USD"),
        (-0.125, "EUR", "-0.13 EUR"),
        (377.5, "JPY", "378 JPY"),
        (1.0005, "KWD", "1.001 KWD"),
        (0.0, "USD", "0.00 USD"),
        (None, "USD", "-"),
    ],
)
def test_money(value: float | None, currency: str, text: str) -> None:
    assert money(value, currency) == text


def test_fractions_and_durations() -> None:
    assert (percent(0.9567), percent(None)) == ("95.7%", "-")
    assert (milliseconds(1_234.56), milliseconds(None)) == ("1,234.6 ms", "-")


def test_the_demo_draws_the_same_sub_books_every_time() -> None:
    book = {"id": "b", "name": "B", "positions": [{"id": str(n), "quantity": 100 * n} for n in range(1, 21)]}
    first, second = sub_books(book, 50, seed=7), sub_books(book, 50, seed=7)
    assert first == second
    assert sub_books(book, 50, seed=8) != first
    assert len({one["id"] for one in first}) == 50
    for one in first:
        assert 5 <= len(one["positions"]) <= 15
        assert len({position["id"] for position in one["positions"]}) == len(one["positions"])
        for position in one["positions"]:
            assert 25 * int(position["id"]) <= position["quantity"] <= 100 * int(position["id"])


def test_flower_does_not_start_without_a_password(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.delenv("COLLATERAL_FLOWER_PASSWORD", raising=False)
    done = run("flower")
    assert done.code == 2
    assert "COLLATERAL_FLOWER_PASSWORD" in done.err
