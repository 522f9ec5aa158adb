"""Speed measured against a peer, both in one run: `python -m benchmarks NAME|all|list [--json]`.

A benchmark is a module `benchmarks/NAME.py` with a docstring and `run()`, a generator of lines from `harness.compare`
and `harness.figure`.
"""
