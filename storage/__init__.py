"""Postgres and Redis: the only SQL in the project, and the only commit (`storage.database.Database.unit_of_work`)."""
