"""The one-machine default: bundled Postgres and Valkey, and the supervisor that runs the whole cluster."""
