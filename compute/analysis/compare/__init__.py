"""Compare: several models and parameter versions side by side, at equal coverage of the same history."""
