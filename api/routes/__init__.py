"""One module a resource; `api.app` includes them all."""
