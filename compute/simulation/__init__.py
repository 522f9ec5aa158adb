"""Simulation: risk factors from history, generators, Monte Carlo and historical VaR and ES."""
