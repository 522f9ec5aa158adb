"""Filtered historical simulation: the clearing-house model."""
