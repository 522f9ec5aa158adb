"""Worked examples: the OpenAPI document shows them, and a test executes every one."""

from typing import Any

Document = dict[str, Any]

SPEC_PORTFOLIO: Document = {
    "id": "portfolio_001",
    "name": "Hedge Fund Portfolio",
    "available_cash": 10_000_000,
    "positions": [
        {"id": "pos_001", "symbol": "AAPL", "quantity": 1000, "market_value": 150.0, "asset_class": "equity"},
        {"id": "pos_002", "symbol": "TSLA", "quantity": 500, "market_value": 200.0, "asset_class": "equity"},
    ],
}
MIXED_PORTFOLIO: Document = {
    "id": "book-1",
    "name": "Long and short in two currencies",
    "currency": "USD",
    "available_cash": 1_000_000,
    "as_of": "2025-06-30",
    "fx": {"EUR/USD": 1.08},
    "positions": [
        {"id": "p1", "symbol": "AAPL", "quantity": 1000, "price": 150.0, "asset_class": "equity", "sector": "tech"},
        {"id": "p2", "symbol": "TSLA", "quantity": -500, "price": 200.0, "asset_class": "equity", "sector": "auto"},
        {
            "id": "p3",
            "symbol": "BUND10Y",
            "quantity": 2000,
            "price": 98.5,
            "asset_class": "bond",
            "currency": "EUR",
            "duration": 8.5,
            "settlement_price": 98.9,
        },
    ],
}
MARGIN_CALCULATE: Document = {"portfolio": SPEC_PORTFOLIO, "optimize": True, "include_stress_test": True}
MARGIN_JOB: Document = {"measure": "margin", "portfolio": MIXED_PORTFOLIO, "lane": "rt", "deadline_seconds": 60}
STORED_JOB: Document = {"measure": "optimise", "portfolio_id": "book-1"}
WHATIF: Document = {
    "portfolio": MIXED_PORTFOLIO,
    "parameters": {
        "basket": {
            "trades": [{"id": "p1", "quantity": -400}, {"close": "p2"}, {"symbol": "AAPL", "quantity": -100}],
            "cash": -50_000,
        },
        "limits": {"utilization": {"max": 0.8}, "initial_margin": {"max_change": 0}},
    },
}
OPTIONS: Document = {
    "portfolio": {
        "id": "options",
        "as_of": "2025-06-30",
        "rates": {"USD": 0.04},
        "positions": [
            {
                "id": "c1",
                "symbol": "AAPL 2025-12-19 C160",
                "asset_class": "equity",
                "instrument": "option",
                "underlying": "AAPL",
                "underlying_price": 150.0,
                "option_type": "call",
                "exercise": "american",
                "strike": 160.0,
                "expiry": "2025-12-19",
                "implied_volatility": 0.3,
                "quantity": 10,
            }
        ],
    }
}
BACKTEST: Document = {"portfolio": SPEC_PORTFOLIO}
EXPLAIN: Document = {"portfolio": SPEC_PORTFOLIO, "parameters": {"model": "house", "group_by": "asset_class"}}
COMPARE: Document = {
    "portfolio": SPEC_PORTFOLIO,
    "parameters": {
        "models": [
            {"model": "house"},
            {"model": "portfolio_margin", "parameters": {"monitoring": "other"}, "label": "4210(g)"},
        ],
        "confidence": 0.95,
    },
}
STRESS: Document = {
    "portfolio": SPEC_PORTFOLIO,
    "parameters": {"scenarios": ["gfc_2008", "rates_up_200"], "grid": {"spot": [-0.2, 0.0, 0.2]}},
}
STRESS_TEST: Document = {"portfolio": SPEC_PORTFOLIO, "scenarios": ["market_crash", "gfc_2008@2008-10-15"]}
A_JOB = "7f3c1de2-0c1f-4c55-9a53-2f9a6f0c4e11"
BRIDGE: Document = {"portfolio": SPEC_PORTFOLIO, "parameters": {"earlier": A_JOB, "order": "prices,trades"}}
ANALYSES: dict[str, dict[str, Document]] = {
    "bridge": {"from_yesterdays_margin_job": BRIDGE},
    "whatif": {"sell_some_and_close_a_short": WHATIF},
    "explain": {"a_margin_by_class": EXPLAIN},
    "compare": {"two_models_at_equal_coverage": COMPARE},
    "price": {"an_american_call": OPTIONS},
    "stress": {"two_scenarios_and_a_ladder": STRESS},
    "backtest": {"two_equities_whose_history_is_stored": BACKTEST},
}
"""Measure to the examples of its own route."""
DRILL_JOB: Document = {"measure": "noop", "parameters": {"sleep_ms": 5}, "max_attempts": 1}
PRICES: Document = {"prices": {"AAPL": {"price": 150.0, "as_of": "2025-06-30T20:00:00Z"}, "TSLA": {"price": 200.0}}}
HISTORY = "Date,AAPL,TSLA\n2025-06-26,148.9,199.0\n2025-06-27,149.5,\n2025-06-30,150.0,200.0\n"
SCHEDULE: Document = {"name": "desk", "measure": "margin", "portfolio_ids": ["book-1"], "every_seconds": 5}
TENANT: Document = {"id": "desk-1", "name": "Desk one"}

POSITIONS = """portfolio,id,symbol,quantity,price,asset_class,currency
book-1,p1,AAPL,1000,150.0,equity,USD
book-1,p2,TSLA,-500,245.0,equity,USD
"""
