"""Bridge: why today's margin differs from an earlier one, in steps that sum to the difference."""
