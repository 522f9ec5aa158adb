"""A margin model against what happened: coverage, independence, traffic light, procyclicality."""
