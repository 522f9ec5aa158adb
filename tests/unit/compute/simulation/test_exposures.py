import numpy as np
import pytest

from compute.errors import InputError, MissingRateError
from compute.simulation.exposures import exposures, factor_names
from tests.unit.compute.simulation.books import portfolio


def test_exposure_is_quantity_price_multiplier_rate_and_delta() -> None:
    book = portfolio(
        ["B", "A", "B"],
        [10.0, -5.0, 2.0],
        [3.0, 7.0, 3.0],
        numbers={"multiplier": [2.0, 1.0, 1.0], "delta": [np.nan, np.nan, 0.5]},
        labels={"currency": ["EUR", "USD", "EUR"]},
        fx={"USD/EUR": 0.8},
    )
    found = exposures(book)
    assert found.symbols == ("A", "B")
    np.testing.assert_allclose(found.amounts, [-35.0, 10 * 3 * 2 / 0.8 + 2 * 3 * 0.5 / 0.8])


def test_factors_that_cancel_are_left_out() -> None:
    assert exposures(portfolio(["A", "A", "B"], [1.0, -1.0, 1.0], [5.0, 5.0, 5.0])).symbols == ("B",)
    assert exposures(portfolio([], [], [])).symbols == ()


def option(**numbers: list[float]) -> dict[str, object]:
    return {
        "numbers": {"multiplier": [100.0], **numbers},
        "labels": {"instrument": ["option"], "underlying": ["AAA"], "option_type": ["call"]},
    }


def test_option_moves_with_its_underlying() -> None:
    book = portfolio(["AAA 150 C"], [2.0], [4.0], **option(delta=[0.6], underlying_price=[150.0]))  # type: ignore[arg-type]
    found = exposures(book)
    assert found.symbols == ("AAA",)
    assert factor_names(book) == ["AAA"]
    np.testing.assert_allclose(found.amounts, [2 * 100 * 0.6 * 150])


@pytest.mark.parametrize(
    ("numbers", "why"),
    [({"underlying_price": [150.0]}, "without a delta"), ({"delta": [0.5]}, "without a price of its underlying")],
)
def test_option_without_what_it_needs_is_refused(numbers: dict[str, list[float]], why: str) -> None:
    with pytest.raises(InputError, match=f"p0 .*{why}") as caught:
        exposures(portfolio(["X"], [1.0], [4.0], **option(**numbers)))  # type: ignore[arg-type]
    assert caught.value.pointer == "/portfolio/positions/0"


def test_negative_price_is_refused_by_position() -> None:
    with pytest.raises(InputError, match="Position p1 has a negative price"):
        exposures(portfolio(["A", "CL"], [1.0, 1.0], [5.0, -37.0]))


def test_missing_rate_names_the_pair() -> None:
    with pytest.raises(MissingRateError, match="JPY/USD"):
        exposures(portfolio(["A"], [1.0], [5.0], labels={"currency": ["JPY"]}))


def test_option_and_its_underlying_share_a_factor() -> None:
    book = portfolio(
        ["ZZZ", "AAA", "ZZZ C", "AAA F"],
        [1.0, 1.0, 1.0, 1.0],
        [10.0, 20.0, 1.0, 21.0],
        numbers={"delta": [np.nan, np.nan, -0.5, np.nan], "underlying_price": [np.nan, np.nan, 10.0, np.nan]},
        labels={"option_type": [None, None, "put", None], "underlying": [None, None, "ZZZ", "AAA"]},
    )
    assert factor_names(book) == ["ZZZ", "AAA", "ZZZ", "AAA F"]
    found = exposures(book)
    assert found.symbols == ("AAA", "AAA F", "ZZZ")
    np.testing.assert_allclose(found.amounts, [20.0, 21.0, 5.0])
