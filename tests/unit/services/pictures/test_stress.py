"""The picture of a stress test: every scenario with its loss and what is left, breaches in words."""

from services.pictures import draw

RESULT = {
    "currency": "USD",
    "as_of": "2026-01-30",
    "model": "house",
    "version": "1.0",
    "scenarios": [
        {"scenario": "one", "title": "First", "profit_and_loss": -5.0, "available_funds": -2.0, "breach": True},
        {"scenario": "two", "title": "Second", "profit_and_loss": 5.0, "available_funds": None, "breach": None},
    ],
}


def test_scenarios_their_losses_and_breaches():
    picture = draw("stress", RESULT, portfolio_id="desk")
    for said in ("Stress of desk", "one", "Breach", "two", "Second", "undefined", "funds left"):
        assert said in picture
    assert "First" not in picture
