"""Explain: a margin figure as steps, as contributions of positions and groups, and by what leaving them out changes."""
