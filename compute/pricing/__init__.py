"""Instruments and option pricing over portfolio columns: prices, greeks, implied volatility, full revaluation."""
