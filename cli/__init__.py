"""The terminal: typer commands, each a thin layer over the services or the HTTP client."""
