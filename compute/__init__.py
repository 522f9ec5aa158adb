"""Numerics: no Celery, no SQL, no pydantic, no I/O but its own packaged tables, read once."""
