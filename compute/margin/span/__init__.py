"""Margin by SPAN: sixteen scenarios, spread charges and credits, minimums. Rule: docs/models/span.md."""
