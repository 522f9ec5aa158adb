"""The revisions, oldest first: each name begins with its number."""
