"""The documentation; `python -m docs.build` writes its generated pages."""
