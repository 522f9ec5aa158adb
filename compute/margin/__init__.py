"""Margin models, one file or folder each, and their parameter tables."""
