"""The schedule: RedBeat with housekeeping and the dynamic schedules of Postgres."""
