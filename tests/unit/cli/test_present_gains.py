"""Models of scenarios show what each position gains or loses in the one that decides."""

import pytest

from cli.present import show_result


@pytest.mark.parametrize(("of", "shown"), [("group", "BROAD"), ("combined_commodity", "CORN")])
def test_positions_with_their_profit_in_the_worst_scenario(
    of: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    position = {"id": "spy", of: shown, "profit_and_loss": -1234.5}
    result = {"currency": "USD", "initial_margin": 1234.5, "positions": [position]}
    show_result({"measure": "margin", "portfolio_id": "p", "device": "cpu", "run_ms": 1.0, "result": result})
    found = capsys.readouterr().out
    assert shown in found
    assert "-1,234.50 USD" in found
