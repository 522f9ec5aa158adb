"""Alembic's environment and its revisions, packaged with the code that needs them."""
