"""A small typed HTTP client; it stands alone: copy the folder, install httpx, go."""
