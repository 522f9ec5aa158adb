"""Use cases: one module each; the only callers of storage beside workers, and the only door for api, tasks and cli."""
