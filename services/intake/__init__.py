"""Any format → validated columns: the one edge where input is judged, for the API and the CLI alike."""
