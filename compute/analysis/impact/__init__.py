"""Impact: every portfolio of a tenant under two parameter sets of one model, before and after."""
