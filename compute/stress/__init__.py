"""Stress tests: dated scenarios and the caller's own, applied factor by factor, with the margin afterwards."""
